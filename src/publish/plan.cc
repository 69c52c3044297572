#include "publish/plan.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dns/message.h"
#include "mailauth/dkim_record.h"
#include "mailauth/txt_strings.h"
#include "mailauth/unread_record.h"
#include "publish/dmarc_plan.h"
#include "publish/merge_spf.h"
#include "publish/near_miss.h"
#include "publish/same_key.h"

namespace waypost::publish {
namespace {

constexpr uint16_t mx_preference = 10;

WantedRecord txt_record(Purpose purpose, std::string name) {
  WantedRecord record;
  record.purpose = purpose;
  record.name = std::move(name);
  return record;
}

void plan_spf(Plan& plan, Purpose purpose, const std::string& name,
              const std::vector<mailauth::SurveyedRecord>& records, const Published& published) {
  if (published.senders.empty()) return;
  WantedRecord record = txt_record(purpose, name);
  auto merged = merge_spf(records, published.senders);
  if (!merged) {
    plan.problems.push_back(merged.error().message());
    return;
  }
  record.text = merged->text;
  record.remarks = merged->remarks;
  const auto& texts = published.texts_at(name);
  const bool has_one = std::any_of(texts.begin(), texts.end(), mailauth::is_spf_record);
  record.published = merged->unchanged && has_one;
  const bool misread = !has_one && !published.is_of_wildcard(name);
  record.sort_neighbours(texts, [&](const std::string& text) {
    return mailauth::is_spf_record(text) || (misread && !meant_spf(text).empty());
  });
  if (!has_one && !record.replaces.empty())
    record.remarks.push_back(fmt::format(
        "What stands there is no SPF record to receivers: {}. This one takes its place.",
        mailauth::why_no_spf_record(record.replaces.front())));
  plan.records.push_back(std::move(record));
}

void plan_key(Plan& plan, const Key& key, const Published& published) {
  WantedRecord record =
      txt_record(Purpose::dkim, mailauth::dkim_record_name(key.selector, plan.domain));
  record.text = key.record;
  const auto& texts = published.texts_at(record.name);
  const bool is_there = texts.size() == 1 && same_key(texts.front(), key.record);
  record.published = is_there && key_trouble(texts.front()).empty();
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
  record.sort_neighbours(texts, [](const std::string&) { return true; });
  if (is_there && !record.published)
    record.remarks.push_back(key_trouble(texts.front()));
  else if (!record.replaces.empty())
    record.remarks.push_back("Another record stands at this name; this one takes its place.");
  plan.records.push_back(std::move(record));
}

void plan_return_path(Plan& plan, const Needs& needs, const Published& published) {
  if (!needs.has_return_path()) return;
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
  plan_spf(plan, Purpose::return_path_spf, needs.return_path, published.return_path_spf, published);
  if (!published.return_path_aligned)
    plan.records.back().remarks.push_back(
        fmt::format("SPF passes for {0} then, which DMARC does not count for {1}: only DKIM is "
                    "left. A return path below {1} counts.",
                    needs.return_path, needs.domain));
}

// A name that is an alias has no other record (RFC 1034 §3.6.2).
void block_aliases(Plan& plan, const Published& published) {
  std::set<std::string> told;
  for (WantedRecord& record : plan.records) {
    const auto alias = published.aliases.find(record.name);
    if (record.published || alias == published.aliases.end()) continue;
    record.blocked = true;
    record.replaces.clear();
    if (told.insert(record.name).second)
      plan.problems.push_back(
          fmt::format("{} is an alias of {} (CNAME), and no other record may be beside that. Take "
                      "the CNAME out of DNS, or enter the record where it leads.",
                      record.name, alias->second));
  }
}

// What holds at a name by a wildcard goes on holding by the record that is planned; but it can be
// neither changed there nor taken away, and is gone with the first record that is entered there
// (RFC 4592 §2.2.1).
void leave_wildcards(Plan& plan, const Published& published) {
  for (WantedRecord& record : plan.records) {
    if (record.type != RecordType::txt || !published.is_of_wildcard(record.name)) continue;
    record.published = false;
    record.shown_by_wildcard = std::move(record.replaces);
    record.replaces.clear();
    record.beside.clear();
    record.remarks.push_back(
        "What the name shows now is made by a wildcard: leave that as it is, and add this record. "
        "Only where the name has a record of its own with the same text is that to be changed.");
  }
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

void WantedRecord::sort_neighbours(const std::vector<std::string>& texts,
                                   const std::function<bool(const std::string&)>& is_kin) {
  for (const std::string& other : texts) {
    if (other == text && std::count(texts.begin(), texts.end(), other) == 1) continue;
    (is_kin(other) ? replaces : beside).push_back(other);
  }
}

const std::vector<std::string>& Published::texts_at(const std::string& name) const {
  static const std::vector<std::string> none;
  const auto found = txt.find(name);
  return found == txt.end() ? none : found->second;
}

bool Plan::published() const {
  return problems.empty() && std::all_of(records.begin(), records.end(),
                                         [](const auto& record) { return record.published; });
}

Plan make_plan(const Needs& needs, const Published& published) {
  Plan plan;
  plan.domain = needs.domain;
  plan_spf(plan, Purpose::spf, needs.domain, published.spf, published);
  for (const Key& key : needs.keys) plan_key(plan, key, published);
  plan_dmarc(plan, needs, published);
  plan_return_path(plan, needs, published);
  leave_wildcards(plan, published);
  block_aliases(plan, published);
  return plan;
}

bool is_inside(std::string_view name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

std::string relative_name(std::string_view name, std::string_view domain) {
  if (name == domain) return "@";
  if (is_inside(name, domain)) return std::string(name.substr(0, name.size() - domain.size() - 1));
  return std::string(name) + ".";
}

}  // namespace waypost::publish
