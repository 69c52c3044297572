#include "doctor/name_questions.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/task_group.h"

namespace waypost::doctor {
namespace {

constexpr size_t mail_hosts_shown_max = 10;
constexpr size_t services_max = 4;

struct Offer {
  dns::SrvRecord record;
  Encryption encryption;
};

io::Task<void> look_up_offers(Context& context, std::string name, Encryption encryption,
                              std::vector<Offer>& offers) {
  auto answer = co_await context.resolver.srv(name, context.loop.now() + dns_patience);
  std::string told;
  if (!answer) told = answer.error().message();
  if (answer && answer->records.empty()) told = "no such record";
  for (size_t i = 0; answer && i < answer->records.size() && i < services_max; ++i) {
    const dns::SrvRecord& record = answer->records[i];
    told += fmt::format("{}{} {} {} {}", i == 0 ? "" : ", ", record.priority, record.weight,
                        record.port, record.host.empty() ? "." : record.host);
    // "." says that there is no such service (RFC 2782).
    if (!record.host.empty() && record.port != 0) offers.push_back({record, encryption});
  }
  context.evidence.add(Evidence::Kind::dns, {}, fmt::format("{} SRV: {}", name, told));
}

std::string describe(const std::string& name, dns::AddressFamily family, const Addresses& answer) {
  std::string question =
      fmt::format("{} {}: ", name, family == dns::AddressFamily::v4 ? "A" : "AAAA");
  if (!answer) return question + answer.error().message();
  if (answer->status == dns::AnswerStatus::no_such_name) return question + "NXDOMAIN";
  if (answer->addresses.empty()) return question + "no such record";
  std::string list;
  for (const IpAddress& address : answer->addresses)
    list += (list.empty() ? "" : ", ") + address.text();
  return question + list;
}

io::Task<void> look_up_family(Context& context, std::string name, dns::AddressFamily family,
                              Duration patience, std::optional<Addresses>& answer) {
  answer = co_await context.resolver.addresses(name, family, context.loop.now() + patience);
  context.evidence.add(Evidence::Kind::dns, {}, describe(name, family, *answer));
}

}  // namespace

io::Task<Both> look_up(Context& context, std::string name, Family family, Duration patience) {
  Both both;
  io::TaskGroup group;
  if (family != Family::v6_only)
    group.start(look_up_family(context, name, dns::AddressFamily::v4, patience, both.v4));
  if (family != Family::v4_only)
    group.start(look_up_family(context, name, dns::AddressFamily::v6, patience, both.v6));
  co_await group.join();
  co_return both;
}

io::Task<Result<dns::MxAnswer>> look_up_mx(Context& context, std::string name, Duration patience) {
  auto answer = co_await context.resolver.mx(name, context.loop.now() + patience);
  std::string told;
  if (!answer)
    told = answer.error().message();
  else if (answer->records.empty())
    told = answer->status == dns::AnswerStatus::no_such_name ? "NXDOMAIN" : "no such record";
  for (size_t i = 0; answer && i < answer->records.size() && i < mail_hosts_shown_max; ++i)
    told += fmt::format("{}{} {}", i == 0 ? "" : ", ", answer->records[i].preference,
                        answer->records[i].host.empty() ? "." : answer->records[i].host);
  context.evidence.add(Evidence::Kind::dns, {}, fmt::format("{} MX: {}", name, told));
  co_return answer;
}

io::Task<std::vector<Service>> look_up_services(Context& context, std::string domain) {
  std::vector<Service> services;
  std::vector<Offer> offers, others;
  io::TaskGroup group;
  group.start(look_up_offers(context, "_submissions._tcp." + domain, Encryption::implicit, offers));
  group.start(look_up_offers(context, "_submission._tcp." + domain, Encryption::starttls, others));
  co_await group.join();
  offers.insert(offers.end(), others.begin(), others.end());
  std::stable_sort(offers.begin(), offers.end(), [](const Offer& one, const Offer& other) {
    if (one.record.priority != other.record.priority)
      return one.record.priority < other.record.priority;
    return one.record.weight > other.record.weight;
  });
  for (size_t i = 0; i < offers.size() && i < services_max; ++i)
    services.push_back({offers[i].record.host, offers[i].record.port, offers[i].encryption});
  co_return services;
}

}  // namespace waypost::doctor
