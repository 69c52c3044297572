#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "dns/resolver.h"
#include "io/task.h"
#include "mailauth/dmarc_record.h"
#include "mailauth/spf_survey.h"

// What a domain that sends must publish, given what it publishes now.
namespace waypost::publish {

enum class Purpose { spf, dkim, dmarc, return_path_mx, return_path_spf };
// "spf", "dkim", "dmarc", "return-path-mx", "return-path-spf"
std::string_view name(Purpose purpose);

struct Key {
  std::string selector;
  std::string record;  // as mailauth::dkim_record_text() gives it
};

// Names are A-labels in lower case without a final dot.
struct Needs {
  std::string domain;
  std::vector<std::string> spf_terms;  // "ip4:192.0.2.1", "ip6:2001:db8::1", "a:mail.shop.example"
  std::vector<Key> keys;
  // The policy that DMARC is to have at least; a stricter one that is there stays.
  mailauth::DmarcPolicy policy = mailauth::DmarcPolicy::none;
  std::string reports;           // the mailbox for DMARC's reports
  std::string return_path;       // the domain that bounces go to; "" when it is the domain itself
  std::string return_path_host;  // that takes mail for it

  bool has_return_path() const { return !return_path.empty() && return_path != domain; }
};

// The DMARC record of a domain above, which holds for one without a record of its own
// (RFC 9989 §4.10.1).
struct InheritedDmarc {
  std::string domain;  // whose it is
  mailauth::DmarcRecord record;
};

// What the name system has at the names of a plan.
struct Published {
  // Where a domain has no SPF record, but a text that was meant as one: what was meant.
  std::vector<mailauth::SurveyedRecord> spf;
  std::vector<mailauth::SurveyedRecord> return_path_spf;
  std::vector<mailauth::SurveyedTerm> senders;  // what each of the needs' SPF terms comes to
  std::map<std::string, std::vector<std::string>> txt;  // all TXT records of a name
  // Names where a wildcard makes the TXT records: it holds there, but does not stand there. Its
  // keys and MX records are left out.
  std::set<std::string> wildcard_names;
  std::vector<dns::MxRecord> return_path_mx;
  // Where the name itself, and no wildcard, is an alias (CNAME): of what.
  std::map<std::string, std::string> aliases;
  std::optional<InheritedDmarc> inherited_dmarc;
  // The name whose TXT record must allow that reports go to the needs' mailbox (RFC 9990 §4), and
  // does not; "" where nothing is missing.
  std::string reports_question;
  bool return_path_aligned = true;  // for DMARC, relaxed

  const std::vector<std::string>& texts_at(const std::string& name) const;
  bool is_of_wildcard(const std::string& name) const { return wildcard_names.count(name) > 0; }
};

enum class RecordType { txt, mx };

struct WantedRecord {
  Purpose purpose = Purpose::spf;
  std::string name;
  RecordType type = RecordType::txt;
  std::string text;         // of TXT as one piece; of MX the host
  uint16_t preference = 0;  // of MX
  bool published = false;   // it is there as it should be; nothing is to be done
  bool blocked = false;     // a problem of the plan says why it may not be published
  // The published TXT records of which it takes the place, and those at the same name that stay.
  std::vector<std::string> replaces;
  std::vector<std::string> beside;
  // The texts of its kind that a wildcard shows at its name. Those stay.
  std::vector<std::string> shown_by_wildcard;
  std::vector<std::string> remarks;  // sentences

  // As the name system carries it.
  std::string rdata() const;
  // Fills `replaces` and `beside` with the texts of its name; one that is just this record is
  // neither.
  void sort_neighbours(const std::vector<std::string>& texts,
                       const std::function<bool(const std::string&)>& is_kin);
};

struct Plan {
  std::string domain;
  std::vector<WantedRecord> records;
  // What keeps a record from being planned, in sentences: a person must mend that first.
  std::vector<std::string> problems;

  bool published() const;
};

inline constexpr uint32_t record_ttl_s = 3600;

// The names at which TXT records are looked at.
std::vector<std::string> txt_names(const Needs& needs);

// Asks for all of it. Fails when the name system does not answer.
io::Task<Result<Published>> look_up_published(dns::Resolver& resolver, Needs needs,
                                              Instant deadline);

// Pure. SPF goes into the record that is there (RFC 7208 §3.2 allows one), several are merged into
// one; DMARC keeps its other tags (RFC 9989 §4.7), and asks for no less than what holds already.
Plan make_plan(const Needs& needs, const Published& published);

// The name is `domain`, or below it.
bool is_inside(std::string_view name, std::string_view domain);

// `name` as a form wants it that adds the domain by itself: "@" for the domain.
std::string relative_name(std::string_view name, std::string_view domain);

}  // namespace waypost::publish
