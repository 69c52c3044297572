#include "logs/dialogue.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "logs/mta_lines.h"

namespace waypost::logs {
namespace {

constexpr size_t none = std::string_view::npos;
// The marks stand near the start of a line.
constexpr size_t mark_within = 120;

std::string_view behind(std::string_view line, std::string_view mark) {
  size_t at = line.substr(0, mark_within + mark.size()).find(mark);
  return at == none ? std::string_view() : line.substr(at + mark.size());
}

bool starts_with_code(std::string_view text) {
  return text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && base::is_digit(text[1]) &&
         base::is_digit(text[2]) && (text.size() == 3 || text[3] == ' ' || text[3] == '-');
}

// A refused EHLO is followed by HELO, a refused QUIT by nothing.
bool is_question(std::string_view command) {
  for (std::string_view word : {"EHLO", "RSET", "NOOP", "QUIT"})
    if (base::starts_with_ignoring_case(command, word)) return true;
  return false;
}

// "[2026-11-22 03:04:05] DEBUG [a1B2] C: QUIT" -> "a1B2".
std::string_view session_id(std::string_view line, std::string_view mark) {
  std::string_view head = line.substr(0, line.find(mark));
  size_t open = head.rfind('[');
  return open == none ? std::string_view() : head.substr(open + 1);
}

struct Entity {
  std::string_view name;
  char letter;
};
constexpr std::array<Entity, 6> entities{{{"&lt;", '<'},
                                          {"&gt;", '>'},
                                          {"&quot;", '"'},
                                          {"&#039;", '\''},
                                          {"&#39;", '\''},
                                          {"&amp;", '&'}}};

// PHPMailer's output for browsers, with its tags of line ends away.
std::string text_of_html_line(std::string_view line) {
  std::string text;
  text.reserve(line.size());
  for (size_t at = 0; at < line.size();) {
    std::string_view rest = line.substr(at);
    if (rest.starts_with("<br")) {
      at += std::min(rest.find('>'), rest.size() - 1) + 1;
      continue;
    }
    auto known = std::find_if(entities.begin(), entities.end(),
                              [&](const Entity& one) { return rest.starts_with(one.name); });
    text += known == entities.end() ? rest[0] : known->letter;
    at += known == entities.end() ? 1 : known->name.size();
  }
  return text;
}

// What went wrong before the server said anything; what it said is told by its own line.
std::string_view failure_without_reply(std::string_view line) {
  std::string_view failure = behind(line, "SMTP ERROR: Failed to connect to server: ");
  if (!failure.empty()) return failure;
  failure = behind(line, "ERROR Send Error: ");
  for (size_t blank = failure.find(' '); blank != none; blank = failure.find(' ', blank + 1))
    if (starts_with_code(failure.substr(blank + 1))) return {};
  return failure;
}

// "SMTP ERROR: RCPT TO command failed: 550 5.1.1 no" -> "550 5.1.1 no": all that PHPMailer tells of
// a reply while it does not show those of the server. EHLO is followed by HELO.
std::string_view failed_command(std::string_view line) {
  std::string_view failure = behind(line, "SMTP ERROR: ");
  if (failure.empty() || is_question(failure)) return {};
  return behind(failure, " command failed: ");
}

// HTML output has lost the line ends of a reply: "550-5.1.1 No550 5.1.1 user" gets blanks. So has
// what somebody copied from a browser.
std::string with_blanks(std::string_view reply) {
  std::string_view code = reply.substr(0, 3);
  std::string spaced;
  for (size_t at = 0; at < reply.size(); ++at) {
    std::string_view rest = reply.substr(at);
    bool is_again = at > 3 && rest.size() > 3 && rest.starts_with(code) &&
                    (rest[3] == '-' || rest[3] == ' ') && !base::is_digit(reply[at - 1]) &&
                    reply[at - 1] != ' ';
    if (is_again) spaced += ' ';
    spaced += reply[at];
  }
  return spaced;
}

// "550-5.1.1 No 550 5.1.1 user".
bool has_last_line(std::string_view whole) {
  return whole.find(" " + std::string(whole.substr(0, 3)) + " ") != none;
}

}  // namespace

Dialogues::Session& Dialogues::session(std::string_view id) {
  auto known = sessions_.find(std::string(id));
  if (known != sessions_.end()) return known->second;
  // Sessions do not say when they end; a log has ever new ones.
  if (sessions_.size() >= sessions_max) sessions_.clear();
  return sessions_[std::string(id)];
}

bool Dialogues::read(std::string_view line, std::vector<LogEvent>& events,
                     std::deque<std::string>& texts) {
  const Told told{events, texts};
  if (Session* open = std::exchange(goes_on_, nullptr))
    if (const std::string_view further = base::trim(line); starts_with_code(further)) {
      said_by_server(*open, time_of_line(line), further, told);
      if (!open->reply.empty()) goes_on_ = open;
      return true;
    }
  constexpr size_t html_within = 60;
  const bool is_html = line.substr(0, html_within).find(" -&gt; ") != none;
  if (!is_html) return read_marked(line, false, told);
  texts.push_back(text_of_html_line(line));
  return read_marked(texts.back(), true, told);
}

bool Dialogues::read_marked(std::string_view line, bool is_html, Told told) {
  const std::string_view head = base::trim(line.substr(0, mark_within));
  // An empty line of content, whose blank was cut away.
  if (head.ends_with("CLIENT -> SERVER:") || head.ends_with("SERVER -> CLIENT:")) return true;
  if (std::string_view text = behind(line, "CLIENT -> SERVER: "); !text.empty()) {
    said_by_client(session({}), text);
    return true;
  }
  if (std::string_view text = behind(line, "] C: "); !text.empty()) {
    said_by_client(session(session_id(line, "] C: ")), text);
    return true;
  }
  std::string_view id;
  std::string_view text = behind(line, "SERVER -> CLIENT: ");
  if (text.empty()) {
    text = behind(line, "] S: ");
    if (!text.empty()) id = session_id(line, "] S: ");
  }
  if (text.empty()) {
    text = failed_command(line);
    // The server was shown saying it.
    if (!text.empty() && session({}).was_refused) return true;
  }
  if (text.empty()) {
    std::string_view failure = failure_without_reply(line);
    if (failure.empty()) return false;
    told.events.push_back({Fate::deferred, time_of_line(line), {}, {}, failure});
    return true;
  }
  Session& one = session(id);
  const bool goes_on = text.size() > 3 && text[3] == '-' && starts_with_code(text);
  std::string whole = goes_on ? with_blanks(text) : std::string();
  const bool was_joined = whole.size() > text.size() && has_last_line(whole);
  if (goes_on && (is_html || was_joined)) {
    whole[3] = ' ';
    said_by_server(one, time_of_line(line), whole, told);
  } else {
    said_by_server(one, time_of_line(line), text, told);
  }
  // PHPMailer prints the further lines of a reply without a mark, each of Nodemailer's has one.
  if (id.empty() && !one.reply.empty()) goes_on_ = &one;
  return true;
}

void Dialogues::said_by_client(Session& session, std::string_view text) {
  session.reply.clear();
  if (base::starts_with_ignoring_case(text, "RCPT TO:") && text.find('<') != none) {
    std::string_view address = text.substr(text.find('<') + 1);
    session.recipient = address.substr(0, address.find('>'));
  }
  if (base::starts_with_ignoring_case(text, "MAIL FROM")) session.recipient.clear();
  session.is_asking = is_question(text);
  session.was_refused = false;
  session.at_dot = base::trim(text) == "." || text.find(" bytes encoded") != none;
}

void Dialogues::said_by_server(Session& session, std::string_view time, std::string_view text,
                               Told told) {
  if (!starts_with_code(text) || session.reply.size() > reply_octets_max) {
    session.reply.clear();
    return;
  }
  if (!session.reply.empty()) session.reply += ' ';
  session.reply += text.substr(0, reply_octets_max);
  if (text.size() > 3 && text[3] == '-') return;
  told.texts.push_back(std::exchange(session.reply, {}));
  std::string_view reply = told.texts.back();
  told.texts.push_back(session.recipient);
  std::string_view recipient = told.texts.back();
  bool is_refusal = reply[0] == '4' || reply[0] == '5';
  session.was_refused = is_refusal;
  if (is_refusal && session.is_asking) return;
  if (is_refusal)
    told.events.push_back(
        {reply[0] == '4' ? Fate::deferred : Fate::bounced, time, recipient, {}, reply});
  else if (session.at_dot && reply[0] == '2')
    told.events.push_back({Fate::delivered, time, recipient, {}, reply});
  session.at_dot = false;
}

}  // namespace waypost::logs
