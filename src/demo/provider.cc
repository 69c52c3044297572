#include "demo/provider.h"

#include <fmt/format.h>

#include "demo/magic.h"
#include "demo/visit.h"
#include "io/digest.h"
#include "message/header_block.h"

namespace waypost::demo {
namespace {

// It would not be of the demo's own mail.
constexpr size_t remembered_max = 100'000;

std::string domain_of(const std::string& address) {
  return address.substr(std::min(address.find('@') + 1, address.size()));
}

std::string local_part_of(const std::string& address) {
  return address.substr(0, address.rfind('@'));
}

}  // namespace

Provider::Provider(Surroundings surroundings, const Persona& persona)
    : around_(std::move(surroundings)), persona_(persona) {}

Provider::~Provider() = default;

void Provider::start(std::unique_ptr<io::Listener> listener) {
  listener_ = std::move(listener);
  tasks_.start(accept());
}

io::Task<void> Provider::accept() {
  while (true) {
    auto stream = co_await listener_->accept();
    if (!stream) co_return;
    tasks_.start(serve(*std::move(stream)));
  }
}

io::Task<void> Provider::serve(std::unique_ptr<io::Stream> stream) {
  io::Stream* raw = stream.get();
  open_.insert(raw);
  Visit visit(around_.loop, *this, around_.certificate.get(), std::move(stream));
  // However the visitor leaves, a pretend provider has nothing to tidy up.
  Result<void> ended = co_await visit.run();
  static_cast<void>(ended);
  open_.erase(raw);
}

io::Task<void> Provider::stop() {
  if (listener_) listener_->close();
  for (io::Stream* stream : open_) stream->close();
  co_await tasks_.join();
}

// ---- what it says

std::optional<smtp::Reply> Provider::refuse_connection(const std::string& ip) const {
  if (persona_.connections_max == 0 || open_.size() <= persona_.connections_max) return {};
  const Habit* habit = persona_.habit(Trigger::too_many_connections);
  return habit ? std::optional(reply_of(*habit, {{}, {}, ip})) : std::nullopt;
}

std::optional<smtp::Reply> Provider::refuse_mail(bool secured, const std::string& ip) {
  const Occasion occasion{{}, {}, ip};
  const Habit* clear = persona_.habit(Trigger::in_the_clear);
  if (clear && !secured) return reply_of(*clear, occasion);
  if (persona_.messages_per_second_max == 0) return {};
  const Instant now = around_.loop.now();
  if (now - second_began_ >= std::chrono::seconds(1)) {
    second_began_ = now;
    messages_this_second_ = 0;
  }
  if (++messages_this_second_ <= persona_.messages_per_second_max) return {};
  const Habit* habit = persona_.habit(Trigger::too_fast);
  return habit ? std::optional(reply_of(*habit, occasion)) : std::nullopt;
}

Provider::RecipientAnswer Provider::answer_recipient(const smtp::Mailbox& recipient) {
  const std::string address = recipient.text();
  const std::string& mailbox = recipient.local_part;
  const Occasion occasion{address, {}, {}};
  const auto says = [&](Trigger trigger) -> RecipientAnswer {
    const Habit* habit = persona_.habit(trigger);
    return {habit ? std::optional(reply_of(*habit, occasion)) : std::nullopt};
  };
  if (auto magic = magic_of(mailbox)) {
    if (magic->kind == Magic::Kind::is_silent) return {{}, true};
    if (magic->kind == Magic::Kind::says) return {magic->reply};
    if (deferred_.size() < remembered_max && ++deferred_[address] <= magic->times)
      return {magic->reply};
    return {};
  }
  if (mailbox.starts_with("nobody") && persona_.habit(Trigger::no_such_mailbox))
    return says(Trigger::no_such_mailbox);
  if (mailbox.starts_with("full") && is_first(Trigger::mailbox_full, address))
    return says(Trigger::mailbox_full);
  if (persona_.greylisted_for == Duration::zero() || first_seen_.size() >= remembered_max)
    return {};
  auto [seen, is_new] = first_seen_.try_emplace(address, around_.loop.now());
  if (around_.loop.now() - seen->second < persona_.greylisted_for)
    return says(Trigger::seen_for_the_first_time);
  return {};
}

smtp::Reply Provider::judge(const Content& content) {
  if (auto refusal = refuse_content(content)) return *std::move(refusal);
  for (const std::string& recipient : content.recipients) look_after(content, recipient);
  if (persona_.into_spam) taken_into_spam_ += static_cast<unsigned>(content.recipients.size());
  return smtp::reply(250, {2, 0, 0},
                     fmt::format("OK {:x} pretend", draw("taken", content.recipients.front())));
}

std::optional<smtp::Reply> Provider::refuse_content(const Content& content) {
  const std::string& first = content.recipients.front();
  const message::HeaderBlock header = message::scan_header_block(content.header);
  const message::HeaderField* from = header.find("From");
  std::string author = from ? message::unfold(from->value) : std::string();
  author.erase(author.find_last_not_of("> ") + 1);
  author = domain_of(author);
  const Occasion occasion{first, author, content.ip};
  const Habit* habit = persona_.habit(Trigger::nobody_signed);
  // Whether it is good is not looked at: the demo's relay signs, or it does not.
  if (habit && !header.find("DKIM-Signature")) return reply_of(*habit, occasion);
  habit = persona_.habit(Trigger::busy);
  if (habit && happens("busy", first, persona_.busy_share) && is_first(Trigger::busy, first))
    return reply_of(*habit, occasion);
  return {};
}

void Provider::look_after(const Content& content, const std::string& recipient) {
  static constexpr Habit unknown{Trigger::found_out_later, "550 5.1.1 <{to}>: User unknown",
                                 "recipient-unknown"};
  // Nobody is told of what came back.
  if (content.reverse_path.empty() || !around_.send_back) return;
  const auto magic = magic_of(local_part_of(recipient));
  const auto is_asked_for = [&](Magic::Kind kind) { return magic && magic->kind == kind; };
  ComeBack back{ComeBack::Kind::bounce, &persona_,      recipient,
                content.reverse_path,   content.header, {}};
  if (is_asked_for(Magic::Kind::bounces_later) ||
      happens("bounces", recipient, persona_.bounced_later_share)) {
    const Habit* habit = persona_.habit(Trigger::found_out_later);
    back.reply = reply_of(habit ? *habit : unknown, {recipient, {}, content.ip});
    around_.send_back(std::move(back));
  } else if (is_asked_for(Magic::Kind::complains) ||
             happens("complains", recipient, persona_.complaint_share)) {
    back.kind = ComeBack::Kind::complaint;
    around_.send_back(std::move(back));
  }
}

// ---- chance and memory

bool Provider::is_first(Trigger trigger, const std::string& recipient) {
  return put_off_.size() < remembered_max && put_off_.emplace(trigger, recipient).second;
}

bool Provider::happens(std::string_view what, const std::string& recipient, double share) const {
  constexpr uint64_t parts = 1'000'000;
  const uint64_t drawn = draw(what, recipient) % parts;
  return static_cast<double>(drawn) < share * static_cast<double>(parts);
}

uint64_t Provider::draw(std::string_view what, const std::string& recipient) const {
  const auto digest = io::sha256(fmt::format("{}/{}/{}", around_.seed, what, recipient));
  uint64_t drawn = 0;
  for (size_t i = 0; i < sizeof drawn; ++i) drawn = drawn << 8 | digest[i];
  return drawn;
}

}  // namespace waypost::demo
