#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waypost::shaping {

// A limit and who set it ("waypost.toml:31", "built-in default"): whoever waits can be told why.
template <class T>
struct Sourced {
  T value;
  std::string origin = "built-in default";
};

// How fast one site may be served.
struct SiteLimits {
  Sourced<unsigned> connections{20};
  Sourced<double> messages_per_second{0};  // 0 is no limit; a message to several recipients is one
  Sourced<unsigned> messages_per_connection{100};
  Sourced<unsigned> recipients_per_message{50};
};

// The first host that takes mail for a domain, or that we hand it to.
struct MailHost {
  std::string name;  // in lower case
  // Of a next hop, ":587/shop": port, and login if there is one. One host may serve many ports and
  // accounts, and the trouble of one is none of the others'. Empty for the mail hosts of a domain.
  std::string service;
};

// What is known of a site ahead: which hosts or recipient domains make it up, and its limits.
struct SiteRule {
  std::string id;                  // becomes the name of the site
  std::vector<std::string> match;  // "gmail.com", "mx.example.net", "*.outlook.com"
  SiteLimits limits;
};

// Which site mail belongs to, and how fast the site may be served. Pure; the first rule that
// matches wins.
class SiteTable {
 public:
  SiteTable() = default;
  SiteTable(SiteLimits defaults, std::vector<SiteRule> rules)
      : defaults_(std::move(defaults)), rules_(std::move(rules)) {}

  struct Match {
    std::string site;          // the rule's id or the host, then the service
    std::string rule;          // its id; empty when none matches
    const SiteLimits* limits;  // owned by this table
  };
  // Domains that share their first mail host share a site, whether a rule names it or not. The
  // domain in lower case.
  Match find(std::string_view domain, const MailHost& host) const;

  // The limits that the rule of this id sets; of what no rule matches otherwise.
  const SiteLimits& limits_of(std::string_view rule) const;

 private:
  SiteLimits defaults_;
  std::vector<SiteRule> rules_;
};

}  // namespace waypost::shaping
