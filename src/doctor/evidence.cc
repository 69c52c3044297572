#include "doctor/evidence.h"

#include <algorithm>

namespace waypost::doctor {
namespace {

constexpr size_t lines_max = 2'000;
constexpr size_t line_octets_max = 1'000;
constexpr size_t withheld_octets_min = 4;
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

std::string EvidenceLog::without_secrets(std::string text) const {
  for (const Secret& secret : withheld_) {
    for (size_t at = 0; (at = text.find(secret.reveal(), at)) != std::string::npos;
         at += in_place_of_a_secret.size())
      text.replace(at, secret.reveal().size(), in_place_of_a_secret);
  }
  return text;
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
