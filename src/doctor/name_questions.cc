#include "doctor/name_questions.h"

#include <fmt/format.h>

#include "io/task_group.h"

namespace waypost::doctor {
namespace {

constexpr std::chrono::seconds dns_patience{6};
constexpr size_t mail_hosts_shown_max = 10;

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
                              std::optional<Addresses>& answer) {
  answer = co_await context.resolver.addresses(name, family, context.loop.now() + dns_patience);
  context.evidence.add(Evidence::Kind::dns, {}, describe(name, family, *answer));
}

}  // namespace

io::Task<Both> look_up(Context& context, std::string name, Family family) {
  Both both;
  io::TaskGroup group;
  if (family != Family::v6_only)
    group.start(look_up_family(context, name, dns::AddressFamily::v4, both.v4));
  if (family != Family::v4_only)
    group.start(look_up_family(context, name, dns::AddressFamily::v6, both.v6));
  co_await group.join();
  co_return both;
}

io::Task<Result<dns::MxAnswer>> look_up_mx(Context& context, std::string name) {
  auto answer = co_await context.resolver.mx(name, context.loop.now() + dns_patience);
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

}  // namespace waypost::doctor
