#include "intake/drop_pickup.h"

#include <algorithm>
#include <array>
#include <utility>

#include "smtp/limits.h"

namespace waypost::intake {
namespace {

constexpr Duration look_every = std::chrono::seconds(1);
constexpr size_t names_at_once = 1000;
// Whoever leaves a message has it whole before it begins, so that it takes no longer than the disk.
constexpr std::chrono::hours begun_kept_for{24};
constexpr uint64_t octets_at_once = 256 * 1024;
// Names that could not be removed; there is something wrong long before.
constexpr size_t done_max = 100'000;
// How far the time of a name may be from ours: mail waits while no relay runs, and clocks differ.
constexpr Duration behind_max = std::chrono::hours(24);
constexpr Duration ahead_max = std::chrono::minutes(1);

smtp::Reply refusal(const std::string& why) {
  return smtp::reply(554, {5, 6, 0}, "The dropped message: " + why);
}

}  // namespace

DropPickup::DropPickup(Services services, std::string folder)
    : services_(std::move(services)), folder_(std::move(folder)), timer_(services_.loop.timers()) {}

Result<void> DropPickup::prepare(const std::string& group,
                                 std::function<bool(const MessageId&)> is_stored) {
  is_stored_ = std::move(is_stored);
  TRY_VOID(folder_.prepare(group));
  Result<void> swept = folder_.sweep_begun(services_.loop.wall_now() - begun_kept_for);
  if (!swept) services_.trouble("the drop folder: " + swept.error().describe());
  TRY(std::vector<std::string> names, folder_.names(SIZE_MAX));
  for (const std::string& name : names) {
    Result<MessageId> id = MessageId::parse(name);
    if (id && is_stored_(*id)) TRY_VOID(folder_.remove(name));
  }
  return {};
}

void DropPickup::start() { tasks_.start(look()); }

io::Task<void> DropPickup::stop() {
  stopping_ = true;
  timer_.cancel();
  co_await tasks_.join();
}

template <class T>
io::Task<Result<T>> DropPickup::on_worker(std::function<Result<T>()> work) {
  co_return co_await io::run_on<Result<T>>(services_.worker, services_.loop, std::move(work));
}

io::Task<void> DropPickup::look() {
  using Names = std::vector<std::string>;
  if (!services_.intake.refuse_now()) {
    // Those that stay would otherwise hide all others.
    const size_t most = names_at_once + done_.size();
    std::function<Result<Names>()> list = [this, most] { return folder_.names(most); };
    Result<Names> names = co_await on_worker<Names>(std::move(list));
    if (!names && !std::exchange(unreadable_, true))
      services_.trouble("the drop folder cannot be read: " + names.error().describe());
    for (const std::string& name : names ? *names : Names()) {
      if (stopping_ || services_.intake.refuse_now()) break;
      if (!done_.contains(name)) co_await take(name);
    }
  }
  if (!stopping_) timer_.start(services_.loop.now() + look_every, [this] { tasks_.start(look()); });
}

io::Task<void> DropPickup::take(std::string name) {
  Result<MessageId> id = MessageId::parse(name);
  std::string why = "its name is no message id";
  End end = End::refused;
  // Whoever leaves a file chooses its name: it must not take the place of another message.
  const bool is_own_name = id && id->text() == name;
  if (is_own_name && is_stored_(*id))
    why = "a message of that id waits already";
  else if (is_own_name)
    end = co_await take_in(name, id_for(*id), why);
  if (end == End::later && !std::exchange(told_later_, true))
    services_.trouble("a dropped message waits, " + name + ": " + why);
  if (end == End::taken) told_later_ = false;
  if (end != End::refused) co_return;
  std::function<Result<void>()> set_aside = [this, &name] { return folder_.set_aside(name); };
  Result<void> aside = co_await on_worker<void>(std::move(set_aside));
  if (!aside && done_.size() < done_max) done_.insert(name);
  services_.trouble("a dropped message was refused, " + name + ": " + why +
                    (aside ? "; it lies in refused/ of the drop folder"
                           : "; it stays: " + aside.error().describe()));
}

MessageId DropPickup::id_for(MessageId named) const {
  const WallTime now = services_.loop.wall_now();
  const WallTime at = named.accepted_at();
  if (at + behind_max >= now && at <= now + ahead_max) return named;
  std::array<uint8_t, 10> random{};
  services_.loop.rng().fill(random);
  return MessageId::make(now, random);
}

io::Task<DropPickup::End> DropPickup::take_in(std::string& name, MessageId id, std::string& why) {
  using File = std::unique_ptr<io::FoundFile>;
  std::function<Result<File>()> open = [this, &name] { return folder_.open(name); };
  Result<File> file = co_await on_worker<File>(std::move(open));
  if (!file) {
    why = file.error().describe();
    const ErrorCode code = file.error().code();
    // A link, a pipe, a file that we may not read: it stays like that. All else may pass.
    const bool for_good = code == ErrorCode::invalid_input || code == ErrorCode::permission_denied;
    if (!for_good) co_return End::later;
    report_refused(id, {}, why);
    co_return End::refused;
  }
  io::FoundFile& found = **file;
  Submitter submitter;
  submitter.login = "uid:" + std::to_string(found.owner());
  submitter.local_user = found.owner();
  std::function<Result<std::string>()> read = [&found] {
    return found.read(0, std::min<uint64_t>(found.octets(), drop_commands_octets_max));
  };
  Result<std::string> start = co_await on_worker<std::string>(std::move(read));
  if (!start) {
    why = start.error().describe();
    co_return End::later;
  }
  auto commands = parse_drop_commands(*start, services_.intake.limits().recipients_max);
  if (!commands) {
    why = commands.error().text();
    report_refused(id, submitter, why);
    co_return End::refused;
  }
  auto arrival = services_.intake.start(std::move(submitter), std::move(commands->mail));
  // By the id it is accepted under, which finish() renames the file to.
  arrival->adopt(id, [this, id] { return forget(id.text()); });
  for (smtp::RcptArguments& rcpt : commands->recipients) {
    auto refused = arrival->add_recipient(std::move(rcpt.recipient), std::move(rcpt.dsn));
    if (!refused) continue;
    why = refused->text();
    arrival->reject(*refused);
    co_return End::refused;
  }
  End end = co_await feed(*arrival, found, commands->octets, why);
  if (end == End::taken) end = co_await finish(*arrival, name, id, why);
  co_return end;
}

// Reads all of it; `taken` when it is whole. The same reader as for a client, so that nothing comes
// in here that could not come in there.
io::Task<DropPickup::End> DropPickup::feed(Arrival& arrival, io::FoundFile& file, uint64_t offset,
                                           std::string& why) {
  smtp::DataReader reader;
  while (!reader.ended() && !reader.fault()) {
    std::function<Result<std::string>()> read = [&file, offset] {
      return file.read(offset, octets_at_once);
    };
    Result<std::string> octets = co_await on_worker<std::string>(std::move(read));
    if (!octets) {
      why = octets.error().describe();
      co_return End::later;  // the arrival is dropped, and its chunks with it
    }
    if (octets->empty()) break;
    std::string content;
    offset += reader.feed(*octets, content);
    co_await arrival.add(std::move(content));
  }
  if (!reader.ended() || reader.fault() || offset != file.octets()) {
    why = "its content is not whole, or has a bare CR, a bare LF, a NUL or too long a line";
    arrival.reject(refusal(why));
    co_return End::refused;
  }
  co_return End::taken;
}

// From the rename on the file is named by the id, as whoever starts after a crash expects it.
io::Task<DropPickup::End> DropPickup::finish(Arrival& arrival, std::string& name, MessageId id,
                                             std::string& why) {
  if (name != id.text()) {
    const std::string fresh = id.text();
    std::function<Result<void>()> rename = [this, &name, &fresh] {
      return folder_.rename(name, fresh);
    };
    Result<void> renamed = co_await on_worker<void>(std::move(rename));
    if (!renamed) {
      why = renamed.error().describe();
      co_return End::later;
    }
    services_.trouble("a dropped message, " + name + ", is taken as " + fresh +
                      ": its name tells of another time");
    name = fresh;
  }
  auto taken = co_await arrival.finish();
  if (taken) co_return End::taken;
  why = taken.error().text();
  co_return taken.error().permanent() ? End::refused : End::later;
}

// Of a file that holds no transaction there is no arrival to tell of it.
void DropPickup::report_refused(MessageId id, const Submitter& submitter, const std::string& why) {
  services_.intake.report_rejected(submitter, std::nullopt, {}, refusal(why), id);
}

// Before the queue has the message: a file that outlived its delivery would be sent again.
io::Task<void> DropPickup::forget(std::string name) {
  std::function<Result<void>()> remove = [this, &name] { return folder_.remove(name); };
  Result<void> removed = co_await on_worker<void>(std::move(remove));
  if (removed) co_return;
  if (done_.size() < done_max) done_.insert(name);
  services_.trouble(
      "a dropped message was taken, and its file could not be removed, so that the "
      "next start may send it again: " +
      removed.error().describe());
}

}  // namespace waypost::intake
