#include "cli/timeline.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/terminal.h"

namespace waypost::cli {
namespace {

using events::Event;
using events::EventKind;

Style style_of(EventKind kind) {
  switch (kind) {
    case EventKind::delivered:
      return Style::good;
    case EventKind::deferred:
    case EventKind::expiring:
    case EventKind::held:
    case EventKind::port_switched:
    case EventKind::late_delayed:
    case EventKind::diagnosed:
      return Style::warning;
    case EventKind::bounced:
    case EventKind::expired:
    case EventKind::rejected:
    case EventKind::suppressed:
    case EventKind::late_bounced:
    case EventKind::complained:
      return Style::bad;
    case EventKind::accepted:
    case EventKind::cancelled:
    case EventKind::released:
    case EventKind::rescheduled:
    case EventKind::unsubscribed:
    case EventKind::auto_replied:
      break;
  }
  return Style::plain;
}

std::string clock_of(WallTime time) { return base::to_rfc3339(time).substr(11, 12); }
std::string minute_of(WallTime time) {
  return base::to_rfc3339(time).substr(0, 10) + " " + base::to_rfc3339(time).substr(11, 8);
}

std::string size_text(uint64_t octets) {
  if (octets < 1024) return fmt::format("{} B", octets);
  if (octets < 1024 * 1024) return fmt::format("{:.1f} KiB", double(octets) / 1024);
  return fmt::format("{:.1f} MiB", double(octets) / 1024 / 1024);
}

std::string shown_sender(const std::string& sender) { return sender.empty() ? "<>" : sender; }

// When it goes on, as people ask for it: "in 3 m 10 s (14:12:09)".
std::string until(WallTime time, WallTime now) {
  if (time <= now) return "now";
  return fmt::format("in {} ({} UTC)", base::to_human(time - now), clock_of(time).substr(0, 8));
}

// A label, then the value, as long as there is one.
void add_part(std::string& line, std::string_view label, const std::string& value) {
  if (value.empty()) return;
  line += fmt::format("{}{}{}", line.empty() ? "" : " · ", label, value);
}

std::string peer_text(const Event& event) {
  std::string text = event.peer.host;
  // A next hop that is named by its address is both.
  if (event.peer.address.starts_with(text + ":")) return event.peer.address;
  if (!event.peer.address.empty()) text += fmt::format(" [{}]", event.peer.address);
  return text;
}

// The certificate is "valid", or a sentence says why it is not.
std::string tls_text(const events::Peer& peer) {
  if (peer.tls.empty() || peer.certificate.empty()) return peer.tls;
  const bool is_sentence = peer.certificate.find("certificate") != std::string::npos;
  return fmt::format("{}, {}{}", peer.tls, is_sentence ? "" : "certificate ", peer.certificate);
}

// "out1 [192.0.2.10]"
std::string source_text(const events::Peer& peer) {
  if (peer.source.empty() || peer.source_address.empty()) return peer.source;
  return fmt::format("{} [{}]", peer.source, peer.source_address);
}

// Mail that was handed in on this machine has a user instead of an address.
constexpr std::string_view no_client = "0.0.0.0:0";
constexpr std::string_view user_prefix = "uid:";

// Who brought it: "from 192.0.2.7:50122 · login web · session 01KA #2".
std::string origin_text(const Event& event) {
  std::string details;
  if (event.client == no_client)
    add_part(details, "", "handed in on this machine");
  else
    add_part(details, "from ", event.client);
  if (event.login.starts_with(user_prefix))
    add_part(details, "by user ", event.login.substr(user_prefix.size()));
  else
    add_part(details, "login ", event.login);
  if (!event.session.empty())
    add_part(details, "session ",
             event.transaction > 0 ? fmt::format("{} #{}", event.session, event.transaction)
                                   : event.session);
  return details;
}

// "2026-11-22 09:00:00 UTC"
std::string scheduled_text(const Event& event) {
  if (!event.scheduled_at) return {};
  return fmt::format("{} {} UTC", base::to_rfc3339(*event.scheduled_at).substr(0, 10),
                     clock_of(*event.scheduled_at).substr(0, 8));
}

std::string accepted_details(const Event& event) {
  std::string details = origin_text(event);
  add_part(details, "", size_text(event.size_octets));
  add_part(details, "signed by ", event.signed_by);
  add_part(details, "Message-ID ", event.message_id);
  add_part(details, "subject ", event.subject.empty() ? "" : "\"" + event.subject + "\"");
  add_part(details, "tags ", fmt::format("{}", fmt::join(event.tags, " ")));
  add_part(details, "to be sent at ", scheduled_text(event));
  return details;
}

std::string attempt_details(const Event& event) {
  std::string details;
  add_part(details, "attempt ", event.attempt > 0 ? std::to_string(event.attempt) : "");
  add_part(details, "from ", source_text(event.peer));
  add_part(details, "", peer_text(event));
  add_part(details, "", tls_text(event.peer));
  if (event.took > Duration::zero()) add_part(details, "took ", base::to_human(event.took));
  bool went_wrong = event.kind != EventKind::delivered && event.phase.has_value();
  if (went_wrong) add_part(details, "at ", std::string(events::name(*event.phase)));
  return details;
}

// "resolve 2 ms, connect 30 ms, content 480 ms"
std::string steps_text(const Event& event) {
  std::vector<std::string> parts;
  for (const events::Step& step : event.steps)
    parts.push_back(fmt::format("{} {}", events::name(step.phase), base::to_human(step.took)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

// "mailbox-full, recipient acts; more: waypost explain rcpt-full"
std::string cause_text(const events::Cause& cause) {
  if (cause.reply_class.empty()) return {};
  std::string text = cause.reply_class;
  if (!cause.who.empty() && cause.who != "nobody" && cause.who != "unknown")
    text += fmt::format(", the {} must act", cause.who);
  if (!cause.rule.empty()) text += fmt::format(" (waypost explain {})", cause.rule);
  return text;
}

// What stands beside the word: who brought it, or whom it is about.
std::string first_line(const Event& event) {
  if (event.kind == EventKind::accepted) return accepted_details(event);
  if (event.kind == EventKind::rejected) return origin_text(event);
  std::string line = fmt::format("{}", fmt::join(event.recipients, ", "));
  add_part(line, "to be sent at ", scheduled_text(event));
  return line;
}

std::string event_lines(const Event& event, bool color) {
  std::string lines = fmt::format(
      "  {}  {}  {}\n", clock_of(event.at),
      styled(fmt::format("{:<9}", events::name(event.kind)), style_of(event.kind), color),
      styled(first_line(event), Style::plain, color));
  constexpr std::string_view indent = "                           ";
  if (!event.signing_trouble.empty())
    lines += fmt::format("{}{}\n", indent, styled(event.signing_trouble, Style::plain, color));
  if (event.kind == EventKind::accepted) return lines;
  if (std::string details = attempt_details(event); !details.empty())
    lines += fmt::format("{}{}\n", indent, styled(details, Style::dim, color));
  if (std::string steps = steps_text(event); !steps.empty())
    lines += fmt::format("{}{}\n", indent, styled(steps, Style::dim, color));
  if (!event.reply.empty())
    lines += fmt::format("{}{}\n", indent, styled(event.reply, Style::plain, color));
  if (std::string cause = cause_text(event.cause); !cause.empty())
    lines += fmt::format("{}{}\n", indent, styled(cause, Style::dim, color));
  if (event.next_attempt_at)
    lines += fmt::format("{}next attempt {} UTC\n", indent,
                         clock_of(*event.next_attempt_at).substr(0, 8));
  return lines;
}

// "delivered at first, bounced 3 h 2 m later"
std::string late_line(const Event& event, const std::vector<Event>& events, bool color) {
  const bool is_bounce = event.kind == EventKind::late_bounced;
  if (!is_bounce && event.kind != EventKind::late_delayed) return {};
  const auto delivered = std::find_if(events.begin(), events.end(), [&](const Event& earlier) {
    return earlier.kind == EventKind::delivered && earlier.recipients == event.recipients;
  });
  if (delivered == events.end() || event.at < delivered->at) return {};
  const std::string told =
      fmt::format("delivered at first, {} {} later", is_bounce ? "bounced" : "called late",
                  base::to_human(event.at - delivered->at));
  return fmt::format("                           {}\n", styled(told, Style::plain, color));
}

// An attempt after a restart may have the number of one that a crash cut off: the time tells.
bool is_of(const records::Transcript& transcript, const Event& event) {
  return transcript.attempt == event.attempt && transcript.at == event.at &&
         transcript.recipients == event.recipients;
}

std::string transcript_lines(std::string_view text, bool color) {
  constexpr std::string_view indent = "                           | ";
  std::string lines;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines += fmt::format("{}{}\n", indent, styled(line, Style::dim, color));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string headline(const Event& event, bool color) {
  std::string id = event.message ? event.message->text() : "refused";
  std::string line = fmt::format("{}  {}", styled(id, Style::bold, color), minute_of(event.at));
  // A login, or a connection, has neither.
  const bool has_envelope = event.message || !event.sender.empty() || !event.recipients.empty();
  if (has_envelope) line += "  " + styled(shown_sender(event.sender), Style::plain, color);
  if (!event.recipients.empty())
    line +=
        " -> " + styled(fmt::format("{}", fmt::join(event.recipients, ", ")), Style::plain, color);
  return line + "\n";
}

std::string headline(const queue::Standing& standing, bool color) {
  return fmt::format("{}  {}  {}\n", styled(standing.id.text(), Style::bold, color),
                     minute_of(standing.accepted_at),
                     styled(shown_sender(standing.sender), Style::plain, color));
}

}  // namespace

std::string render_event(const Event& event, bool color) { return event_lines(event, color); }

std::string render_timeline(const std::vector<Event>& events,
                            const std::vector<queue::Standing>& waiting, WallTime now, bool color,
                            const std::vector<records::Transcript>& transcripts) {
  std::string page;
  if (!events.empty())
    page += headline(events.front(), color);
  else if (!waiting.empty())
    page += headline(waiting.front(), color);
  for (const Event& event : events) {
    page += event_lines(event, color);
    page += late_line(event, events, color);
    for (const records::Transcript& transcript : transcripts)
      if (is_of(transcript, event)) page += transcript_lines(*transcript.text, color);
  }
  for (const queue::Standing& standing : waiting) page += render_standing(standing, now, color);
  return page;
}

std::string render_standing(const queue::Standing& standing, WallTime now, bool color) {
  std::string page =
      fmt::format("  {}  {}  {}\n", "now         ",
                  styled(fmt::format("{:<9}", queue::name(standing.hold)), Style::warning, color),
                  styled(standing.recipient, Style::plain, color));
  constexpr std::string_view indent = "                           ";
  page += fmt::format("{}{}\n", indent, styled(standing.reason, Style::plain, color));
  if (!standing.limit_origin.empty())
    page += fmt::format("{}limit set by: {}\n", indent,
                        styled(standing.limit_origin, Style::plain, color));
  if (standing.next_attempt_at != WallTime())
    page += fmt::format("{}next attempt {}\n", indent, until(standing.next_attempt_at, now));
  if (standing.attempts > 0) {
    std::vector<std::string> last{fmt::format("after attempt {}", standing.attempts)};
    if (!standing.last_host.empty()) last.push_back(standing.last_host);
    if (standing.last_reply != standing.reason) last.push_back(standing.last_reply);
    page += fmt::format("{}{}\n", indent,
                        styled(fmt::format("{}", fmt::join(last, " · ")), Style::dim, color));
  }
  if (!standing.diagnosis.empty())
    page +=
        fmt::format("{}diagnosis: {}\n", indent, styled(standing.diagnosis, Style::warning, color));
  page += fmt::format("{}given up {}{}\n", indent, until(standing.expires_at, now),
                      standing.has_deadline ? ": it has a deadline" : "");
  return page;
}

std::string render_queue_line(const queue::Standing& standing, WallTime now, bool color) {
  std::string next;
  if (standing.next_attempt_at != WallTime())
    next = ", next " + until(standing.next_attempt_at, now);
  if (standing.has_deadline) next += ", given up " + until(standing.expires_at, now);
  return fmt::format("{}  {:>9}  {:>8}  {} -> {}\n      {}: {}{}\n",
                     styled(standing.id.text(), Style::bold, color),
                     base::to_human(now - standing.accepted_at), size_text(standing.size_octets),
                     styled(shown_sender(standing.sender), Style::plain, color),
                     styled(standing.recipient, Style::plain, color),
                     styled(queue::name(standing.hold), Style::warning, color),
                     styled(standing.reason, Style::plain, color), next);
}

}  // namespace waypost::cli
