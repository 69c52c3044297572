#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "checks/catalogue.h"

namespace waypost::doctor {

// The six rungs of the ladder, in their order; the value is the number that people see.
enum class Rung { name = 1, connect = 2, tls = 3, login = 4, accept = 5, inbox = 6 };
// "name", "connect", "tls" ...
std::string_view name(Rung rung);

using checks::Confidence;
using checks::name;
using checks::Severity;

// "4 ms", "1.2 s", "10 s": as reports show times, without fractions of a millisecond.
std::string shown_time(Duration duration);

// Words for the catalogue's texts, which have {host} where the value stands: host, port, address,
// user, domain, seen, wanted ... Never a secret.
using Parameters = std::map<std::string, std::string>;

enum class Tested { not_tested, works, fails };
std::string_view name(Tested tested);

// One way out. `id` names its text in the catalogue, within the finding's own; `set` is what to
// change in the settings, by the names that the command line has: host, port, tls, user, from.
struct Fix {
  std::string id;
  std::string who = "client";  // client, server, network, dns, provider
  Parameters set = {};
  Tested tested = Tested::not_tested;
  std::string result = {};  // what the test showed, where there is more to say than that it works
};

// What a check saw. Its words stand in the catalogue (checks/catalogue.h) under the id.
struct Finding {
  std::string id;  // "M3001"
  Rung rung = Rung::name;
  Severity severity = Severity::error;
  Confidence confidence = Confidence::certain;
  // Their words, or what was seen, as it is quoted; may be empty. Octets from outside: whoever
  // shows them escapes them.
  std::string observed = {};
  std::vector<unsigned> evidence = {};  // numbers of Evidence
  Parameters parameters = {};
  std::vector<Fix> fixes = {};  // the best first
  // Further lines for the report that only this walk knows: "465 shows a certificate that ..."
  std::vector<std::string> notes = {};
  // The rungs and things that are not to blame; by default the rungs below.
  std::vector<std::string> ruled_out = {};
  // False where nothing was encrypted, or nobody vouches for the server.
  bool rules_out_tls = true;
  // 4yz and the like: it may pass by itself (exit code 75).
  bool temporary = false;
  // It says nothing about the way of mail: something of ours kept us from looking (exit code 2).
  bool unfinished = false;
};

// One thing that was sent, heard, asked of the name system or noted, in the order of time. Secrets
// are replaced before it is made.
struct Evidence {
  enum class Kind { sent, received, dns, note };
  unsigned n = 0;  // from 1
  Duration at{0};  // since the walk began
  Kind kind = Kind::note;
  std::string connection = {};  // whose: "192.0.2.1:587", "" for none
  std::string text = {};        // a line without its end
};
std::string_view name(Evidence::Kind kind);

}  // namespace waypost::doctor
