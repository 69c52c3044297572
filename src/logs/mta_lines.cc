#include "logs/mta_lines.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace waypost::logs {
namespace {

constexpr size_t none = std::string_view::npos;

// memmem is several times faster than string_view::find on lines where most do not match.
size_t find(std::string_view text, std::string_view what, size_t from = 0) {
  if (from >= text.size()) return none;
  const void* found = ::memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return found == nullptr ? none : size_t(static_cast<const char*>(found) - text.data());
}

// What stands behind `name` and before `end`; empty when `name` is not there.
std::string_view value(std::string_view line, std::string_view name, char end) {
  size_t at = find(line, name);
  if (at == none) return {};
  std::string_view rest = line.substr(at + name.size());
  return rest.substr(0, rest.find(end));
}

std::string_view without_brackets(std::string_view address) {
  if (address.starts_with('<')) address.remove_prefix(1);
  return address.substr(0, address.find('>'));
}

// "mx.example.net[192.0.2.1]:25" and "mx.example.net. [192.0.2.1]" -> "mx.example.net".
std::string_view host_in(std::string_view relay) {
  std::string_view host = relay.substr(0, relay.find_first_of("[ ("));
  if (host.ends_with('.')) host.remove_suffix(1);
  return host.find('.') == none ? std::string_view() : host;
}

bool is_on_this_host(std::string_view relay) {
  return relay.starts_with("127.") || relay.starts_with("localhost[") ||
         relay.starts_with("[::1]") || relay.starts_with("::1[");
}

// "250 2.0.0 Ok: queued as 4F9K2" -> "4F9K2". A mailbox server queues nothing.
std::string_view queued_as(std::string_view reply) {
  constexpr std::string_view words = "queued as ";
  size_t at = find(reply, words);
  if (at == none) return {};
  std::string_view id = reply.substr(at + words.size());
  return id.substr(0, id.find_first_of(" ,;)"));
}

// What was handed to a filter on this host comes back and is told again when it leaves, under an
// id that this line does not name: not yet an outcome.
bool is_handed_to_filter(std::string_view relay, std::string_view reply) {
  if (is_on_this_host(relay)) return find(reply, "250 2.6.0") != none;
  size_t service = find(reply, "delivered via ");
  if (service == none) return false;
  std::string_view name = reply.substr(service);
  return find(name, "filter") != none || find(name, "spam") != none || find(name, "amavis") != none;
}

// What stands before `at`, " postfix/smtp[17]: 4F9K2:" -> "4F9K2".
std::string_view queue_id_before(std::string_view line, size_t at) {
  std::string_view head = line.substr(0, at);
  if (head.ends_with(':')) head.remove_suffix(1);
  size_t blank = head.rfind(' ');
  return blank == none ? head : head.substr(blank + 1);
}

bool is_two_digits(std::string_view text, size_t at) {
  return at + 1 < text.size() && base::is_digit(text[at]) && base::is_digit(text[at + 1]);
}

}  // namespace

std::string_view time_of_line(std::string_view line) {
  constexpr size_t syslog_octets = 15;  // "Nov 22 03:04:05"
  constexpr size_t date_octets = 19;    // "2026-11-22 03:04:05"
  if (line.size() >= syslog_octets && base::is_alpha(line[0]) && line[3] == ' ' && line[9] == ':' &&
      line[12] == ':' && is_two_digits(line, 13))
    return line.substr(0, syslog_octets);
  if (line.starts_with('[')) line.remove_prefix(1);
  constexpr size_t php_octets = 20;  // "22-Nov-2026 03:04:05"
  if (line.size() >= php_octets && is_two_digits(line, 0) && line[2] == '-' && line[6] == '-' &&
      line[14] == ':' && line[17] == ':')
    return line.substr(0, php_octets);
  bool is_date = line.size() >= date_octets && base::is_digit(line[0]) && line[4] == '-' &&
                 line[7] == '-' && line[13] == ':' && line[16] == ':';
  if (!is_date) return {};
  size_t end = line.find_first_of(" ]\t", date_octets);
  constexpr size_t longest = 35;
  return line.substr(0, end == none || end > longest ? date_octets : end);
}

std::optional<PostfixLine> read_postfix_line(std::string_view line) {
  size_t status = find(line, ", status=");
  if (status == none) return std::nullopt;
  std::string_view outcome = line.substr(status + 9);
  PostfixLine read;
  LogEvent& event = read.event;
  if (outcome.starts_with("sent"))
    event.fate = Fate::delivered;
  else if (outcome.starts_with("deferred"))
    event.fate = Fate::deferred;
  else if (outcome.starts_with("bounced"))
    event.fate = Fate::bounced;
  else if (outcome.starts_with("expired") || outcome.starts_with("force-expired"))
    read.is_given_up = true;
  else
    return std::nullopt;
  std::string_view head = line.substr(0, status);
  size_t whom = find(head, read.is_given_up ? " from=<" : " to=<");
  if (whom == none) return std::nullopt;
  read.queue_id = queue_id_before(head, whom);
  event.time = time_of_line(line);
  if (read.is_given_up) {
    event.fate = Fate::bounced;
    event.reply = outcome;
    return read;
  }
  event.recipient = value(head.substr(whom), " to=<", '>');
  std::string_view relay = value(head.substr(whom), ", relay=", ',');
  event.host = host_in(relay);
  size_t open = outcome.find('(');
  if (open != none) event.reply = outcome.substr(open + 1);
  if (event.reply.ends_with(')')) event.reply.remove_suffix(1);
  if (event.fate != Fate::delivered) return read;
  if (is_on_this_host(relay)) read.handed_id = queued_as(event.reply);
  if (read.handed_id.empty() && is_handed_to_filter(relay, event.reply)) return std::nullopt;
  return read;
}

std::optional<LogEvent> read_exim_line(std::string_view line) {
  std::string_view time = time_of_line(line);
  if (time.empty()) return std::nullopt;
  // By syslog each line has a head, and maybe its own time behind that.
  constexpr size_t head_octets_max = 120;
  size_t name = find(line.substr(0, head_octets_max), " exim[");
  size_t head = name == none ? none : find(line, "]: ", name);
  if (head != none) {
    line.remove_prefix(head + 2);
    if (std::string_view own = time_of_line(line.substr(1)); !own.empty()) time = own;
  } else if (!base::is_digit(time[0])) {
    return std::nullopt;
  }
  size_t at = find(line, " ");
  // "... 1P1ce6-000Egt-GZ ** ann@example.net ...", maybe with "[pid]" before the id.
  LogEvent event;
  for (;; at = find(line, " ", at + 1)) {
    constexpr size_t flag_within = 80;
    if (at == none || at > flag_within) return std::nullopt;
    std::string_view rest = line.substr(at);
    if (rest.starts_with(" ** "))
      event.fate = Fate::bounced;
    else if (rest.starts_with(" == "))
      event.fate = Fate::deferred;
    else if (rest.starts_with(" => ") || rest.starts_with(" -> "))
      event.fate = Fate::delivered;
    else
      continue;
    break;
  }
  std::string_view rest = line.substr(at + 4);
  event.time = time;
  std::string_view address = rest.substr(0, rest.find_first_of(" :"));
  event.recipient = address;
  size_t inner = rest.find('<');
  if (address.find('@') == none && inner != none && inner < 200)
    event.recipient = without_brackets(rest.substr(inner));
  event.host = value(rest, " H=", ' ');
  if (event.fate == Fate::delivered) return event;
  size_t text = event.fate == Fate::deferred ? find(rest, " defer ") : find(rest, ": ");
  event.reply = text == none ? rest : rest.substr(text + (event.fate == Fate::deferred ? 1 : 2));
  return event;
}

void read_sendmail_line(std::string_view line, std::vector<LogEvent>& events) {
  size_t stat = find(line, ", stat=");
  if (stat == none) return;
  size_t to = find(line, " to=");
  if (to == none || to > stat) return;
  LogEvent event;
  event.reply = line.substr(stat + 7);
  // Not tried yet.
  if (event.reply.starts_with("queued")) return;
  if (event.reply.starts_with("Sent"))
    event.fate = Fate::delivered;
  else if (event.reply.starts_with("Deferred"))
    event.fate = Fate::deferred;
  else
    event.fate = Fate::bounced;
  event.time = time_of_line(line);
  event.host = host_in(value(line, ", relay=", ','));
  // "<ann@example.net>,<bob@example.net>, delay=..."
  std::string_view list = line.substr(to + 4, stat - to - 4);
  list = list.substr(0, find(list, ", "));
  while (!list.empty()) {
    size_t comma = list.find(',');
    event.recipient = without_brackets(list.substr(0, comma));
    if (!event.recipient.empty()) events.push_back(event);
    list.remove_prefix(comma == none ? list.size() : comma + 1);
  }
}

std::optional<LogEvent> read_opensmtpd_line(std::string_view line) {
  // Of what goes elsewhere the values stand in quotes, of mailboxes here they do not.
  size_t result = find(line, " result=");
  if (result == none || find(line, " to=<") == none) return std::nullopt;
  std::string_view outcome = line.substr(result + 8);
  const bool is_quoted = outcome.starts_with('"');
  if (is_quoted) outcome.remove_prefix(1);
  LogEvent event;
  if (outcome.starts_with("Ok"))
    event.fate = Fate::delivered;
  else if (outcome.starts_with("TempFail"))
    event.fate = Fate::deferred;
  else if (outcome.starts_with("PermFail"))
    event.fate = Fate::bounced;
  else
    return std::nullopt;
  event.time = time_of_line(line);
  event.recipient = value(line, " to=<", '>');
  size_t stat = find(line, " stat=", result);
  if (stat != none) event.reply = line.substr(std::min(line.size(), stat + (is_quoted ? 7 : 6)));
  if (is_quoted && event.reply.ends_with('"')) event.reply.remove_suffix(1);
  // relay="192.0.2.1 (mx.example.net)"
  event.host = value(value(line, " relay=\"", '"'), "(", ')');
  return event;
}

}  // namespace waypost::logs
