#include "config/checks.h"

#include <map>

#include <fmt/format.h>

#include "base/time.h"
#include "config/complaint.h"
#include "config/egress_checks.h"
#include "config/schema.h"
#include "config/table_checks.h"

namespace waypost::config {
namespace {

void check_required(Notebook& notebook) {
  for (const KeyText& key : find_section("")->keys)
    if (key.required && !notebook.is_written(std::string(key.name)))
      report_missing_key(notebook, "", key, {});
}

// What is said of browsers has no effect where none can come.
void check_http(Notebook& notebook, const Config& config) {
  if (config.http.address || notebook.is_written("http.address")) return;
  const auto warn = [&](const char* key) {
    warn_at(notebook, notebook.place(key),
            {"nothing listens for HTTP", "", "add `address = \"127.0.0.1:8025\"` under [http]"});
  };
  if (!config.http.hostnames.empty()) return warn("http.hostnames");
  if (config.http.behind_tls) warn("http.behind_tls");
}

void check_idle(Notebook& notebook, const Config& config) {
  if (!notebook.is_usable("limits.session_idle") ||
      config.limits.session_idle >= std::chrono::minutes(5))
    return;
  warn_at(notebook, notebook.place("limits.session_idle"),
          {"clients may be cut off while they still work", "expected at least \"5m\"",
           "RFC 5321 §4.5.3.2.7 asks a server to wait five minutes for the next command"});
}

void check_queue(Notebook& notebook, const Config& config) {
  const QueueSettings& queue = config.queue;
  if (!notebook.is_usable("queue.retry_first")) return;
  std::string first = base::to_human(queue.retry_first);
  if (notebook.is_usable("queue.retry_max") && queue.retry_first > queue.retry_max)
    refuse_at(notebook, first_written(notebook, "queue.retry_first", "queue.retry_max"),
              {"the first wait is longer than the longest", "",
               fmt::format("`retry_first` is {} and `retry_max` {}: raise `retry_max` or lower "
                           "`retry_first`",
                           first, base::to_human(queue.retry_max))});
  if (notebook.is_usable("queue.expire_after") && queue.expire_after <= queue.retry_first)
    refuse_at(notebook, first_written(notebook, "queue.expire_after", "queue.retry_first"),
              {"every message would expire before its second attempt", "",
               fmt::format("`expire_after` is {} and `retry_first` {}: a server that asks to come "
                           "back later would never be asked again",
                           base::to_human(queue.expire_after), first)});
}

void check_records(Notebook& notebook, const Config& config) {
  Duration keep = config.records.keep;
  bool too_short = keep > Duration::zero() && keep < config.queue.expire_after;
  if (!too_short || !notebook.is_usable("records.keep")) return;
  refuse_at(
      notebook, first_written(notebook, "records.keep", "queue.expire_after"),
      {"records of mail that still waits would be removed", "",
       fmt::format("`keep` of [records] is {} and `expire_after` of [queue] {}: raise `keep`, "
                   "or write `keep = \"0s\"` for no records at all",
                   base::to_human(keep), base::to_human(config.queue.expire_after))});
}

void check_signing_keys(Notebook& notebook, const Config& config) {
  std::map<std::string, Place> names;
  for (size_t i = 0; i < config.signing_keys.size(); ++i) {
    const SigningKeyRule& key = config.signing_keys[i];
    if (key.selector.empty() || key.domain.empty()) continue;
    check_once(notebook, names, key.selector + "._domainkey." + key.domain,
               notebook.place(item("signing_key", i) + ".selector"), "[[signing_key]]", "name");
  }
}

}  // namespace

void check_whole(Notebook& notebook, const Config& config,
                 std::span<const std::string> known_sites) {
  check_required(notebook);
  check_listeners(notebook, config);
  check_inbound(notebook, config);
  check_return_paths(notebook, config);
  check_tls(notebook, config);
  check_oauth(notebook, config);
  check_http(notebook, config);
  check_idle(notebook, config);
  check_queue(notebook, config);
  check_records(notebook, config);
  check_delivery(notebook, config);
  check_sites(notebook, config, known_sites);
  check_routes(notebook, config);
  check_egress(notebook, config);
  check_streams(notebook, config);
  check_signing_keys(notebook, config);
}

}  // namespace waypost::config
