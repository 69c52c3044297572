#include "publish/plan.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"
#include "dns/message.h"
#include "mailauth/dkim_record.h"
#include "mailauth/txt_strings.h"
#include "publish/merge_spf.h"
#include "publish/same_key.h"

namespace waypost::publish {
namespace {

constexpr uint16_t mx_preference = 10;

const std::vector<std::string>& texts_at(const Published& published, const std::string& name) {
  static const std::vector<std::string> none;
  const auto found = published.txt.find(name);
  return found == published.txt.end() ? none : found->second;
}

WantedRecord txt_record(Purpose purpose, std::string name) {
  WantedRecord record;
  record.purpose = purpose;
  record.name = std::move(name);
  return record;
}

// The published texts that are of the kind of this record, and the others.
template <class IsKin>
void sort_neighbours(WantedRecord& record, const std::vector<std::string>& texts, IsKin is_kin) {
  for (const std::string& text : texts) {
    if (text == record.text && std::count(texts.begin(), texts.end(), text) == 1) continue;
    (is_kin(text) ? record.replaces : record.beside).push_back(text);
  }
}

void plan_spf(Plan& plan, Purpose purpose, const std::string& name,
              const std::vector<std::string>& terms,
              const std::vector<mailauth::SurveyedRecord>& records, const Published& published) {
  if (terms.empty()) return;
  WantedRecord record = txt_record(purpose, name);
  auto merged = merge_spf(records, terms);
  if (!merged) {
    plan.problems.push_back(merged.error().message());
    return;
  }
  record.text = merged->text;
  record.remarks = merged->remarks;
  record.published = merged->unchanged;
  if (!merged->problem.empty()) plan.problems.push_back(merged->problem);
  sort_neighbours(record, texts_at(published, name), mailauth::is_spf_record);
  plan.records.push_back(std::move(record));
}

void plan_key(Plan& plan, const Key& key, const Published& published) {
  WantedRecord record =
      txt_record(Purpose::dkim, mailauth::dkim_record_name(key.selector, plan.domain));
  record.text = key.record;
  const auto& texts = texts_at(published, record.name);
  record.published = texts.size() == 1 && same_key(texts.front(), key.record);
  if (record.published) record.text = texts.front();
  record.blocked = std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    return holds_key(text) && !same_key(text, key.record);
  });
  if (record.blocked) {
    plan.problems.push_back(fmt::format(
        "Another key stands at {0}: another host may sign with it. Choose another selector: "
        "waypost keys retire {1} {2}, then waypost keys rotate {1} (once no other key of the "
        "domain "
        "is prepared). If nobody uses that key, take its record out of DNS instead.",
        record.name, plan.domain, key.selector));
    plan.records.push_back(std::move(record));
    return;
  }
  // Nothing else may stand at the name of a key (RFC 6376 §3.6.2.2).
  sort_neighbours(record, texts, [](const std::string&) { return true; });
  if (!record.replaces.empty())
    record.remarks.push_back("Another record stands at this name; this one takes its place.");
  plan.records.push_back(std::move(record));
}

// The first tag that states a policy which nobody can read, "sp=rejct"; "" when there is none.
std::string unreadable_policy(const mailauth::DmarcRecord& record) {
  for (const auto& [tag, value] : record.tags)
    if ((tag == "p" || tag == "sp" || tag == "np") && !mailauth::parse_dmarc_policy(value))
      return fmt::format("{}={}", tag, value);
  return "";
}

// With `policy` for the domain, or what stands there where that is stricter.
std::string with_policy(const mailauth::DmarcRecord& published, mailauth::DmarcPolicy policy) {
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

void remark_on_stage(WantedRecord& record, mailauth::DmarcPolicy policy) {
  using mailauth::DmarcPolicy;
  if (policy == DmarcPolicy::none)
    record.remarks.push_back(
        "p=none only asks for reports. Read them for some weeks, then go on to --policy "
        "quarantine.");
  if (policy == DmarcPolicy::quarantine)
    record.remarks.push_back(
        "p=quarantine sends what fails to the spam folder. When the reports show none of your own "
        "mail failing, go on to --policy reject.");
}

void plan_dmarc(Plan& plan, const Needs& needs, const Published& published) {
  WantedRecord record = txt_record(Purpose::dmarc, "_dmarc." + needs.domain);
  const auto& texts = texts_at(published, record.name);
  std::vector<std::string> there;
  std::copy_if(texts.begin(), texts.end(), std::back_inserter(there), mailauth::is_dmarc_record);
  if (there.size() > 1) {
    plan.problems.push_back(
        fmt::format("{} has {} DMARC records, so that receivers take none: \"{}\". Take all but "
                    "the right one out of DNS.",
                    record.name, there.size(), fmt::join(there, "\", \"")));
    return;
  }
  auto parsed = there.empty() ? failure(ErrorCode::not_found, "")
                              : mailauth::parse_dmarc_record(there.front());
  if (!parsed) {
    record.text = fmt::format("v=DMARC1; p={}", name(needs.policy));
    if (!needs.reports.empty()) record.text += "; rua=mailto:" + needs.reports;
    remark_on_stage(record, needs.policy);
  } else {
    if (const std::string wrong = unreadable_policy(*parsed); !wrong.empty()) {
      plan.problems.push_back(fmt::format(
          "\"{}\" in the DMARC record of {} is no policy: receivers take the whole record for "
          "p=none. Write none, quarantine or reject there first.",
          wrong, needs.domain));
      return;
    }
    const bool strict_enough = parsed->policy && *parsed->policy >= needs.policy;
    record.text = strict_enough ? there.front() : with_policy(*parsed, needs.policy);
    record.published = strict_enough;
    if (parsed->aggregate_uris.empty())
      record.remarks.push_back(
          "It has no rua=, so that nobody reports which mail fails: add rua=mailto:ADDRESS.");
    remark_on_stage(record, parsed->policy && strict_enough ? *parsed->policy : needs.policy);
  }
  sort_neighbours(record, texts, mailauth::is_dmarc_record);
  plan.records.push_back(std::move(record));
}

void plan_return_path(Plan& plan, const Needs& needs, const Published& published) {
  if (needs.return_path.empty() || needs.return_path == needs.domain) return;
  WantedRecord record;
  record.purpose = Purpose::return_path_mx;
  record.name = needs.return_path;
  record.type = RecordType::mx;
  record.text = needs.return_path_host;
  record.preference = mx_preference;
  const auto& there = published.return_path_mx;
  record.published = std::any_of(there.begin(), there.end(),
                                 [&](const auto& mx) { return mx.host == record.text; });
  if (!record.published && !there.empty())
    record.remarks.push_back(
        fmt::format("Bounces go to {} now; keep that one only if it still takes them.",
                    there.front().host.empty() ? "nobody (a null MX)" : there.front().host));
  plan.records.push_back(std::move(record));
  plan_spf(plan, Purpose::return_path_spf, needs.return_path, needs.spf_terms,
           published.return_path_spf, published);
}

}  // namespace

std::string_view name(Purpose purpose) {
  switch (purpose) {
    case Purpose::spf:
      return "spf";
    case Purpose::dkim:
      return "dkim";
    case Purpose::dmarc:
      return "dmarc";
    case Purpose::return_path_mx:
      return "return-path-mx";
    case Purpose::return_path_spf:
      return "return-path-spf";
  }
  return "";
}

std::string WantedRecord::rdata() const {
  std::string octets;
  if (type == RecordType::mx) {
    dns::append_16(octets, preference);
    dns::append_name(octets, text);
    return octets;
  }
  for (const std::string& part : mailauth::txt_strings(text)) {
    octets += static_cast<char>(part.size());
    octets += part;
  }
  return octets;
}

bool Plan::published() const {
  return problems.empty() && std::all_of(records.begin(), records.end(),
                                         [](const auto& record) { return record.published; });
}

std::vector<std::string> txt_names(const Needs& needs) {
  std::vector<std::string> names{needs.domain, "_dmarc." + needs.domain};
  for (const Key& key : needs.keys)
    names.push_back(mailauth::dkim_record_name(key.selector, needs.domain));
  if (!needs.return_path.empty() && needs.return_path != needs.domain)
    names.push_back(needs.return_path);
  return names;
}

io::Task<Result<Published>> look_up_published(dns::Resolver& resolver, Needs needs,
                                              Instant deadline) {
  Published published;
  for (const std::string& name : txt_names(needs)) {
    CO_TRY(auto answer, co_await resolver.txt(name, deadline));
    auto& texts = published.txt[name];
    for (const auto& record : answer.records) texts.push_back(record.joined());
  }
  CO_TRY(published.spf, co_await mailauth::survey_spf(resolver, needs.domain, deadline));
  if (!needs.return_path.empty() && needs.return_path != needs.domain) {
    CO_TRY(published.return_path_spf,
           co_await mailauth::survey_spf(resolver, needs.return_path, deadline));
    CO_TRY(auto mx, co_await resolver.mx(needs.return_path, deadline));
    published.return_path_mx = std::move(mx.records);
  }
  co_return published;
}

Plan make_plan(const Needs& needs, const Published& published) {
  Plan plan;
  plan.domain = needs.domain;
  plan_spf(plan, Purpose::spf, needs.domain, needs.spf_terms, published.spf, published);
  for (const Key& key : needs.keys) plan_key(plan, key, published);
  plan_dmarc(plan, needs, published);
  plan_return_path(plan, needs, published);
  return plan;
}

std::string relative_name(std::string_view name, std::string_view domain) {
  if (name == domain) return "@";
  if (name.size() > domain.size() && name.ends_with(domain) &&
      name[name.size() - domain.size() - 1] == '.')
    return std::string(name.substr(0, name.size() - domain.size() - 1));
  return std::string(name) + ".";
}

}  // namespace waypost::publish
