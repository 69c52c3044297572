#include "classify/normal_text.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "classify/joined_line.h"
#include "classify/top_level_domains.h"

namespace waypost::classify {
namespace {

using base::is_alnum;
using base::is_digit;

constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
constexpr bool is_letter(char c) { return c >= 'a' && c <= 'z'; }  // after lower-casing
// RFC 5321 §4.1.2 Dot-string, and all of UTF-8 (RFC 6531).
constexpr bool is_local_part(char c) {
  return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}
constexpr bool is_domain(char c) {
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

class Masker {
 public:
  Masker(const JoinedLine& line, const KnownHosts& known, const OwnNames& own, NormalText& out)
      : text_(line.text), origin_(line.origin), known_(known), own_(own), out_(out) {}

  void run() {
    while (at_ < text_.size()) step();
    out_.origin.push_back(origin_[text_.size()]);
  }

 private:
  void step() {
    if (!is_word_start()) return copy(1);
    if (mask_address() || mask_ip() || mask_host() || mask_json()) return;
    if (is_alnum(text_[at_])) return word();
    copy(1);
  }

  bool is_word_start() const {
    if (at_ == 0 || masked_ || !continues_word(text_[at_ - 1])) return true;
    return at_ > 1 && text_[at_ - 1] == '.' && text_[at_ - 2] == '.';
  }

  static bool continues_word(char c) {
    return is_alnum(c) || c == '_' || c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
  }

  char peek(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

  void copy(size_t octets) {
    out_.text.append(text_, at_, octets);
    for (size_t i = 0; i < octets; ++i) out_.origin.push_back(origin_[at_ + i]);
    at_ += octets;
    masked_ = false;
  }

  // `mark` in the place of the next `octets`.
  void mask(size_t octets, std::string_view mark) {
    out_.text.append(mark);
    out_.origin.insert(out_.origin.end(), mark.size(), origin_[at_]);
    at_ += octets;
    masked_ = true;
  }

  bool mask_address() {
    if (at_ < no_address_before_ || !is_local_part(text_[at_])) return false;
    if (text_[at_] == '.' && at_ > 0 && text_[at_ - 1] == '.') return false;
    size_t at_sign = at_;
    // "not allowed...ann@example.com": dots in a row are punctuation, not part of an address.
    while (is_local_part(peek(at_sign)) && !(text_[at_sign] == '.' && peek(at_sign + 1) == '.'))
      ++at_sign;
    if (peek(at_sign) != '@') {
      no_address_before_ = at_sign;
      return false;
    }
    size_t end = at_sign + 1;
    if (peek(end) == '[') {
      while (end < text_.size() && text_[end] != ']' && !is_space(text_[end])) ++end;
      end += peek(end) == ']';
    } else {
      while (end < text_.size() && is_domain(text_[end])) ++end;
      while (end > at_sign + 1 && (text_[end - 1] == '.' || text_[end - 1] == '-')) --end;
    }
    mask(end - at_, "{addr}");
    return true;
  }

  // Length of an IPv4 address at `at`; 0 when it is none, or part of something longer.
  size_t ipv4(size_t at) const {
    size_t end = at;
    for (int part = 0; part < 4; ++part) {
      if (part > 0 && peek(end++) != '.') return 0;
      size_t digits = digits_at(text_, end);
      if (digits < 1 || digits > 3) return 0;
      end += digits;
    }
    bool longer = is_alnum(peek(end)) || (peek(end) == '.' && is_alnum(peek(end + 1))) ||
                  (peek(end) == '-' && is_alnum(peek(end + 1)));
    return longer ? 0 : end - at;
  }

  // Length of an IPv6 address here: hexadecimal groups and at least three colons, or "::"; its end
  // may be written as an IPv4 address (RFC 4291 §2.2).
  size_t ipv6() const {
    size_t end = at_;
    size_t colons = 0;
    bool doubled = false;
    size_t group = 0;
    for (; end < text_.size() && (is_hex(text_[end]) || text_[end] == ':'); ++end) {
      if (text_[end] != ':') {
        if (++group > 4) return 0;
        continue;
      }
      doubled = doubled || peek(end + 1) == ':';
      if (++colons > 8) return 0;  // at once, or a text of colons is read again for each of them
      group = 0;
    }
    if (size_t last = doubled && group > 0 && peek(end) == '.' ? ipv4(end - group) : 0)
      return end - group + last - at_;
    if (end > at_ && text_[end - 1] == ':' && !(end > at_ + 1 && text_[end - 2] == ':')) {
      --end;
      --colons;
    }
    bool longer = is_alnum(peek(end)) || peek(end) == '_';
    bool plausible = colons <= 7 && (colons >= 3 || doubled) && end - at_ > colons;
    return longer || !plausible ? 0 : end - at_;
  }

  bool mask_ip() {
    if (!is_hex(text_[at_]) && text_[at_] != ':') return false;
    size_t octets = ipv4(at_);
    if (octets == 0) octets = ipv6();
    if (octets == 0) return false;
    std::string_view ip = std::string_view(text_).substr(at_, octets);
    if (!own_.ip.empty() && canonical_ip(ip) == own_.ip) out_.quotes_own_names = true;
    // What a DNS list answers (RFC 5782 §2.1) says why, and is nobody's address.
    if (ip.starts_with("127."))
      copy(octets);
    else
      mask(octets, "{ip}");
    return true;
  }

  void note_own_domain(std::string_view host) {
    const std::string& own = own_.domain;
    if (own.empty() || !host.ends_with(own)) return;
    size_t before = host.size() - own.size();
    if (before == 0 || host[before - 1] == '.') out_.quotes_own_names = true;
  }

  bool mask_host() {
    if (!is_alnum(text_[at_]) && text_[at_] != '_') return false;
    size_t end = at_;
    size_t labels = 1;
    size_t label = at_;
    for (; end < text_.size() && (is_alnum(text_[end]) || text_[end] == '-' || text_[end] == '_' ||
                                  (text_[end] == '.' && is_alnum(peek(end + 1))));
         ++end)
      if (text_[end] == '.') {
        ++labels;
        label = end + 1;
      }
    std::string_view host = std::string_view(text_).substr(at_, end - at_);
    std::string_view last = std::string_view(text_).substr(label, end - label);
    if (!ends_host_name(last, labels)) return false;
    note_own_domain(host);
    std::string_view suffix = known_.suffix_of(host);
    if (suffix.empty()) {
      mask(end - at_, "{host}");
      return true;
    }
    if (suffix.size() < host.size()) mask(host.size() - suffix.size(), "{host}.");
    copy(suffix.size());
    masked_ = true;
    return true;
  }

  // `{"` in base64 is `eyJ`; lower-cased here.
  bool mask_json() {
    constexpr size_t octets_min = 16;
    if (std::string_view(text_).substr(at_, 3) != "eyj") return false;
    size_t end = at_;
    while (end < text_.size() &&
           (is_alnum(text_[end]) ||
            std::string_view("+/=").find(text_[end]) != std::string_view::npos))
      ++end;
    if (end - at_ < octets_min) return false;
    mask(end - at_, "{json64}");
    return true;
  }

  void word() {
    if (size_t octets = enhanced_code_at(text_, at_)) return copy(octets);
    if (size_t octets = known_number()) return copy(octets);
    if (is_digit(text_[at_]) && number()) return;
    identifier();
  }

  // Length of a number that says something by itself: a reply code of more lines to come
  // ("550-5.7.1"), "554.30", an error of Windows ("0x800ccc0e", "10060").
  size_t known_number() const {
    if (std::string_view(text_).substr(at_, 3) == "0x8") {
      size_t end = at_ + 2;
      while (is_hex(peek(end))) ++end;
      return end == at_ + 10 && !is_alnum(peek(end)) ? 10 : 0;
    }
    size_t digits = digits_at(text_, at_);
    if (digits == 5 && std::string_view(text_).substr(at_, 3) == "100" && !is_alnum(peek(at_ + 5)))
      return 5;
    if (digits != 3 || !is_code_like()) return 0;
    if (peek(at_ + 3) == '-' && enhanced_code_at(text_, at_ + 4) > 0) return 3;
    bool has_part = peek(at_ + 3) == '.' && digits_at(text_, at_ + 4) == 2;
    return has_part && !is_alnum(peek(at_ + 6)) && peek(at_ + 6) != '.' ? 6 : 0;
  }

  // A number with what joins its parts: 12:00:01, 2026-11-21, 1,000. Not the start of a word.
  bool number() {
    size_t end = at_;
    while (end < text_.size() &&
           (is_digit(text_[end]) ||
            (std::string_view(".,:/-").find(text_[end]) != std::string_view::npos &&
             is_digit(peek(end + 1)))))
      ++end;
    size_t octets = end - at_;
    if (is_letter(peek(end)) || peek(end) == '_') {
      size_t unit = end;
      while (is_letter(peek(unit))) ++unit;
      bool is_encoding = std::string_view(text_).substr(end, unit - end) == "bitmime";
      bool is_quantity = !is_encoding && octets <= 6 && unit - end <= 7 && !is_alnum(peek(unit)) &&
                         peek(unit) != '_' && peek(unit) != '-';
      if (!is_quantity) return false;
      mask(octets, "{n}");
      copy(unit - end);
      return true;
    }
    if (octets == 3 && is_code_like()) {
      copy(3);
      return true;
    }
    char before = at_ == 0 ? ' ' : text_[at_ - 1];
    if (octets <= 4 && (before == '#' || before == '_' || before == '('))
      copy(octets);
    else if (peek(end) == '-' && is_alnum(peek(end + 1)))
      return false;
    else
      mask(octets, "{n}");
    return true;
  }

  bool is_code_like() const {
    char kind = text_[at_];
    return kind == '2' || kind == '4' || kind == '5';
  }

  // A token of letters and digits; `joined` includes what '.', '-', '_' and '+' tie to it.
  void identifier() {
    size_t end = at_;
    while (is_alnum(peek(end)) || peek(end) == '#' || peek(end) == '_') ++end;
    bool is_known = end <= few_digits_before_;
    size_t joined = is_known ? few_digits_before_ : end;
    while (!is_known && joined < text_.size() &&
           (is_alnum(text_[joined]) || text_[joined] == '_' ||
            (is_joint(text_[joined]) && is_alnum(peek(joined + 1)))))
      ++joined;
    if (!is_known && joined > end && digits_in(at_, joined) >= 6) return mask(joined - at_, "{id}");
    few_digits_before_ = joined;
    if (is_short_token(at_, end)) return copy(end - at_);
    if (digits_in(at_, end) >= 3 && end - at_ >= 8) return mask(end - at_, "{id}");
    copy(end - at_);
  }

  static bool is_joint(char c) { return c == '.' || c == '-' || c == '+'; }

  size_t digits_in(size_t begin, size_t end) const {
    return size_t(std::count_if(text_.begin() + std::ptrdiff_t(begin),
                                text_.begin() + std::ptrdiff_t(end), is_digit));
  }

  // A provider's own code: up to 7 letters, then up to 6 digits, perhaps a second number.
  bool is_short_token(size_t at, size_t end) const {
    size_t letters = at;
    while (letters < end && is_letter(text_[letters])) ++letters;
    if (letters - at < 1 || letters - at > 7) return false;
    if (letters < end && (text_[letters] == '#' || text_[letters] == '_')) ++letters;
    size_t digits = digits_at(text_, letters);
    if (digits < 1 || digits > 6) return false;
    size_t rest = letters + digits;
    if (rest < end && text_[rest] == '_') {
      size_t more = digits_at(text_, rest + 1);
      if (more < 1 || more > 4) return false;
      rest += 1 + more;
    }
    return rest == end;
  }

  const std::string& text_;
  const std::vector<uint32_t>& origin_;
  const KnownHosts& known_;
  const OwnNames& own_;
  NormalText& out_;
  size_t at_ = 0;
  // What was read ahead in vain is not read again.
  size_t no_address_before_ = 0;
  size_t few_digits_before_ = 0;
  bool masked_ = false;
};

}  // namespace

std::string canonical_ip(std::string_view text) {
  Result<base::IpAddress> parsed = base::IpAddress::parse(text);
  return parsed ? parsed->text() : base::to_lower(text);
}

void KnownHosts::add(std::string_view domain) { domains_.emplace(domain); }

std::string_view KnownHosts::suffix_of(std::string_view host) const {
  for (size_t at = 0;;) {
    std::string_view suffix = host.substr(at);
    if (domains_.contains(suffix)) return suffix;
    size_t dot = suffix.find('.');
    if (dot == std::string_view::npos) return {};
    at += dot + 1;
  }
}

NormalText::Span NormalText::in_input(std::string_view input, Span span) const {
  if (span.begin >= span.end || span.end > text.size()) return {};
  while (span.begin < span.end && text[span.begin] == ' ') ++span.begin;
  while (span.end > span.begin && text[span.end - 1] == ' ') --span.end;
  if (span.begin == span.end) return {};
  // A part of a mark stands for all that it is in the place of.
  while (span.end < text.size() && origin[span.end] == origin[span.end - 1]) ++span.end;
  return {origin[span.begin], std::min<size_t>(origin[span.end], input.size())};
}

void normalise(std::string_view input, const KnownHosts& known, const OwnNames& own,
               NormalText& normal) {
  input = input.substr(0, input_octets_max);
  normal.text.clear();
  normal.origin.clear();
  normal.quotes_own_names = false;
  thread_local JoinedLine joined;
  join_lines(input, joined);
  Masker(joined, known, own, normal).run();
}

}  // namespace waypost::classify
