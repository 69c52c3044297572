#include "publish/judge.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/dkim_key.h"
#include "mailauth/dmarc_record.h"
#include "mailauth/spf_record.h"
#include "publish/same_key.h"

namespace waypost::publish {
namespace {

using Texts = std::vector<std::string>;

constexpr size_t string_octets_max = 255;

// Of the kind of the wanted record, however badly it was entered.
bool is_kin(const WantedRecord& wanted, std::string_view text) {
  const std::string lower = base::to_lower(text);
  switch (wanted.purpose) {
    case Purpose::spf:
    case Purpose::return_path_spf:
      return lower.find("v=spf1") != lower.npos;
    case Purpose::dmarc:
      return lower.find("v=dmarc1") != lower.npos;
    default:
      return true;
  }
}

bool fits(const WantedRecord& wanted, const std::string& text) {
  return wanted.purpose == Purpose::dkim ? same_key(text, wanted.text) : text == wanted.text;
}

Texts kin_of(const WantedRecord& wanted, const Texts& texts) {
  Texts kin;
  for (const std::string& text : texts)
    if (is_kin(wanted, text)) kin.push_back(text);
  return kin;
}

std::string_view kind(const WantedRecord& wanted) {
  switch (wanted.purpose) {
    case Purpose::spf:
    case Purpose::return_path_spf:
      return "SPF record";
    case Purpose::dmarc:
      return "DMARC record";
    case Purpose::dkim:
      return "key record";
    case Purpose::return_path_mx:
      return "MX record";
  }
  return "record";
}

std::string note_on(const WantedRecord& wanted, const std::string& text) {
  const size_t key = text.find("p=");
  const auto parsed = mailauth::parse_dkim_key_record(text);
  if (wanted.purpose == Purpose::dkim && parsed && parsed->testing)
    return "Its t=y says that the domain only tries DKIM out: receivers may treat its mail as if "
           "it was not signed. Take it away once the signatures pass.";
  if (wanted.purpose == Purpose::dkim && key != text.npos &&
      text.find(' ', key) < text.find(';', key))
    return "The key has blanks where its pieces were joined. Receivers should pass over them "
           "(RFC 6376 §3.6.1), but not all do: enter it without.";
  return "";
}

Observation differs(Difference difference, std::string words) {
  Observation observation;
  observation.difference = difference;
  observation.words = std::move(words);
  return observation;
}

Observation another_key() {
  return differs(Difference::different,
                 "Another key stands there, which may be another host's. Leave it, and choose "
                 "another selector.");
}

std::string without_blanks(std::string_view text) {
  std::string bare;
  std::copy_if(text.begin(), text.end(), std::back_inserter(bare),
               [](char c) { return c != ' ' && c != '\t' && c != '\\'; });
  return bare;
}

// What is wrong with a key record that is not the wanted one.
std::string words_on_key(const WantedRecord& wanted, const std::string& text) {
  if (text.find("-----") != text.npos)
    return "The value is a key in PEM form. Enter the whole value that is wanted, which has only "
           "the letters of the key in its p=.";
  const std::string bare = without_blanks(text);
  const std::string right = without_blanks(wanted.text);
  if (bare == right)
    return "Backslashes are part of the value. Enter it without them: the form adds what the name "
           "system needs.";
  if (base::equals_ignoring_case(bare, right))
    return "The letters are in another case than wanted, which makes it another key: enter the "
           "value as it stands here.";
  if (!bare.empty() && right.ends_with("p=" + bare))
    return "Only the key itself was entered. The value starts with \"v=DKIM1;\".";
  const auto parsed = mailauth::parse_dkim_key_record(text);
  if (!parsed)
    return fmt::format("What stands there is no key record: {}. Enter the value again.",
                       parsed.error().message());
  if (parsed->revoked)
    return "The record withdraws the key (its p= is empty): signatures fail. Enter the value "
           "again.";
  return holds_key(text) ? "Another key stands there. Enter the value again."
                         : "What stands there holds no key that can be read. Enter the value "
                           "again.";
}

Observation judge_one(const WantedRecord& wanted, const std::string& text) {
  if (fits(wanted, text)) {
    const std::string trouble = wanted.purpose == Purpose::dkim ? key_trouble(text) : "";
    return trouble.empty() ? differs(Difference::none, note_on(wanted, text))
                           : differs(Difference::different, trouble);
  }
  if (text.find('"') != text.npos)
    return differs(Difference::quoted,
                   "Quotes are part of the value. Enter it without them: the form adds what the "
                   "name system needs.");
  const bool withdrawn = wanted.purpose == Purpose::dkim && text.ends_with("p=");
  if (!withdrawn && text.size() < wanted.text.size() && wanted.text.starts_with(text))
    return differs(
        Difference::cut,
        fmt::format(
            "The value ends after {} of its {} octets{}. Enter the whole, or its pieces "
            "where the form takes several.",
            text.size(), wanted.text.size(),
            text.size() == string_octets_max ? ", where one string of a TXT record ends" : ""));
  if (wanted.blocked) return another_key();
  if (wanted.purpose == Purpose::dkim)
    return differs(Difference::different, words_on_key(wanted, text));
  return differs(Difference::different,
                 fmt::format("The {} is another one than wanted.", kind(wanted)));
}

// What several records of a kind mean to receivers.
std::string_view meaning_of_several(Purpose purpose) {
  switch (purpose) {
    case Purpose::dkim:
      return "receivers take any one of them, or none (RFC 6376 §3.6.2.2)";
    case Purpose::dmarc:
      return "receivers take none";
    default:
      return "receivers take none (SPF: permerror)";
  }
}

Observation judge_several(const WantedRecord& wanted, const Texts& kin) {
  if (wanted.blocked) return another_key();
  const bool has_wanted =
      std::any_of(kin.begin(), kin.end(), [&](const auto& text) { return fits(wanted, text); });
  if (!has_wanted && kin.size() == 2 &&
      (fits(wanted, kin[0] + kin[1]) || fits(wanted, kin[1] + kin[0])))
    return differs(Difference::several,
                   "The value is in two records. It must be one record, of several strings where "
                   "one is too short: enter both pieces in one field, or as the strings of one "
                   "record, and take the other record away.");
  return differs(
      Difference::several,
      fmt::format(
          "There are {} of them, and {}. {}", kin.size(), meaning_of_several(wanted.purpose),
          has_wanted ? "Leave only the wanted one." : "Enter the wanted one in the place of all."));
}

// The record stands at a name that a form made of the wanted one, or that somebody took for it.
std::optional<Observation> find_elsewhere(const WantedRecord& wanted, const View& view,
                                          const std::string& domain) {
  auto has_it = [&](const std::map<std::string, Sight>& sights, const std::string& name) {
    const auto sight = sights.find(name);
    return sight != sights.end() &&
           std::any_of(sight->second.texts.begin(), sight->second.texts.end(),
                       [&](const auto& text) { return fits(wanted, text); });
  };
  const std::string right = relative_name(wanted.name, domain);
  if (has_it(view.doubled, wanted.name))
    return differs(
        Difference::name_doubled,
        fmt::format("It is at {0}.{1} instead: the form adds the domain by itself. Enter "
                    "the name as \"{2}\".",
                    wanted.name, domain, right));
  // The same SPF record may well stand at several names.
  const bool is_unique = wanted.purpose == Purpose::dkim || wanted.purpose == Purpose::dmarc;
  for (const auto& [name, sight] : view.txt)
    if (is_unique && name != wanted.name && has_it(view.txt, name))
      return differs(Difference::missing,
                     fmt::format("It is at {} instead: enter the name as \"{}\".", name, right));
  if (has_it(view.bare, wanted.name))
    return differs(
        Difference::missing,
        fmt::format("It is at {} instead: \"_domainkey\" is missing from the name. Enter "
                    "the name as \"{}\".",
                    bare_name(wanted.name), right));
  return std::nullopt;
}

Observation judge_txt(const WantedRecord& wanted, const Sight& sight, const View& view,
                      const std::string& domain) {
  const Texts kin = kin_of(wanted, sight.texts);
  Observation observation;
  if (kin.size() == 1) {
    observation = judge_one(wanted, kin.front());
  } else if (kin.size() > 1) {
    observation = judge_several(wanted, kin);
  } else if (!sight.alias.empty()) {
    observation = differs(Difference::alias,
                          fmt::format("A CNAME stands at the name and leads to {}, which has no "
                                      "{}. Enter it there, or take the CNAME away and enter a "
                                      "TXT record here.",
                                      sight.alias, kind(wanted)));
  } else if (auto elsewhere = find_elsewhere(wanted, view, domain)) {
    observation = *std::move(elsewhere);
  } else {
    observation = differs(Difference::missing,
                          sight.rcode == 3 ? std::string("The name does not exist.")
                                           : fmt::format("The name has no {}.", kind(wanted)));
  }
  observation.seen = kin;
  return observation;
}

Observation judge_mx(const WantedRecord& wanted, const Sight& sight) {
  Observation observation;
  for (const dns::MxRecord& mx : sight.mx) {
    observation.seen.push_back(fmt::format("{} {}", mx.preference, mx.host));
    if (mx.host == wanted.text) return observation;
  }
  Observation found;
  if (!sight.mx.empty())
    found = differs(Difference::different, fmt::format("None of them is {}.", wanted.text));
  else if (!sight.alias.empty())
    found = differs(Difference::alias, "A CNAME stands at the name; enter an MX record instead.");
  else
    found = differs(Difference::missing, "The name has no MX record.");
  found.seen = observation.seen;
  return found;
}

std::string why_unanswered(const Sight& sight) {
  if (sight.alias_unreached)
    return fmt::format(
        "A CNAME stands at the name and leads to {}, whose servers did not answer: what stands "
        "there is not known. Ask again later.",
        sight.alias);
  if (!sight.delegated_to.empty())
    return fmt::format(
        "It does not have the zone of this name: that is delegated to {} and others. Ask one of "
        "them with --server.",
        sight.delegated_to);
  if (!sight.authoritative && (sight.rcode == 0 || sight.rcode == 3))
    return "It answers without having the zone (not authoritative): it is named as a server of the "
           "zone, and is none.";
  return fmt::format("It answers with the code {} ({}).", sight.rcode,
                     sight.rcode == 5 ? "it refuses: is the zone its?" : "it failed");
}

bool answered(const Observation& observation) {
  return observation.difference != Difference::no_answer;
}

Observation judge_view(const WantedRecord& wanted, const View& view, const std::string& domain) {
  const auto& sights = wanted.type == RecordType::mx ? view.mx : view.txt;
  const auto sight = sights.find(wanted.name);
  Observation observation;
  if (!view.failure.empty() || sight == sights.end()) {
    observation = differs(Difference::no_answer, view.failure);
  } else if (!sight->second.answered() || sight->second.alias_unreached) {
    observation = differs(Difference::no_answer, why_unanswered(sight->second));
  } else if (wanted.type == RecordType::mx) {
    observation = judge_mx(wanted, sight->second);
  } else {
    observation = judge_txt(wanted, sight->second, view, domain);
  }
  if (sight != sights.end()) observation.ttl_s = sight->second.ttl_s;
  const bool elsewhere = sight != sights.end() && !sight->second.followed_to.empty() &&
                         observation.difference != Difference::alias;
  if (elsewhere && observation.difference != Difference::none && answered(observation))
    observation.words +=
        fmt::format(" {} has the zone of this name: enter it there.", sight->second.followed_to);
  observation.server = view.server;
  return observation;
}

// What only time mends, told from what a person must.
void compare_servers(RecordReport& report) {
  size_t right = 0;
  size_t wrong = 0;
  for (const Observation& each : report.observations) {
    if (each.server.resolver || !answered(each)) continue;
    (each.difference == Difference::none ? right : wrong) += 1;
  }
  for (Observation& each : report.observations) {
    if (each.difference == Difference::none || !answered(each)) continue;
    if (each.server.resolver && right > 0 && wrong == 0) {
      const std::string how_long = each.ttl_s == 0
                                       ? "as long as it keeps that a record does not exist"
                                       : fmt::format("for at most {} s", each.ttl_s);
      each.words = fmt::format(
          "It still has what was there before, {}. Receivers may as well; nothing is to be done "
          "but to wait.",
          how_long);
      each.difference = Difference::stale;
    } else if (!each.server.resolver && right > 0) {
      each.words =
          "Another server of the zone shows it already. If that stays so, this one does not fetch "
          "the zone: look at the serial and at NOTIFY.";
      each.difference = Difference::behind;
    }
  }
}

}  // namespace

std::string bare_name(std::string name) {
  constexpr std::string_view label = "._domainkey.";
  const size_t at = name.find(label);
  if (at == name.npos) return "";
  return name.replace(at, label.size(), ".");
}

std::string_view name(Difference difference) {
  switch (difference) {
    case Difference::none:
      return "none";
    case Difference::no_answer:
      return "no-answer";
    case Difference::missing:
      return "missing";
    case Difference::name_doubled:
      return "name-doubled";
    case Difference::quoted:
      return "quoted";
    case Difference::several:
      return "several";
    case Difference::cut:
      return "cut";
    case Difference::alias:
      return "alias";
    case Difference::different:
      return "different";
    case Difference::stale:
      return "stale";
    case Difference::behind:
      return "behind";
  }
  return "";
}

bool RecordReport::good() const {
  return !unknown() && std::all_of(observations.begin(), observations.end(), [](const auto& each) {
    return each.difference == Difference::none || !answered(each);
  });
}

bool RecordReport::unknown() const {
  auto heard = [&](bool resolver) {
    return std::any_of(observations.begin(), observations.end(), [&](const auto& each) {
      return each.server.resolver == resolver && answered(each);
    });
  };
  return !heard(false) || !heard(true);
}

std::vector<RecordReport> judge(const Plan& plan, const std::vector<View>& views) {
  std::vector<RecordReport> reports;
  for (const WantedRecord& wanted : plan.records) {
    RecordReport& report = reports.emplace_back();
    report.wanted = wanted;
    for (const View& view : views)
      report.observations.push_back(judge_view(wanted, view, plan.domain));
    compare_servers(report);
  }
  return reports;
}

}  // namespace waypost::publish
