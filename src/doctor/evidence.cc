#include "doctor/evidence.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/terminal_text.h"

namespace waypost::doctor {
namespace {

constexpr size_t lines_max = 2'000;
constexpr size_t line_octets_max = 1'000;
constexpr size_t withheld_octets_min = 4;
constexpr size_t part_octets_min = 8;
constexpr std::string_view in_place_of_a_secret = "[hidden]";

}  // namespace

void EvidenceLog::withhold(std::string_view secret) {
  if (secret.size() < withheld_octets_min) return;
  // The longest first: base64 of a password may hold a shorter secret.
  auto place = std::find_if(withheld_.begin(), withheld_.end(), [secret](const Secret& other) {
    return other.reveal().size() < secret.size();
  });
  withheld_.insert(place, Secret(secret));
}

void EvidenceLog::withhold_encoded(std::string_view base64) {
  withhold(base64);
  if (base64.size() >= part_octets_min) encoded_.emplace_back(base64);
}

void EvidenceLog::take_out_parts(std::string& text) const {
  for (const Secret& secret : encoded_) {
    const std::string_view whole = secret.reveal();
    for (size_t at = 0; at + part_octets_min <= text.size(); ++at) {
      size_t length = part_octets_min;
      size_t found = whole.find(std::string_view(text).substr(at, length));
      if (found == std::string_view::npos) continue;
      while (found + length < whole.size() && at + length < text.size() &&
             whole[found + length] == text[at + length])
        ++length;
      text.replace(at, length, in_place_of_a_secret);
      at += in_place_of_a_secret.size() - 1;
    }
  }
}

std::string EvidenceLog::without_secrets(std::string text) const {
  for (const Secret& secret : withheld_) {
    for (size_t at = 0; (at = text.find(secret.reveal(), at)) != std::string::npos;
         at += in_place_of_a_secret.size())
      text.replace(at, secret.reveal().size(), in_place_of_a_secret);
  }
  take_out_parts(text);
  return base::without_terminal_controls(text);
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
