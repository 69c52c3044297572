#include "cli/top_frame.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/progress.h"
#include "cli/providers_command.h"
#include "cli/terminal.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

constexpr size_t site_columns = 30;
constexpr size_t sites_in_json_max = 50;
// Lines that sites get at least, and problems at most, where there is not room for all.
constexpr size_t problem_lines = 3;
constexpr size_t sites_lines_min = 4;

class Frame {
 public:
  Frame(size_t columns, size_t rows, bool color) : columns_(columns), rows_(rows), color_(color) {}

  bool full() const { return lines_.size() >= rows_; }
  size_t left() const { return rows_ - std::min(rows_, lines_.size()); }
  // Cut to the columns; style goes around the whole line, so that a cut cannot split it.
  void add(const std::string& text, Style style = Style::plain) {
    if (full()) return;
    std::string line = in_columns(text, columns_);
    line.erase(line.find_last_not_of(' ') + 1);
    lines_.push_back(styled(line, style, color_));
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  const size_t columns_;
  const size_t rows_;
  const bool color_;
  std::vector<std::string> lines_;
};

Style style_of(const SiteState& site) {
  if (site.measure == "stop" || site.measure == "probe") return Style::bad;
  if (site.measure == "slow") return Style::warning;
  return Style::plain;
}

void add_summary(const TopView& view, Frame& frame) {
  const RelayState& relay = view.relay;
  frame.add(fmt::format("waypost top   {} UTC   accepted {:.1f}/s   delivered {:.1f}/s",
                        base::to_rfc3339(view.now).substr(11, 8), view.accepted_per_second,
                        view.delivered_per_second),
            Style::bold);
  if (!view.relay_runs) frame.add(view.trouble, Style::bad);
  frame.add(
      fmt::format("queue    {} messages, {} recipients: {} ready, {} deferred, {} paused, {} "
                  "being looked up, {} being sent or held",
                  relay.messages, relay.queued, relay.ready, relay.deferred, relay.paused,
                  relay.resolving, relay.other));
  frame.add(fmt::format("since the start   {} accepted, {} delivered, {} bounced, {} expired",
                        relay.accepted, relay.delivered, relay.bounced, relay.expired));
  frame.add(fmt::format("machine  {} of memory, {} of disk left", octets_text(relay.memory),
                        octets_text(relay.disk_free)));
}

void add_sites(const TopView& view, size_t most, Frame& frame) {
  frame.add("");
  frame.add(fmt::format("{} {:>8} {:>7}  {}", in_columns("site", site_columns), "queued", "conn",
                        "what holds the next"),
            Style::dim);
  size_t shown = 0;
  for (const SiteState& site : view.relay.sites) {
    if (site.queued == 0 && site.measure == "open") continue;
    if (++shown > most) return frame.add("  and more: waypost providers", Style::dim);
    std::string why = site.hold.empty() ? site.measure : site.hold + ": " + site.reason;
    if (site.next_attempt_at > view.now)
      why = fmt::format("in {}, {}", base::to_human(site.next_attempt_at - view.now), why);
    frame.add(fmt::format("{} {:>8} {:>7}  {}", in_columns(site.name, site_columns), site.queued,
                          fmt::format("{}/{}", site.attempts, site.connections_max), why),
              style_of(site));
  }
}

void add_problems(const TopView& view, Frame& frame) {
  if (view.problems.empty()) return;
  frame.add("");
  frame.add("latest problems", Style::dim);
  for (const Problem& problem : view.problems) {
    if (frame.left() < problem_lines) return;
    frame.add(fmt::format("{} {:<9} {} at {}: {}", base::to_rfc3339(problem.at).substr(11, 8),
                          problem.what, problem.recipient,
                          problem.site.empty() ? "no host" : problem.site, problem.reply),
              problem.what == "deferred" ? Style::warning : Style::bad);
    frame.add(
        fmt::format("         {}{}{}",
                    problem.reply_class.empty() ? "not known to any rule" : problem.reply_class,
                    problem.remedy.empty() ? "" : ": ", problem.remedy));
    if (!problem.rule.empty())
      frame.add(fmt::format("         waypost explain {}", problem.rule), Style::dim);
  }
}

}  // namespace

std::vector<Problem> problems_of(const events::Event& event) {
  using events::EventKind;
  if (event.kind != EventKind::deferred && event.kind != EventKind::bounced &&
      event.kind != EventKind::expired)
    return {};
  std::vector<Problem> problems;
  for (const std::string& recipient : event.recipients) {
    if (problems.size() == problems_kept_max) break;
    problems.push_back({event.at, std::string(events::name(event.kind)), recipient, event.site,
                        event.reply, event.cause.reply_class, event.cause.rule,
                        event.cause.remedy});
  }
  return problems;
}

void set_rates(const RelayState& before, Duration between, TopView& view) {
  const double seconds = std::chrono::duration<double>(between).count();
  const RelayState& now = view.relay;
  view.accepted_per_second = view.delivered_per_second = 0;
  if (seconds <= 0 || now.accepted < before.accepted || now.delivered < before.delivered) return;
  view.accepted_per_second = double(now.accepted - before.accepted) / seconds;
  view.delivered_per_second = double(now.delivered - before.delivered) / seconds;
}

std::vector<std::string> render_top(const TopView& view, size_t columns, size_t rows, bool color) {
  Frame frame(columns, rows, color);
  add_summary(view, frame);
  // Half of what is left, as long as there are problems to show.
  const size_t left = frame.left();
  const size_t for_sites = view.problems.empty() ? left : std::max(left / 2, sites_lines_min);
  add_sites(view, for_sites > 3 ? for_sites - 3 : 0, frame);
  add_problems(view, frame);
  return frame.take();
}

std::string top_json(const TopView& view) {
  const RelayState& relay = view.relay;
  json::array sites;
  for (const SiteState& site : relay.sites) {
    if (sites.size() == sites_in_json_max) break;
    if (site.queued == 0 && site.measure == "open") continue;
    sites.push_back({{"site", base::to_valid_utf8(site.name)},
                     {"queued", site.queued},
                     {"connections", site.attempts},
                     {"connections_max", site.connections_max},
                     {"measure", site.measure},
                     {"hold", site.hold},
                     {"reason", base::to_valid_utf8(site.reason)}});
  }
  json::array problems;
  for (const Problem& problem : view.problems)
    problems.push_back({{"at", base::to_rfc3339(problem.at)},
                        {"event", problem.what},
                        {"recipient", base::to_valid_utf8(problem.recipient)},
                        {"site", base::to_valid_utf8(problem.site)},
                        {"reply", base::to_valid_utf8(problem.reply)},
                        {"class", problem.reply_class},
                        {"rule", problem.rule},
                        {"remedy", base::to_valid_utf8(problem.remedy)}});
  return json::serialize(json::object{{"at", base::to_rfc3339(view.now)},
                                      {"relay_runs", view.relay_runs},
                                      {"accepted_per_second", view.accepted_per_second},
                                      {"delivered_per_second", view.delivered_per_second},
                                      {"messages", relay.messages},
                                      {"queued", relay.queued},
                                      {"ready", relay.ready},
                                      {"deferred", relay.deferred},
                                      {"paused", relay.paused},
                                      {"resolving", relay.resolving},
                                      {"other", relay.other},
                                      {"accepted", relay.accepted},
                                      {"delivered", relay.delivered},
                                      {"bounced", relay.bounced},
                                      {"expired", relay.expired},
                                      {"memory", relay.memory},
                                      {"disk_free", relay.disk_free},
                                      {"sites", std::move(sites)},
                                      {"problems", std::move(problems)}});
}

}  // namespace waypost::cli
