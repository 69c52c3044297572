#include "bounces/reply_words.h"

#include <algorithm>

#include "base/ascii.h"
#include "message/dsn_reader.h"

namespace waypost::bounces {
namespace {

constexpr size_t reply_octets_max = 4000;

size_t first_status_end(std::string_view reply) {
  std::string_view status = message::first_status(reply);
  return status.empty() ? reply.size() : size_t(status.data() - reply.data()) + status.size();
}

}  // namespace

std::string status_in(std::string_view reply) { return std::string(message::first_status(reply)); }

std::string quoted_reply(std::string_view reply) {
  constexpr size_t words_before_max = 80;
  size_t quote = reply.substr(0, words_before_max).find("-'");
  if (quote == std::string_view::npos || quote < 4 || first_status_end(reply) > quote) return {};
  std::string_view code = reply.substr(quote - 3, 3);
  bool is_code =
      (code[0] == '4' || code[0] == '5') && base::is_digit(code[1]) && base::is_digit(code[2]);
  std::string_view quoted = reply.substr(quote + 2);
  quoted = quoted.substr(0, quoted.rfind('\''));
  if (!is_code || quoted.empty()) return {};
  return std::string(code) + " " + std::string(quoted);
}

std::string joined_reply(std::string_view reply) {
  // "550-5.1.1 No 550-5.1.1 such 550 5.1.1 user": a reply of several lines that somebody folded.
  size_t at = 0;
  auto is_code_at = [&](size_t place) {
    return place + 4 <= reply.size() && (reply[place] == '4' || reply[place] == '5') &&
           base::is_digit(reply[place + 1]) && base::is_digit(reply[place + 2]) &&
           (place == 0 || reply[place - 1] == ' ');
  };
  while (at + 4 <= reply.size() && !(is_code_at(at) && reply[at + 3] == '-')) ++at;
  if (at + 4 > reply.size()) return {};
  std::string_view code = reply.substr(at, 3);
  std::string joined(reply.substr(0, at + 3));
  joined += ' ';
  std::string_view status = message::first_status(reply.substr(at + 4, 12));
  for (at += 4; at < reply.size(); ++at) {
    bool is_again = is_code_at(at) && reply.substr(at, 3) == code &&
                    (reply[at + 3] == '-' || reply[at + 3] == ' ');
    if (!is_again) {
      joined += reply[at];
      continue;
    }
    at += 3;
    if (!status.empty() && reply.substr(at + 1).starts_with(status)) at += status.size() + 1;
  }
  return joined;
}

std::string spoken_reply(std::string_view reply) {
  std::string quoted = quoted_reply(reply);
  return quoted.empty() ? joined_reply(reply) : quoted;
}

std::string on_one_line(std::string_view text) {
  std::string line;
  line.reserve(std::min(text.size(), reply_octets_max));
  for (char c : text) {
    bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (is_blank && (line.empty() || line.back() == ' ')) continue;
    if (line.size() >= reply_octets_max) break;
    line += is_blank ? ' ' : c;
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace waypost::bounces
