#include "logs/line_reader.h"

#include "base/ascii.h"
#include "logs/mta_lines.h"
#include "logs/service_events.h"

namespace waypost::logs {
namespace {

constexpr size_t none = std::string_view::npos;
constexpr size_t reply_octets_max = 8192;

std::string_view behind(std::string_view line, std::string_view mark) {
  size_t at = line.find(mark);
  return at == none ? std::string_view() : line.substr(at + mark.size());
}

bool starts_with_code(std::string_view text) {
  return text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && base::is_digit(text[1]) &&
         base::is_digit(text[2]) && (text.size() == 3 || text[3] == ' ' || text[3] == '-');
}

}  // namespace

const std::vector<LogEvent>& LineReader::read(std::string_view line) {
  events_.clear();
  texts_.clear();
  ++lines_;
  line = line.substr(0, line_octets_max);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return events_;
  if (line[0] == '{' || line.starts_with("[{")) {
    read_json(line);
    return events_;
  }
  if (read_dialogue(line)) return events_;
  for (auto* read : {read_postfix_line, read_sendmail_line, read_opensmtpd_line})
    if (auto event = read(line)) {
      events_.push_back(*event);
      return events_;
    }
  // Exim's lines begin with a date and time; most others are no Exim lines.
  if (base::is_digit(line[0]))
    if (auto event = read_exim_line(line)) events_.push_back(*event);
  return events_;
}

void LineReader::read_json(std::string_view line) {
  for (ServiceEvent& event : read_service_events(line)) {
    auto keep = [&](std::string text) -> std::string_view {
      texts_.push_back(std::move(text));
      return texts_.back();
    };
    events_.push_back({event.fate, keep(std::move(event.time)), keep(std::move(event.recipient)),
                       keep(std::move(event.host)), keep(std::move(event.reply))});
  }
}

// PHPMailer ("CLIENT -> SERVER: ", "SERVER -> CLIENT: ") and Nodemailer ("C: ", "S: "), and the
// further lines of a reply, which PHPMailer prints without a mark.
bool LineReader::read_dialogue(std::string_view line) {
  if (const std::string_view further = base::trim(line);
      in_dialogue_ && !reply_.empty() && starts_with_code(further)) {
    said_by_server(line, further);
    return true;
  }
  // Both marks hold a colon and a blank near the start.
  constexpr size_t mark_within = 120;
  std::string_view head = line.substr(0, mark_within);
  std::string_view client = behind(head, "CLIENT -> SERVER: ");
  if (client.empty()) client = behind(head, "] C: ");
  // An empty line of content, whose blank was cut away.
  if (base::trim(head).ends_with("CLIENT -> SERVER:")) return true;
  if (base::trim(head).ends_with("SERVER -> CLIENT:")) return true;
  if (!client.empty()) {
    in_dialogue_ = true;
    reply_.clear();
    client = line.substr(size_t(client.data() - line.data()));
    if (base::starts_with_ignoring_case(client, "RCPT TO:")) {
      recipient_ = behind(client, "<").substr(0, behind(client, "<").find('>'));
    }
    at_dot_ = base::trim(client) == "." || client.find(" bytes encoded") != none;
    if (base::starts_with_ignoring_case(client, "MAIL FROM")) recipient_.clear();
    return true;
  }
  std::string_view server = behind(head, "SERVER -> CLIENT: ");
  if (server.empty()) server = behind(head, "] S: ");
  if (server.empty()) {
    std::string_view failure = behind(head, "SMTP ERROR: Failed to connect to server: ");
    if (failure.empty()) return false;
    failure = line.substr(size_t(failure.data() - line.data()));
    events_.push_back({Fate::deferred, time_of_line(line), {}, {}, failure});
    return true;
  }
  in_dialogue_ = true;
  said_by_server(line, line.substr(size_t(server.data() - line.data())));
  return true;
}

void LineReader::said_by_server(std::string_view line, std::string_view text) {
  if (!starts_with_code(text) || reply_.size() > reply_octets_max) {
    reply_.clear();
    return;
  }
  if (!reply_.empty()) reply_ += ' ';
  reply_ += text;
  if (text.size() > 3 && text[3] == '-') return;
  texts_.push_back(std::move(reply_));
  texts_.push_back(recipient_);
  reply_.clear();
  std::string_view reply = texts_[0];
  bool is_refusal = reply[0] == '4' || reply[0] == '5';
  if (is_refusal)
    events_.push_back({reply[0] == '4' ? Fate::deferred : Fate::bounced,
                       time_of_line(line),
                       texts_[1],
                       {},
                       reply});
  else if (at_dot_ && reply[0] == '2')
    events_.push_back({Fate::delivered, time_of_line(line), texts_[1], {}, reply});
  at_dot_ = false;
}

}  // namespace waypost::logs
