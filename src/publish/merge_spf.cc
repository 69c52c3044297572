#include "publish/merge_spf.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/spf_analysis.h"
#include "mailauth/spf_check.h"
#include "mailauth/spf_outcomes.h"

namespace waypost::publish {
namespace {

using mailauth::SurveyedRecord;
using mailauth::SurveyedTerm;

constexpr std::string_view version = "v=spf1";

// The terms behind "v=spf1", as they stand there.
std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> terms;
  text.remove_prefix(std::min(version.size(), text.size()));
  while (true) {
    const size_t begin = text.find_first_not_of(' ');
    if (begin == text.npos) return terms;
    text.remove_prefix(begin);
    terms.emplace_back(text.substr(0, text.find(' ')));
    text.remove_prefix(terms.back().size());
  }
}

// What stands behind it is never reached (RFC 7208 §5.1), or is where it ends.
bool ends_a_record(std::string_view term) {
  if (base::starts_with_ignoring_case(term, "redirect=")) return true;
  if (!term.empty() && std::string_view("+-~?").find(term.front()) != std::string_view::npos)
    term.remove_prefix(1);
  return base::equals_ignoring_case(term, "all");
}

bool names_networks(std::string_view term) {
  return term.starts_with("ip4:") || term.starts_with("ip6:");
}

bool passes(const mailauth::AddressSet& pass, std::string_view term) {
  if (!names_networks(term)) return false;
  auto address = IpAddress::parse(term.substr(4));
  return address && pass.contains(*address);
}

bool stands_in(const std::vector<std::string>& terms, std::string_view wanted) {
  return std::any_of(terms.begin(), terms.end(), [&](std::string_view term) {
    if (term.starts_with('+')) term.remove_prefix(1);
    return base::equals_ignoring_case(term, wanted);
  });
}

Result<void> check_readable(const std::vector<SurveyedRecord>& records) {
  for (const SurveyedRecord& record : records) {
    std::string problem = record.problem;
    for (const SurveyedTerm& term : record.terms)
      if (problem.empty() && !term.problem.empty())
        problem = fmt::format("\"{}\": {}", term.text, term.problem);
    if (!problem.empty())
      return failure(ErrorCode::invalid_input,
                     fmt::format("The SPF record of {} is broken ({}). Mend that first: receivers "
                                 "read none of it.",
                                 record.domain, problem));
  }
  return {};
}

// What the published records come to in one: its terms, its lookups, and who passes by them.
struct Base {
  std::vector<std::string> terms;
  unsigned lookups = 0;
  mailauth::AddressSet pass;
};

Result<Base> base_of(const std::vector<SurveyedRecord>& records, MergedSpf& merged) {
  Base base;
  for (const SurveyedRecord& record : records)
    base.pass.add(mailauth::outcomes_of(record.terms).pass);
  if (records.empty()) {
    base.terms = {"~all"};
    return base;
  }
  if (records.size() == 1) {
    base.terms = terms_of(records.front().text);
    base.lookups = records.front().lookups();
    return base;
  }
  auto united = mailauth::unite_spf(records);
  if (!united || !united->checked) {
    std::string texts;
    for (const SurveyedRecord& record : records) texts += fmt::format(" \"{}\"", record.text);
    return failure(ErrorCode::invalid_input,
                   fmt::format("{} has {} SPF records, and one that lets the same senders pass "
                               "cannot be made of them:{}. Take all but one out of DNS.",
                               records.front().domain, records.size(), texts));
  }
  base.terms = terms_of(united->record);
  base.lookups = united->lookups;
  merged.remarks.push_back(
      fmt::format("There are {} SPF records, which receivers take for an error: this one takes the "
                  "place of all.",
                  records.size()));
  return base;
}

}  // namespace

Result<MergedSpf> merge_spf(const std::vector<SurveyedRecord>& records,
                            const std::vector<std::string>& terms) {
  TRY_VOID(check_readable(records));
  MergedSpf merged;
  TRY(Base base, base_of(records, merged));
  auto end = std::find_if(base.terms.begin(), base.terms.end(), ends_a_record);
  std::vector<std::string> made(base.terms.begin(), end);
  bool added = false;
  for (const std::string& term : terms) {
    if (stands_in(made, term) || passes(base.pass, term)) continue;
    made.push_back(term);
    base.lookups += names_networks(term) ? 0 : 1;
    added = true;
  }
  made.insert(made.end(), end, base.terms.end());
  merged.unchanged = !added && records.size() == 1;
  merged.text = version;
  for (const std::string& term : made) merged.text += " " + term;
  if (merged.unchanged) merged.text = records.front().text;
  if (base.lookups > mailauth::spf_lookups_max)
    merged.problem = fmt::format(
        "The SPF record \"{}\" needs {} DNS lookups, {} are allowed, so that receivers take it for "
        "broken. \"waypost spf check\" shows what they are, and proposes less.",
        merged.text, base.lookups, mailauth::spf_lookups_max);
  return merged;
}

}  // namespace waypost::publish
