#include "daemon/returns_courier.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/ascii.h"

namespace waypost::daemon {
namespace {

constexpr unsigned owner_only = 0600;
// What strangers bring may have the Message-ID of ours: it is passed over.
constexpr size_t namesakes_max = 100;

Result<Secret> load_key(const std::string& file, io::Disk& disk, io::Rng& rng) {
  if (!disk.exists(file)) {
    std::array<uint8_t, returns::ReturnAddresses::key_octets> random{};
    rng.fill(random);
    std::string made(random.begin(), random.end());
    TRY_VOID(disk.write_file(file, made, owner_only));
    return Secret::take(made);
  }
  TRY(std::string octets, disk.read_private_file(file, 2 * returns::ReturnAddresses::key_octets));
  if (octets.size() != returns::ReturnAddresses::key_octets)
    return failure(ErrorCode::corrupt,
                   file +
                       " is not the key of return paths, 32 octets: put back the one of a "
                       "backup, or remove it to have a new one; what comes back to addresses of "
                       "the old one is then refused");
  return Secret::take(octets);
}

bool is_ours(const events::Event& event) {
  return event.kind == events::EventKind::accepted && event.message && !event.sender.empty() &&
         !event.inbound;
}

// Whose server took it, and sent no bounce since.
std::vector<returns::Taken> taken_of(const std::vector<events::Event>& events) {
  std::vector<returns::Taken> taken;
  for (const events::Event& event : events)
    for (const std::string& recipient : event.recipients) {
      if (event.kind == events::EventKind::delivered)
        taken.push_back({recipient, event.site, event.at});
      if (event.kind == events::EventKind::late_bounced)
        std::erase_if(taken,
                      [&](const returns::Taken& each) { return each.recipient == recipient; });
    }
  return taken;
}

// Messages that we sent, oldest first. One text that a program sends to many, each by itself, has
// one Message-ID.
struct Namesakes {
  std::vector<returns::SentMessage> sent;
  bool has_more = false;

  std::optional<returns::SentMessage> newest() {
    if (sent.empty()) return std::nullopt;
    return std::move(sent.back());
  }
  void keep_those_to(const std::string& address) {
    const auto went_elsewhere = [&](const returns::SentMessage& message) {
      return std::none_of(
          message.recipients.begin(), message.recipients.end(),
          [&](const std::string& each) { return base::equals_ignoring_case(each, address); });
    };
    sent.erase(std::remove_if(sent.begin(), sent.end(), went_elsewhere), sent.end());
  }
};

Result<Namesakes> find_ours(io::Disk& disk, const records::RecordPlaces& places,
                            const records::Search& search) {
  TRY(records::Found found, records::search(disk, places, search));
  Namesakes ours;
  ours.has_more = found.has_more;
  for (records::FoundMessage& message : found.messages) {
    std::vector<returns::Taken> taken = taken_of(message.events);
    for (events::Event& event : message.events)
      if (is_ours(event))
        ours.sent.push_back({*event.message, std::move(event.sender), std::move(event.tenant),
                             std::move(event.stream), std::move(event.recipients),
                             std::exchange(taken, {})});
  }
  if (ours.sent.empty() && !found.problems.empty())
    return failure(ErrorCode::unavailable, found.problems.front());
  return ours;
}

}  // namespace

Result<std::shared_ptr<const returns::ReturnPaths>> load_return_paths(const config::Config& config,
                                                                      const std::string& key_file,
                                                                      io::Disk& disk,
                                                                      io::Rng& rng) {
  std::shared_ptr<const returns::ReturnPaths> loaded;
  if (config.return_paths.empty()) return loaded;
  TRY(Secret key, load_key(key_file, disk, rng));
  std::vector<returns::ReturnPath> paths;
  for (const config::ReturnPathRule& rule : config.return_paths) {
    TRY(smtp::Mailbox people, smtp::parse_mailbox(rule.forward_to));
    paths.push_back({rule.domain, rule.sender_domains, rule.complaints, rule.unsubscribe,
                     std::move(people), rule.reports, rule.unsubscribe_streams});
  }
  loaded = std::make_shared<const returns::ReturnPaths>(std::move(paths), std::move(key));
  return loaded;
}

Result<std::optional<returns::SentMessage>> find_sent(io::Disk& disk,
                                                      const records::RecordPlaces& places,
                                                      const returns::Reader::Wanted& wanted) {
  records::Search search;
  if (const auto* id = std::get_if<MessageId>(&wanted)) {
    search.message = *id;
    search.messages_max = 1;
    TRY(Namesakes found, find_ours(disk, places, search));
    return found.newest();
  }
  const auto& named = std::get<returns::Reader::Named>(wanted);
  search.message_id = named.message_id;
  search.since = named.since;
  search.messages_max = namesakes_max;
  if (!named.address.empty()) {
    search.address = named.address;
    TRY(Namesakes to_address, find_ours(disk, places, search));
    to_address.keep_those_to(named.address);
    if (!to_address.sent.empty()) return to_address.newest();
    search.address.clear();
  }
  TRY(Namesakes all, find_ours(disk, places, search));
  if (all.sent.size() > 1 || all.has_more) return std::optional<returns::SentMessage>();
  return all.newest();
}

ReportKeeper keep_reports_in(std::string path, Duration keep) {
  auto store = std::make_shared<std::unique_ptr<records::DmarcStore>>();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(keep);
  return [=](const message::ReceivedDmarc& report, WallTime now) -> Result<records::DmarcKeeping> {
    if (!*store) {
      TRY(*store, records::DmarcStore::open(path, seconds));
    }
    return std::visit([&](const auto& one) { return (*store)->keep(one, now); }, report);
  };
}

std::optional<shaping::MailHost> ReturnsCourier::known_mail_host(const std::string& domain) {
  if (!paths_.owns(domain)) return others_.known_mail_host(domain);
  return shaping::MailHost{std::string(site_name), {}};
}

io::Task<tl::expected<shaping::MailHost, events::Outcome>> ReturnsCourier::find_mail_host(
    std::string domain) {
  if (paths_.owns(domain)) co_return shaping::MailHost{std::string(site_name), {}};
  co_return co_await others_.find_mail_host(std::move(domain));
}

bool ReturnsCourier::go_together(const std::string& one, const std::string& other) const {
  if (paths_.owns(one) || paths_.owns(other)) return one == other;
  return others_.go_together(one, other);
}

io::Task<void> ReturnsCourier::attempt(queue::Assignment assignment) {
  if (!paths_.owns(assignment.domain)) {
    co_await others_.attempt(std::move(assignment));
    co_return;
  }
  std::vector<events::Outcome> outcomes;
  for (uint32_t recipient : assignment.recipients) {
    events::Outcome outcome = co_await reader_.read(assignment.envelope, recipient);
    outcomes.push_back(std::move(outcome));
  }
  co_await assignment.settle(std::move(outcomes));
}

}  // namespace waypost::daemon
