#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "config/complaint.h"
#include "config/table_checks.h"

namespace waypost::config {
namespace {

// A local part has 64 octets (RFC 5321 §4.5.3.1.1), the code 49, and a hyphen is in between.
constexpr size_t unsubscribe_name_octets_max = 14;

bool is_plain_in_addresses(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return base::is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '+';
  });
}

// The field that is added holds an address: a name of `unsubscribe`, "-" and a code.
void check_unsubscribe_streams(Notebook& notebook, const ReturnPathRule& rule,
                               const std::string& path) {
  if (rule.unsubscribe_streams.empty() || !notebook.is_usable(path + ".unsubscribe")) return;
  if (rule.unsubscribe.empty())
    refuse_at(notebook, notebook.place(path + ".unsubscribe_streams"),
              {"there is no address that could stand in the field", "",
               "write `unsubscribe = [\"unsubscribe\"]` beside it"});
  else if (rule.unsubscribe.front().size() > unsubscribe_name_octets_max ||
           !is_plain_in_addresses(rule.unsubscribe.front()))
    refuse_at(notebook, notebook.place(path + ".unsubscribe"),
              {"the addresses that `unsubscribe_streams` asks for cannot begin with the first name",
               fmt::format("expected at most {} letters and digits", unsubscribe_name_octets_max),
               "put a short one first, like \"unsubscribe\""});
}

}  // namespace

// Listeners that are open to strangers, and the domains that these may write to, need each other.
void check_inbound(Notebook& notebook, const Config& config) {
  bool is_open = false;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    is_open = is_open || config.listeners[i].inbound;
    if (!config.listeners[i].inbound || !config.inbound.empty() || !config.return_paths.empty())
      continue;
    refuse_at(notebook, notebook.place(item("listener", i) + ".inbound"),
              {"there is no domain that strangers could write to", "",
               "add\n[[inbound]]\ndomains = [\"example.com\"]"});
  }
  for (size_t i = 0; i < config.inbound.size(); ++i) {
    std::string path = item("inbound", i);
    Place domains = notebook.place(path + ".domains");
    if (domains.line != 0 && notebook.is_usable(path + ".domains") &&
        config.inbound[i].domains.empty())
      refuse_at(notebook, domains, {"`domains` is empty", "expected at least one domain", ""});
  }
  if (is_open || config.inbound.empty() || !notebook.is_usable("listener")) return;
  warn_at(notebook, notebook.place(item("inbound", 0)),
          {"no listener takes this mail", "",
           "write `inbound = true` under the [[listener]] that strangers reach, mostly the one on "
           "port 25"});
}

// Whether something comes back at all, and where it ends, shows only when it is too late.
void check_return_paths(Notebook& notebook, const Config& config) {
  std::map<std::string, Place> domains;
  bool is_open = !notebook.is_usable("listener");
  for (const Listener& listener : config.listeners) is_open = is_open || listener.inbound;
  for (size_t i = 0; i < config.return_paths.size(); ++i) {
    const ReturnPathRule& rule = config.return_paths[i];
    const std::string path = item("return_path", i);
    if (!rule.domain.empty())
      check_once(notebook, domains, rule.domain, notebook.place(path + ".domain"),
                 "[[return_path]]", "domain");
    for (const Inbound& inbound : config.inbound)
      if (std::find(inbound.domains.begin(), inbound.domains.end(), rule.domain) !=
          inbound.domains.end())
        refuse_at(notebook, notebook.place(path + ".domain"),
                  {"this domain is one of [[inbound]] as well", "",
                   "a return path needs a name of its own, like \"bounces." + rule.domain + "\""});
    check_unsubscribe_streams(notebook, rule, path);
    const std::string people = base::to_lower(rule.forward_to);
    for (const ReturnPathRule& other : config.return_paths)
      if (!other.domain.empty() && people.ends_with("@" + other.domain))
        refuse_at(notebook, notebook.place(path + ".forward_to"),
                  {"what is sent on would come back here", "",
                   "name a mailbox that somebody reads, in another domain"});
  }
  if (config.return_paths.empty()) return;
  const Place first = notebook.place(item("return_path", 0));
  if (!is_open)
    warn_at(notebook, first,
            {"no listener takes what comes back", "",
             "write `inbound = true` under the [[listener]] that the MX record of the domain leads "
             "to, mostly the one on port 25"});
  if (config.records.keep == Duration::zero())
    warn_at(notebook, first,
            {"without records, what comes back is matched only while the message waits", "",
             "set `keep` of [records] to as long as bounces may take, \"7d\" for example"});
}

}  // namespace waypost::config
