#include "doctor/evidence.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/terminal_text.h"
#include "doctor/secret_forms.h"
#include "sasl/base64.h"

namespace waypost::doctor {
namespace {

constexpr size_t lines_max = 2'000;
constexpr size_t line_octets_max = 1'000;
constexpr size_t withheld_octets_min = 4;
constexpr size_t part_octets_min = 8;
constexpr size_t base64_group_octets = 3;
constexpr std::string_view in_place_of_a_secret = "[hidden]";

// RFC 4648 §6, without padding.
std::string base32_of(std::string_view octets) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  unsigned bits = 0;
  unsigned held = 0;
  for (char c : octets) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xfff;
    for (held += 8; held >= 5; held -= 5) text += alphabet[bits >> (held - 5) & 31];
  }
  if (held > 0) text += alphabet[bits << (5 - held) & 31];
  return text;
}

size_t hidden_in(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find(in_place_of_a_secret); at != std::string_view::npos;
       at = text.find(in_place_of_a_secret, at + 1))
    ++count;
  return count;
}

// Without the enhanced code that each line of a reply may repeat.
std::string_view without_code(std::string_view line) {
  const size_t code_end = line.find_first_not_of("#0123456789.");
  if (code_end != std::string_view::npos && line[code_end] == ' ') line.remove_prefix(code_end);
  return line;
}

std::string without_blanks(std::string_view line) {
  std::string text;
  for (char c : line)
    if (c != ' ' && c != '\t') text += c;
  return text;
}

// Letters and digits alone, in lower case.
std::string packed(std::string_view text) {
  std::string out;
  for (char c : text)
    if (base::is_alnum(c)) out += base::to_lower(c);
  return out;
}

}  // namespace

void EvidenceLog::withhold(std::string_view secret) {
  if (secret.size() < withheld_octets_min) return;
  // The longest first: base64 of a password may hold a shorter secret.
  auto place = std::find_if(withheld_.begin(), withheld_.end(), [secret](const Secret& other) {
    return other.reveal().size() < secret.size();
  });
  std::string backwards(secret.rbegin(), secret.rend());
  place = withheld_.insert(place, Secret(secret));
  withheld_.insert(place, Secret::take(backwards));
}

void EvidenceLog::withhold_encoded(std::string_view base64) {
  withhold(base64);
  if (base64.size() < part_octets_min) return;
  std::string backwards(base64.rbegin(), base64.rend());
  encoded_.emplace_back(base64);
  encoded_.push_back(Secret::take(backwards));
}

void EvidenceLog::withhold_password(std::string_view password) {
  withhold(password);
  // Whoever spreads it over a line loses the blanks that are its own.
  std::string unblanked = without_blanks(password);
  if (unblanked.size() != password.size()) withhold(unblanked);
  Secret::wipe(unblanked);
  std::string letters = packed(password);
  if (letters.size() >= part_octets_min) {
    std::string backwards(letters.rbegin(), letters.rend());
    packed_.emplace_back(letters);
    packed_.push_back(Secret::take(backwards));
  }
  Secret::wipe(letters);
  std::string in_32 = base32_of(password);
  withhold(in_32);
  Secret::wipe(in_32);
  // Three octets are four of base64: what it becomes depends on where it begins among them. At its
  // ends its neighbours have a part in it.
  for (size_t before = 0; before < base64_group_octets; ++before) {
    std::string octets(before, '\0');
    octets += password;
    std::string encoded = sasl::base64_encode(octets);
    encoded.erase(encoded.find_last_not_of('=') + 1);
    if (before > 0) encoded.erase(0, before + 1);
    withhold_encoded(encoded);
    Secret::wipe(octets);
    Secret::wipe(encoded);
  }
}

// Of those that are withheld in base64, the parts that stand in the text.
void EvidenceLog::take_out_parts(std::string& text) const {
  for (const Secret& secret : encoded_) {
    const std::string_view whole = secret.reveal();
    for (size_t at = 0; at + part_octets_min <= text.size(); ++at) {
      auto found = std::search(whole.begin(), whole.end(), text.begin() + ptrdiff_t(at),
                               text.begin() + ptrdiff_t(at + part_octets_min), same_in_base64);
      if (found == whole.end()) continue;
      size_t length = part_octets_min;
      const auto begin = size_t(found - whole.begin());
      while (begin + length < whole.size() && at + length < text.size() &&
             same_in_base64(whole[begin + length], text[at + length]))
        ++length;
      text.replace(at, length, in_place_of_a_secret);
      at += in_place_of_a_secret.size() - 1;
    }
  }
}

std::string EvidenceLog::without_secrets(std::string text) const {
  for (const Secret& secret : withheld_) {
    for (size_t at = 0; at < text.size(); ++at) {
      const size_t length = written_length(text, at, secret.reveal());
      if (length == 0) continue;
      text.replace(at, length, in_place_of_a_secret);
      at += in_place_of_a_secret.size() - 1;
    }
  }
  take_out_parts(text);
  return base::without_terminal_controls(text);
}

bool EvidenceLog::spread_in(const std::vector<std::string>& lines) const {
  std::string all;
  std::string left;
  size_t seen = 0;
  for (const std::string& line : lines) {
    const std::string_view words = without_code(line);
    all += without_blanks(words);
    const std::string shown = without_secrets(std::string(words));
    left += packed(shown);
    seen += hidden_in(shown);
  }
  const bool is_left = std::any_of(packed_.begin(), packed_.end(), [&left](const Secret& secret) {
    return left.find(secret.reveal()) != std::string::npos;
  });
  return is_left || hidden_in(without_secrets(std::move(all))) > seen;
}

unsigned EvidenceLog::add(Evidence::Kind kind, std::string_view connection, std::string_view text) {
  if (lines_.size() >= lines_max) return lines_max;
  // Before it is cut: a part of a secret is one, too.
  std::string shown = without_secrets(std::string(text));
  if (shown.size() > line_octets_max) shown.resize(line_octets_max);
  auto n = static_cast<unsigned>(lines_.size() + 1);
  lines_.push_back({n, loop_.now() - began_, kind, std::string(connection), std::move(shown)});
  return n;
}

}  // namespace waypost::doctor
