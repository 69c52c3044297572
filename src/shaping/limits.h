#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace waypost::shaping {

// A limit and who set it ("waypost.toml:31", "built-in default"): whoever waits can be told why.
template <class T>
struct Sourced {
  T value;
  std::string origin = "built-in default";
};

// How fast one site may be served. Of the counts over time, 0 is no limit.
struct SiteLimits {
  Sourced<unsigned> connections{20};
  Sourced<unsigned> connections_per_minute{0};  // new ones, in any minute
  Sourced<double> messages_per_second{0};       // a message to several recipients is one
  Sourced<unsigned> messages_per_hour{0};       // in any hour
  Sourced<unsigned> messages_per_day{0};        // in any 24 hours
  Sourced<unsigned> messages_per_connection{100};
  Sourced<unsigned> recipients_per_message{50};
};

// Calls visit(name, member pointer) for each limit.
template <class Visit>
void each_limit(Visit visit) {
  visit("connections", &SiteLimits::connections);
  visit("connections_per_minute", &SiteLimits::connections_per_minute);
  visit("messages_per_second", &SiteLimits::messages_per_second);
  visit("messages_per_hour", &SiteLimits::messages_per_hour);
  visit("messages_per_day", &SiteLimits::messages_per_day);
  visit("messages_per_connection", &SiteLimits::messages_per_connection);
  visit("recipients_per_message", &SiteLimits::recipients_per_message);
}

// Limits that set nothing: each has no origin. A rule sets some of them.
SiteLimits no_limits();
// `limits`, but what `changes` sets is as it says.
SiteLimits changed(SiteLimits limits, const SiteLimits& changes);
// `limits`, but never more than what `most` sets.
SiteLimits within(SiteLimits limits, const SiteLimits& most);

// The first host that takes mail for a domain, or that we hand it to.
struct MailHost {
  std::string name;  // in lower case
  // Of a next hop, ":587/shop": port, and login if there is one. One host may serve many ports and
  // accounts, and the trouble of one is none of the others'. Empty for the mail hosts of a domain.
  std::string service;
};

// What we hand mail to instead of the mail hosts of its domain; without login: empty.
MailHost next_hop(std::string name, uint16_t port, std::string_view login);

// What we take of `theirs`, which a provider allows: a fifth less, and one at least, since others
// may use the account as well, and whoever counts anew at midnight counts otherwise than we do. 0,
// no limit, stays 0.
Sourced<unsigned> stay_under(const Sourced<unsigned>& theirs);

// What is known of a site ahead: which hosts or recipient domains make it up, and its limits.
struct SiteRule {
  std::string id;                  // becomes the name of the site
  std::vector<std::string> match;  // "gmail.com", "mx.example.net", "*.outlook.com"
  SiteLimits limits;
  // Only mail hosts match, not recipient domains and not next hops: what a provider says of its
  // mail hosts says nothing of a relay that takes mail for its domains.
  bool mail_hosts_only = false;
  bool each_host_alone = false;  // each mail host is a site of its own, with these limits
};

// What the account at a next hop is used for at most, over the limits of its site.
struct AccountLimits {
  MailHost hop;
  SiteLimits most = no_limits();
};

// Which site mail belongs to, and how fast the site may be served. Pure; the first rule that
// matches wins.
class SiteTable {
 public:
  SiteTable() = default;
  SiteTable(SiteLimits defaults, std::vector<SiteRule> rules);
  // Of several limits for one account the lowest holds.
  void add_account(const AccountLimits& account);

  struct Match {
    std::string site;          // the rule's id or the host, then the service
    std::string rule;          // its id; empty when none matches
    const SiteLimits* limits;  // owned by this table
  };
  // Domains that share their first mail host share a site, whether a rule names it or not. The
  // domain in lower case. An account with limits is a site of its own, whatever the domain: all
  // that goes by it counts. In time that does not depend on the number of rules.
  Match find(std::string_view domain, const MailHost& host) const;

  bool has_rule(std::string_view id) const;
  // Those that the rule of this id sets, or the account of a site that find() named; of what is
  // neither otherwise.
  const SiteLimits& limits_of(std::string_view rule, std::string_view site = {}) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Account {
    std::string rule;  // of its host
    SiteLimits limits;
  };
  // The first rule with each pattern: a name, or what "*." stands in front of.
  using Index = std::unordered_map<std::string, size_t, Hash, std::equal_to<>>;
  struct Patterns {
    Index exact;
    Index below;
    size_t find(std::string_view name) const;  // SIZE_MAX when there is none
  };

  SiteLimits defaults_;
  std::vector<SiteRule> rules_;
  Patterns of_any_;         // that match recipient domains and hosts alike
  Patterns of_mail_hosts_;  // of the rules for mail hosts only
  std::unordered_map<std::string, Account, Hash, std::equal_to<>> accounts_;  // by site
};

}  // namespace waypost::shaping
