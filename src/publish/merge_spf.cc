#include "publish/merge_spf.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/spf_analysis.h"
#include "mailauth/spf_check.h"
#include "mailauth/spf_outcomes.h"

namespace waypost::publish {
namespace {

using mailauth::AddressSet;
using mailauth::SpfMechanism;
using mailauth::SpfResult;
using mailauth::SurveyedRecord;
using mailauth::SurveyedTerm;

constexpr std::string_view version = "v=spf1";
// Nobody has a network of that many addresses for sending mail.
constexpr unsigned v4_bits_sane = 8;
constexpr unsigned v6_bits_sane = 16;

// A term as it stands in the text; without what it means where it decides nothing, as "exp=".
struct Entry {
  std::string text;
  std::optional<SurveyedTerm> term;
};
using Entries = std::vector<Entry>;

// Those behind "v=spf1".
Entries entries_of(std::string_view text, std::vector<SurveyedTerm> terms) {
  Entries entries;
  text.remove_prefix(std::min(version.size(), text.size()));
  while (true) {
    const size_t begin = text.find_first_not_of(' ');
    if (begin == text.npos) return entries;
    text.remove_prefix(begin);
    Entry& entry = entries.emplace_back();
    entry.text = text.substr(0, text.find(' '));
    text.remove_prefix(entry.text.size());
    const auto meant = std::find_if(terms.begin(), terms.end(),
                                    [&](const auto& term) { return term.text == entry.text; });
    if (meant == terms.end()) continue;
    entry.term = std::move(*meant);
    terms.erase(meant);
  }
}

std::string text_of(const Entries& entries) {
  std::string text(version);
  for (const Entry& entry : entries) text += " " + entry.text;
  return text;
}

// A redirect counts when no other term matched, wherever it stands (RFC 7208 §6.1).
AddressSet passing(const Entries& entries) {
  std::vector<SurveyedTerm> terms;
  for (bool redirect : {false, true})
    for (const Entry& entry : entries)
      if (entry.term && entry.term->is_redirect == redirect) terms.push_back(*entry.term);
  return mailauth::outcomes_of(terms).pass;
}

unsigned lookups_of(const Entries& entries) {
  unsigned sum = 0;
  for (const Entry& entry : entries) sum += entry.term ? entry.term->lookups : 0;
  return sum;
}

unsigned void_lookups_of(const Entries& entries) {
  unsigned sum = 0;
  for (const Entry& entry : entries) sum += entry.term ? entry.term->void_lookups() : 0;
  return sum;
}

// What stands behind it is never reached (RFC 7208 §5.1), or is where it ends.
Entries::iterator end_of(Entries& entries) {
  return std::find_if(entries.begin(), entries.end(), [](const Entry& entry) {
    if (base::starts_with_ignoring_case(entry.text, "redirect=")) return true;
    return entry.term && !entry.term->is_redirect && entry.term->mechanism == SpfMechanism::all;
  });
}

bool is_network(const SurveyedTerm& term) {
  return term.mechanism == SpfMechanism::ip4 || term.mechanism == SpfMechanism::ip6;
}

Entries::iterator find_standing(Entries& entries, const SurveyedTerm& sender) {
  const auto end = end_of(entries);
  return std::find_if(entries.begin(), end, [&](const Entry& entry) {
    std::string_view text = entry.text;
    if (text.starts_with('+')) text.remove_prefix(1);
    return base::equals_ignoring_case(text, sender.text);
  });
}

// Whether the addresses of the sender pass, as far as they are known.
bool passes(const Entries& entries, const SurveyedTerm& sender) {
  if (!sender.known || sender.addresses.empty()) return true;
  const AddressSet pass = passing(entries);
  // Who includes another's record may leave out some of its servers.
  if (sender.mechanism == SpfMechanism::include) return !sender.addresses.common_with(pass).empty();
  AddressSet missing = sender.addresses;
  missing.remove(pass);
  return missing.empty();
}

// Puts the sender's term in. Returns whether that was needed.
bool put_in(Entries& entries, const SurveyedTerm& sender) {
  const auto standing = find_standing(entries, sender);
  // A host or an include that is covered by others today may not be so tomorrow.
  const bool is_there = is_network(sender) || standing != end_of(entries);
  if (is_there && passes(entries, sender)) return false;
  if (standing != end_of(entries)) entries.erase(standing);
  Entries at_end = entries;
  at_end.insert(end_of(at_end), Entry{sender.text, sender});
  if (passes(at_end, sender)) {
    entries = std::move(at_end);
    return true;
  }
  const auto taker = std::find_if(entries.begin(), end_of(entries), [&](const Entry& entry) {
    return entry.term && entry.term->known && entry.term->qualifier != SpfResult::pass &&
           !entry.term->addresses.common_with(sender.addresses).empty();
  });
  entries.insert(taker, Entry{sender.text, sender});
  return true;
}

tl::unexpected<Error> problem(std::string words) {
  return failure(ErrorCode::invalid_input, std::move(words));
}

Result<void> check_readable(const std::vector<SurveyedRecord>& records,
                            const std::vector<SurveyedTerm>& senders) {
  for (const SurveyedRecord& record : records) {
    std::string words = record.problem;
    for (const SurveyedTerm& term : record.terms)
      if (words.empty() && !term.problem.empty())
        words = fmt::format("\"{}\": {}", term.text, term.problem);
    if (!words.empty())
      return problem(
          fmt::format("The SPF record of {} is broken ({}). Mend that first: receivers "
                      "read none of it.",
                      record.domain, words));
  }
  for (const SurveyedTerm& sender : senders)
    if (!sender.problem.empty())
      return problem(
          fmt::format("The sender \"{}\" would break the SPF record, so that receivers read none "
                      "of it ({}). Mend that, or name another sender.",
                      sender.text, sender.problem));
  return {};
}

// What the published records come to in one.
Result<Entries> base_of(const std::vector<SurveyedRecord>& records, MergedSpf& merged) {
  if (records.empty()) {
    SurveyedTerm all;
    all.text = "~all";
    all.qualifier = SpfResult::softfail;
    all.addresses = AddressSet::everything();
    return Entries{{all.text, all}};
  }
  if (records.size() == 1) return entries_of(records.front().text, records.front().terms);
  auto united = mailauth::unite_spf(records);
  if (!united || !united->checked) {
    std::string texts;
    for (const SurveyedRecord& record : records) texts += fmt::format(" \"{}\"", record.text);
    return problem(
        fmt::format("{} has {} SPF records, and one that lets the same senders pass "
                    "cannot be made of them:{}. Take all but one out of DNS.",
                    records.front().domain, records.size(), texts));
  }
  merged.remarks.push_back(
      fmt::format("There are {} SPF records, which receivers take for an error: this one takes the "
                  "place of all.",
                  records.size()));
  return entries_of(united->record, united->terms);
}

void remark_on_sender(const Entries& entries, const SurveyedTerm& sender, MergedSpf& merged) {
  if (sender.found_nothing)
    merged.remarks.push_back(
        fmt::format("\"{}\" leads to no address, so that nobody passes by it: enter the address "
                    "of the host in DNS.",
                    sender.text));
  if (!sender.known) return;
  const AddressSet passed = passing(entries);
  AddressSet left_out = sender.addresses;
  left_out.remove(passed);
  if (!left_out.empty())
    merged.remarks.push_back(fmt::format(
        "Some addresses of \"{}\" do not pass, as {}: another term in front of it says so.",
        sender.text, left_out.networks().front().text()));
  for (const Entry& entry : entries) {
    if (!entry.term) continue;
    const bool takes_it =
        entry.term->known && !entry.term->addresses.common_with(sender.addresses).empty();
    if (takes_it || entry.text == sender.text) return;
    if (!entry.term->known && entry.term->qualifier != SpfResult::pass)
      merged.remarks.push_back(
          fmt::format("Whether \"{}\" passes depends on \"{}\", which stands in front of it.",
                      sender.text, entry.text));
  }
}

void remark_on_openness(const Entries& entries, MergedSpf& merged) {
  for (const mailauth::Network& network : passing(entries).networks()) {
    if (network.bits >= (network.v4 ? v4_bits_sane : v6_bits_sane)) continue;
    merged.remarks.push_back(
        fmt::format("The record lets a large part of the world send as this domain ({}): name "
                    "who sends, and end it with ~all or -all.",
                    network.text()));
    return;
  }
}

}  // namespace

Result<MergedSpf> merge_spf(const std::vector<SurveyedRecord>& records,
                            const std::vector<SurveyedTerm>& senders) {
  TRY_VOID(check_readable(records, senders));
  MergedSpf merged;
  TRY(Entries entries, base_of(records, merged));
  bool changed = false;
  for (const SurveyedTerm& sender : senders) changed |= put_in(entries, sender);
  merged.unchanged = !changed && records.size() == 1;
  merged.text = merged.unchanged ? records.front().text : text_of(entries);
  if (auto parsed = mailauth::parse_spf_record(merged.text); !parsed)
    return problem(fmt::format("\"{}\" would be no SPF record that can be read: {}", merged.text,
                               parsed.error().message()));
  for (const SurveyedTerm& sender : senders) {
    if (!passes(entries, sender))
      return problem(
          fmt::format("\"{}\" would not pass by \"{}\". Take what forbids it out of the record "
                      "first.",
                      sender.text, merged.text));
    remark_on_sender(entries, sender, merged);
  }
  if (const unsigned lookups = lookups_of(entries); lookups > mailauth::spf_lookups_max)
    return problem(fmt::format(
        "The SPF record \"{}\" needs {} DNS lookups, {} are allowed, so that receivers take it for "
        "broken. \"waypost spf check\" shows what they are, and proposes less.",
        merged.text, lookups, mailauth::spf_lookups_max));
  if (const unsigned voids = void_lookups_of(entries); voids > mailauth::spf_void_lookups_max)
    return problem(fmt::format(
        "In the SPF record \"{}\" {} DNS lookups find nothing, {} are allowed, so that receivers "
        "take it for broken. Enter the addresses of those hosts in DNS, or take the terms out.",
        merged.text, voids, mailauth::spf_void_lookups_max));
  remark_on_openness(entries, merged);
  return merged;
}

}  // namespace waypost::publish
