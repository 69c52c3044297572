#include "mailauth/dmarc_record.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::mailauth {
namespace {

constexpr size_t tags_max = 100;

// Takes the text up to the next `separator` off the front.
std::string_view take_until(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return base::trim(part);
}

bool is_uri(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !base::is_alpha(text.front())) return false;
  const bool visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!visible) return false;
  return !base::starts_with_ignoring_case(text, "mailto:") || !mailto_host(text).empty();
}

class Reader {
 public:
  explicit Reader(DmarcRecord& record) : record_(record) {}

  void take(const std::string& tag, std::string_view value) {
    if (std::count_if(record_.tags.begin(), record_.tags.end(),
                      [&](const auto& other) { return other.first == tag; }) > 1) {
      problem(fmt::format("\"{}\" stands more than once; the first counts", tag));
      return;
    }
    if (tag == "v") return;
    if (tag == "p") return take_policy(tag, value, record_.policy);
    if (tag == "sp") return take_policy(tag, value, record_.subdomain_policy);
    if (tag == "np") return take_policy(tag, value, record_.absent_policy);
    if (tag == "adkim") return take_letter(tag, value, "r", "s", record_.strict_dkim);
    if (tag == "aspf") return take_letter(tag, value, "r", "s", record_.strict_spf);
    if (tag == "t") return take_letter(tag, value, "n", "y", record_.testing);
    if (tag == "psd") return take_suffix(value);
    if (tag == "rua") return take_uris(tag, value, record_.aggregate_uris);
    if (tag == "ruf") return take_uris(tag, value, record_.failure_uris);
    if (tag == "fo") return take_options(value);
    if (tag == "pct" || tag == "ri" || tag == "rf")
      record_.notes.push_back(
          fmt::format("\"{}\" is ignored: RFC 9989 took it out of DMARC{}.", tag,
                      tag == "pct" ? "; to try a policy first, \"t=y\" took its place" : ""));
    else
      problem(fmt::format("\"{}\" is no tag of DMARC and is ignored", base::escape_control(tag)));
  }

  bool bad_policy() const { return !bad_policies_.empty(); }
  // After the last tag.
  std::string policy_fault() const {
    std::string lost;
    for (const auto& [tag, value] : record_.tags)
      if (is_policy_tag(tag) && parse_dmarc_policy(value))
        lost += fmt::format("{}\"{}={}\"", lost.empty() ? "" : " and ", tag, value);
    return fmt::format("{} cannot be read: it may be none, quarantine or reject{}", bad_policies_,
                       lost.empty() ? "" : ". That takes " + lost + " away, too");
  }
  void problem(std::string text) { record_.problems.push_back(std::move(text) + "."); }

 private:
  void wrong_value(std::string_view tag, std::string_view value, std::string_view allowed) {
    problem(fmt::format("\"{}={}\" is ignored: it may be {}", tag, base::escape_control(value),
                        allowed));
  }

  void take_policy(std::string_view tag, std::string_view value, std::optional<DmarcPolicy>& into) {
    into = parse_dmarc_policy(value);
    if (into) return;
    bad_policies_ += fmt::format("{}\"{}={}\"", bad_policies_.empty() ? "" : " and ", tag,
                                 base::escape_control(value));
  }

  static bool is_policy_tag(std::string_view tag) {
    return tag == "p" || tag == "sp" || tag == "np";
  }

  void take_letter(std::string_view tag, std::string_view value, std::string_view off,
                   std::string_view on, bool& into) {
    into = base::equals_ignoring_case(value, on);
    if (!into && !base::equals_ignoring_case(value, off))
      wrong_value(tag, value, fmt::format("{} or {}", off, on));
  }

  void take_suffix(std::string_view value) {
    if (base::equals_ignoring_case(value, "y"))
      record_.suffix = DmarcSuffix::yes;
    else if (base::equals_ignoring_case(value, "n"))
      record_.suffix = DmarcSuffix::no;
    else if (!base::equals_ignoring_case(value, "u"))
      wrong_value("psd", value, "y, n or u");
  }

  void take_uris(std::string_view tag, std::string_view value, std::vector<std::string>& into) {
    while (!value.empty()) {
      std::string_view uri = take_until(value, ',');
      if (const size_t mark = uri.rfind('!'); mark != std::string_view::npos) {
        record_.notes.push_back(
            fmt::format("\"{}\" in \"{}\" is ignored: RFC 9989 has no size limits.",
                        base::escape_control(uri.substr(mark)), tag));
        uri = uri.substr(0, mark);
      }
      if (is_uri(uri))
        into.emplace_back(uri);
      else
        problem(fmt::format("\"{}\" in \"{}\" is ignored: an address is written \"mailto:{}\"",
                            base::escape_control(uri), tag, base::escape_control(uri)));
    }
  }

  void take_options(std::string_view value) {
    record_.failure_options = value;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view option = take_until(rest, ':');
      static constexpr std::string_view known = "01dsDS";
      if (option.size() != 1 || known.find(option) == std::string_view::npos)
        wrong_value("fo", option, "0, 1, d or s");
    }
  }

  DmarcRecord& record_;
  std::string bad_policies_;
};

}  // namespace

std::string_view name(DmarcPolicy policy) {
  static constexpr std::string_view names[] = {"none", "quarantine", "reject"};
  return names[static_cast<size_t>(policy)];
}

std::optional<DmarcPolicy> parse_dmarc_policy(std::string_view value) {
  for (DmarcPolicy policy : {DmarcPolicy::none, DmarcPolicy::quarantine, DmarcPolicy::reject})
    if (base::equals_ignoring_case(value, name(policy))) return policy;
  return std::nullopt;
}

bool is_dmarc_record(std::string_view text) {
  // Nothing stands in front of the version, not even a blank (RFC 9989 §4.7).
  if (!base::starts_with_ignoring_case(text, "v")) return false;
  std::string_view rest = text;
  std::string_view first = take_until(rest, ';');
  const std::string_view tag = take_until(first, '=');
  return base::equals_ignoring_case(tag, "v") && base::trim(first) == "DMARC1";
}

Result<DmarcRecord> parse_dmarc_record(std::string_view text) {
  if (!is_dmarc_record(text))
    return failure(ErrorCode::invalid_input, "a DMARC record starts with \"v=DMARC1\"");
  DmarcRecord record;
  record.text = text;
  Reader reader(record);
  std::string_view rest = text;
  while (!rest.empty() && record.tags.size() < tags_max) {
    const std::string_view whole = take_until(rest, ';');
    if (whole.empty()) continue;
    std::string_view value = whole;
    std::string tag = base::to_lower(take_until(value, '='));
    value = base::trim(value);
    if (whole.find('=') == std::string_view::npos || tag.empty()) {
      reader.problem(
          fmt::format("\"{}\" is ignored: it is no tag with a value", base::escape_control(whole)));
      continue;
    }
    record.tags.emplace_back(tag, value);
    reader.take(tag, value);
  }
  if (!record.policy && !reader.bad_policy()) {
    record.notes.push_back("There is no \"p\": that counts as \"p=none\" where reports go.");
    if (record.subdomain_policy || record.absent_policy)
      reader.problem("\"sp\" and \"np\" count only beside a \"p\": write one in front of them");
  }
  // Without a "p" that can be read, or with another policy that cannot, the record is as good as
  // "p=none": of all three none is left (RFC 9989 §4.10.1).
  if (reader.bad_policy()) {
    record.policy_fault = reader.policy_fault();
    reader.problem(record.policy_fault +
                   " (RFC 9989 §4.10.1): where reports go, that counts as \"p=none\"; elsewhere "
                   "as no record");
  }
  if (!record.policy || reader.bad_policy())
    record.policy = record.subdomain_policy = record.absent_policy = std::nullopt;
  return record;
}

bool DmarcRecord::applies() const { return policy || !aggregate_uris.empty(); }

DmarcPolicy DmarcRecord::own() const { return policy.value_or(DmarcPolicy::none); }

DmarcPolicy DmarcRecord::for_subdomain(bool exists) const {
  if (!exists && absent_policy) return *absent_policy;
  return subdomain_policy.value_or(own());
}

std::string_view DmarcRecord::subdomain_tag(bool exists) const {
  if (!exists && absent_policy) return "np";
  return subdomain_policy ? "sp" : "p";
}

std::string mailto_host(std::string_view uri) {
  if (!base::starts_with_ignoring_case(uri, "mailto:")) return {};
  uri = uri.substr(0, uri.find('?'));
  const size_t at = uri.rfind('@');
  return at == std::string_view::npos ? std::string() : base::to_lower(uri.substr(at + 1));
}

}  // namespace waypost::mailauth
