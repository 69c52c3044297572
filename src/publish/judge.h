#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "publish/look.h"
#include "publish/plan.h"

namespace waypost::publish {

// How what a server shows differs from what is wanted.
enum class Difference {
  none,
  no_answer,     // the server was silent or refused
  missing,       // nothing of the kind is there; the words say if it is at another name
  name_doubled,  // it is there below the domain twice: shop.example.shop.example
  quoted,        // quotes are part of the value
  several,       // more than one where receivers want one
  cut,           // its end is missing
  alias,         // a CNAME stands at the name
  different,     // another value
  stale,         // a resolver remembers what was there before
  behind,        // this server has not got what another one has
};
// "name-doubled"
std::string_view name(Difference difference);

// What one server has at the names of a plan.
struct View {
  NameServer server;
  std::string failure;                   // "" unless it did not answer
  std::map<std::string, Sight> txt;      // by name
  std::map<std::string, Sight> mx;       // by name
  std::map<std::string, Sight> doubled;  // TXT at NAME.DOMAIN, by NAME
  std::map<std::string, Sight> bare;     // TXT at bare_name(NAME), by NAME
};

// That of a key record without its label "_domainkey"; "" for others.
std::string bare_name(std::string name);

struct Observation {
  NameServer server;
  Difference difference = Difference::none;
  std::string words;              // what it is and what to do; may be a note when nothing differs
  std::vector<std::string> seen;  // the values that stand there
  uint32_t ttl_s = 0;             // how long they may be remembered; 0 when there are none
};

struct RecordReport {
  WantedRecord wanted;
  std::vector<Observation> observations;  // one a view, in their order

  // As a receiver would see it: the resolver and every authoritative server that answers show it.
  bool good() const;
  // Nobody could tell: no authoritative server answers, or the resolver does not.
  bool unknown() const;
};

// Pure. Each record of the plan against each view.
std::vector<RecordReport> judge(const Plan& plan, const std::vector<View>& views);

}  // namespace waypost::publish
