#include "publish/dmarc_plan.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "mailauth/unread_record.h"
#include "publish/near_miss.h"

namespace waypost::publish {
namespace {

using mailauth::DmarcPolicy;
using mailauth::DmarcRecord;

// The first tag that states a policy which nobody can read, "sp=rejct"; "" when there is none.
std::string unreadable_policy(const DmarcRecord& record) {
  for (const auto& [tag, value] : record.tags)
    if ((tag == "p" || tag == "sp" || tag == "np") && !mailauth::parse_dmarc_policy(value))
      return fmt::format("{}={}", tag, value);
  return "";
}

// With `policy` for the domain, or what stands there where that is stricter.
std::string with_policy(const DmarcRecord& published, DmarcPolicy policy) {
  std::string text = "v=DMARC1";
  bool has_policy = false;
  for (const auto& [tag, value] : published.tags) {
    if (tag == "v") continue;
    if (tag == "p") {
      const auto there = mailauth::parse_dmarc_policy(value);
      text += fmt::format("; p={}", name(std::max(policy, there.value_or(policy))));
      has_policy = true;
    } else {
      text += fmt::format("; {}={}", tag, value);
    }
  }
  if (!has_policy)
    text.insert(std::string_view("v=DMARC1").size(), fmt::format("; p={}", name(policy)));
  return text;
}

void remark_on_stage(WantedRecord& record, DmarcPolicy policy) {
  if (policy == DmarcPolicy::none)
    record.remarks.push_back(
        "p=none only asks for reports. Read them for some weeks, then go on to --policy "
        "quarantine.");
  if (policy == DmarcPolicy::quarantine)
    record.remarks.push_back(
        "p=quarantine sends what fails to the spam folder. When the reports show none of your own "
        "mail failing, go on to --policy reject.");
}

// What is asked for, or what a domain above asks for where none of the domain's own holds.
DmarcPolicy policy_at_least(const Needs& needs, const Published& published) {
  const auto& above = published.inherited_dmarc;
  return above ? std::max(needs.policy, above->record.for_subdomain(true)) : needs.policy;
}

// A record where the domain has none. What a domain above asks for would hold no more beside it, so
// that it says the same.
void make_record(WantedRecord& record, const Needs& needs, const Published& published) {
  const DmarcPolicy policy = policy_at_least(needs, published);
  std::string tags;
  if (const auto& above = published.inherited_dmarc) {
    const DmarcPolicy inherited = above->record.for_subdomain(true);
    if (above->record.strict_dkim) tags += "; adkim=s";
    if (above->record.strict_spf) tags += "; aspf=s";
    if (above->record.testing && inherited == policy) tags += "; t=y";
    if (inherited != DmarcPolicy::none)
      record.remarks.push_back(fmt::format(
          "The record of {} asks for {} here, too ({}). One of its own takes the place of that for "
          "{}, so it asks for no less.",
          above->domain, name(inherited), above->record.subdomain_tag(true), needs.domain));
  }
  record.text = fmt::format("v=DMARC1; p={}{}", name(policy), tags);
  if (!needs.reports.empty()) record.text += "; rua=mailto:" + needs.reports;
  remark_on_stage(record, policy);
}

// A record in the place of `there`, which is published; false with a problem.
bool change_record(WantedRecord& record, Plan& plan, const Needs& needs, DmarcPolicy policy,
                   const std::string& there) {
  auto parsed = mailauth::parse_dmarc_record(there);
  if (!parsed) {
    plan.problems.push_back(
        fmt::format("The DMARC record of {}: {}", needs.domain, parsed.error().message()));
    return false;
  }
  if (const std::string wrong = unreadable_policy(*parsed); !wrong.empty()) {
    plan.problems.push_back(
        fmt::format("\"{}\" in the DMARC record of {} is no policy: receivers take the whole "
                    "record for p=none. Write none, quarantine or reject there first.",
                    wrong, needs.domain));
    return false;
  }
  const bool strict_enough = parsed->policy && *parsed->policy >= policy;
  record.text = strict_enough ? there : with_policy(*parsed, policy);
  record.published = strict_enough;
  if (parsed->aggregate_uris.empty())
    record.remarks.push_back(
        "It has no rua=, so that nobody reports which mail fails: add rua=mailto:ADDRESS.");
  remark_on_stage(record, strict_enough ? *parsed->policy : policy);
  return true;
}

void remark_on_reports(WantedRecord& record, const Needs& needs, const Published& published) {
  if (published.reports_question.empty() ||
      record.text.find("mailto:" + needs.reports) == std::string::npos)
    return;
  record.remarks.push_back(
      fmt::format("Receivers send no report to {} until a TXT record at {} says \"v=DMARC1\": "
                  "whoever runs that domain must publish it.",
                  needs.reports, published.reports_question));
}

// Of texts that are no DMARC record; false with a problem.
bool take_what_was_meant(std::vector<std::string>& there, Plan& plan, const std::string& name,
                         const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const std::string why = mailauth::why_no_dmarc_record(text);
    if (why.empty()) continue;
    if (std::string meant = meant_dmarc(text); !meant.empty()) {
      there.push_back(std::move(meant));
      continue;
    }
    plan.problems.push_back(
        fmt::format("What stands at {} is no DMARC record to receivers ({}), and what was meant "
                    "cannot be told: \"{}\". Write it anew as \"v=DMARC1; p=POLICY; "
                    "rua=mailto:ADDRESS\", or take it out of DNS.",
                    name, why, text));
    return false;
  }
  return true;
}

}  // namespace

void plan_dmarc(Plan& plan, const Needs& needs, const Published& published) {
  WantedRecord record;
  record.purpose = Purpose::dmarc;
  record.name = "_dmarc." + needs.domain;
  const auto& texts = published.texts_at(record.name);
  std::vector<std::string> there;
  std::copy_if(texts.begin(), texts.end(), std::back_inserter(there), mailauth::is_dmarc_record);
  const bool misread = there.empty() && !published.is_of_wildcard(record.name);
  if (misread && !take_what_was_meant(there, plan, record.name, texts)) return;
  if (there.size() > 1) {
    plan.problems.push_back(
        fmt::format("{} has {} DMARC records, so that receivers take none: \"{}\". Take all but "
                    "the right one out of DNS.",
                    record.name, there.size(), fmt::join(there, "\", \"")));
    return;
  }
  if (there.empty())
    make_record(record, needs, published);
  else if (!change_record(record, plan, needs, policy_at_least(needs, published), there.front()))
    return;
  record.published = record.published && !misread;
  record.sort_neighbours(texts, [&](const std::string& text) {
    return mailauth::is_dmarc_record(text) || (misread && !meant_dmarc(text).empty());
  });
  if (misread && !record.replaces.empty())
    record.remarks.push_back(fmt::format(
        "What stands there is no DMARC record to receivers: {}. This one takes its place.",
        mailauth::why_no_dmarc_record(record.replaces.front())));
  remark_on_reports(record, needs, published);
  plan.records.push_back(std::move(record));
}

}  // namespace waypost::publish
