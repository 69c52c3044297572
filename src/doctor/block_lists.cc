#include "doctor/block_lists.h"

#include <algorithm>

#include <fmt/format.h>

#include "dns/rdata.h"
#include "io/task_group.h"

namespace waypost::doctor {
namespace {

using Kind = ListVerdict::Kind;
using Addresses = Result<dns::AddressAnswer>;

constexpr std::chrono::seconds patience{5};
constexpr size_t answers_shown_max = 4;
constexpr size_t words_octets_max = 300;

// Where a list has 127.0.0.`last`, or ::FFFF:7F00:`last`, which as a value would be the same
// address.
std::string test_name(const BlockList& list, bool is_v4, unsigned last) {
  if (is_v4) return fmt::format("{}.0.0.127.{}", last, list.zone);
  std::string name = fmt::format("{}.0.0.0.0.0.f.7.f.f.f.f.", last);
  for (int i = 0; i < 20; ++i) name += "0.";
  return name + list.zone;
}

bool is_list_answer(const IpAddress& address) { return address.is_v4() && address.is_loopback(); }

// What all lists use for errors (127.255.255.0/24), and 127.0.0.1, which RFC 5782 §2.1 rules out.
bool is_error_code(const IpAddress& address) {
  return address.octets().starts_with("\x7f\xff\xff") || address == IpAddress::v4({127, 0, 0, 1});
}

std::string joined(const std::vector<IpAddress>& addresses) {
  std::string text;
  for (size_t i = 0; i < addresses.size() && i < answers_shown_max; ++i)
    text += (i == 0 ? "" : ", ") + addresses[i].text();
  return text;
}

struct Answers {
  std::optional<Addresses> asked;
  std::optional<Addresses> must_be;
  std::optional<Addresses> must_not_be;
};

std::string describe(const Addresses& answer) {
  if (!answer) return answer.error().message();
  return answer->addresses.empty() ? "not listed" : joined(answer->addresses);
}

io::Task<void> ask(Lookups lookups, std::string name, std::optional<Addresses>& answer) {
  answer = co_await lookups.resolver.addresses(name, dns::AddressFamily::v4,
                                               lookups.loop.now() + patience);
  lookups.evidence.add(Evidence::Kind::dns, {}, fmt::format("{} A: {}", name, describe(*answer)));
}

bool has_list_answer(const Addresses& answer) {
  return answer && std::any_of(answer->addresses.begin(), answer->addresses.end(), is_list_answer);
}

// What an answer that does not count says of the list; empty when the list works.
std::string why_nothing_is_known(const BlockList& list, const Answers& answers) {
  for (const auto* answer : {&answers.asked, &answers.must_be, &answers.must_not_be}) {
    if (!**answer) continue;
    for (const IpAddress& address : (**answer)->addresses) {
      const ListAnswer* known = list.answer_of(address);
      if (known && known->says == ListWord::refused)
        return fmt::format("it does not answer us ({}): {}", address.text(), known->means);
      if (is_list_answer(address) && is_error_code(address) && answer != &answers.must_not_be)
        return fmt::format("it does not answer us ({})", address.text());
    }
  }
  return {};
}

// What shows that the list does not work, or somebody else answers in its place.
std::string what_is_broken(const Answers& answers) {
  for (const auto* answer : {&answers.asked, &answers.must_be, &answers.must_not_be}) {
    if (!**answer) continue;
    for (const IpAddress& address : (**answer)->addresses)
      if (!is_list_answer(address))
        return fmt::format(
            "{} answers in its place: the list is gone, or your resolver rewrites answers",
            address.text());
  }
  if (has_list_answer(*answers.must_not_be)) return "it lists every address: it is given up";
  if (!has_list_answer(*answers.must_be))
    return "it lists nothing: it is given up, or out of order";
  return {};
}

void judge_listing(const BlockList& list, const std::vector<IpAddress>& answers,
                   ListVerdict& verdict) {
  verdict.kind = Kind::policy;
  for (const IpAddress& address : answers) {
    const ListAnswer* known = list.answer_of(address);
    if (!known || known->says == ListWord::listed) verdict.kind = Kind::listed;
    if (!verdict.means.empty()) verdict.means += "; ";
    verdict.means += known ? known->means : "for a reason that its pages do not name";
  }
}

ListVerdict judge(const BlockList& list, const Answers& answers) {
  ListVerdict verdict;
  verdict.list = &list;
  if (*answers.asked) verdict.answer = joined((*answers.asked)->addresses);
  if (verdict.means = why_nothing_is_known(list, answers); !verdict.means.empty()) {
    verdict.kind = Kind::refused;
  } else if (!*answers.asked || !*answers.must_be || !*answers.must_not_be) {
    verdict.means = "it gave no answer in time, or your resolver could not reach it";
  } else if (verdict.means = what_is_broken(answers); !verdict.means.empty()) {
    verdict.kind = Kind::broken;
  } else if ((*answers.asked)->addresses.empty()) {
    verdict.kind = Kind::clear;
  } else {
    judge_listing(list, (*answers.asked)->addresses, verdict);
  }
  return verdict;
}

io::Task<void> ask_for_words(Lookups lookups, std::string name, std::string& words) {
  auto answer = co_await lookups.resolver.txt(name, lookups.loop.now() + patience);
  if (!answer || answer->records.empty()) co_return;
  words = answer->records.front().joined().substr(0, words_octets_max);
  lookups.evidence.add(Evidence::Kind::dns, {}, fmt::format("{} TXT: {}", name, words));
}

io::Task<void> ask_list(Lookups lookups, const BlockList& list, IpAddress address,
                        ListVerdict& verdict) {
  Answers answers;
  const std::string name = listed_name(address, list.zone);
  io::TaskGroup group;
  group.start(ask(lookups, name, answers.asked));
  // RFC 5782 §5.
  group.start(ask(lookups, test_name(list, address.is_v4(), 2), answers.must_be));
  group.start(ask(lookups, test_name(list, address.is_v4(), 1), answers.must_not_be));
  co_await group.join();
  verdict = judge(list, answers);
  if (verdict.is_on_it()) co_await ask_for_words(lookups, name, verdict.words);
}

}  // namespace

std::string listed_name(const IpAddress& address, std::string_view zone) {
  std::string name = dns::reverse_name(address);
  const std::string_view below = address.is_v4() ? "in-addr.arpa" : "ip6.arpa";
  name.resize(name.size() - below.size());
  return name.append(zone);
}

io::Task<std::vector<ListVerdict>> ask_lists(Lookups lookups, std::span<const BlockList> lists,
                                             IpAddress address) {
  std::vector<const BlockList*> asked;
  for (const BlockList& list : lists)
    if (address.is_v4() ? list.knows_v4 : list.knows_v6) asked.push_back(&list);
  std::vector<ListVerdict> verdicts(asked.size());
  io::TaskGroup group;
  for (size_t i = 0; i < asked.size(); ++i)
    group.start(ask_list(lookups, *asked[i], address, verdicts[i]));
  co_await group.join();
  co_return verdicts;
}

}  // namespace waypost::doctor
