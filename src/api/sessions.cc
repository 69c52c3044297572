#include "api/sessions.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/digest.h"

namespace waypost::api {
namespace {

constexpr size_t secret_octets = 32;

std::string new_secret(io::Rng& rng) {
  std::array<uint8_t, secret_octets> random;
  rng.fill(random);
  return fmt::format("{:02x}", fmt::join(random, ""));
}

std::string hash_of(std::string_view token) {
  const auto hash = io::sha256(token);
  return std::string(hash.begin(), hash.end());
}

}  // namespace

bool Sessions::is_over(const Session& session, Instant now) {
  return session.ended || now >= end_of(session);
}

Instant Sessions::end_of(const Session& session) {
  return std::min(session.used + idle_max, session.begun + age_max);
}

void Sessions::make_room(Instant now) {
  std::erase_if(all_, [now](const auto& entry) { return is_over(*entry.second, now); });
  if (all_.size() < sessions_max) return;
  const auto oldest = std::min_element(
      all_.begin(), all_.end(),
      [](const auto& one, const auto& other) { return one.second->used < other.second->used; });
  oldest->second->ended = true;
  all_.erase(oldest);
}

Sessions::Begun Sessions::begin(const records::Admin& admin, Instant now, io::Rng& rng) {
  make_room(now);
  auto key = std::make_shared<records::Key>();
  // A key's name has no colon.
  key->name = "dashboard:" + admin.name;
  key->tenant = "default";
  key->stream = "default";
  key->scopes = {records::Scope::send, records::Scope::read, records::Scope::admin};
  auto session = std::make_shared<Session>();
  session->user = admin.name;
  session->revision = admin.revision;
  session->csrf = new_secret(rng);
  session->begun = session->used = session->confirmed = now;
  session->key = std::move(key);
  Begun begun{new_secret(rng), std::move(session)};
  all_[hash_of(begun.token)] = begun.session;
  return begun;
}

std::shared_ptr<Session> Sessions::find(std::string_view token, Instant now) {
  const auto found = all_.find(hash_of(token));
  if (found == all_.end()) return nullptr;
  if (is_over(*found->second, now)) {
    found->second->ended = true;
    all_.erase(found);
    return nullptr;
  }
  found->second->used = now;
  return found->second;
}

void Sessions::end(Session& session) {
  session.ended = true;
  std::erase_if(all_, [](const auto& entry) { return entry.second->ended; });
}

}  // namespace waypost::api
