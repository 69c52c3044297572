#include "tests/sim/ledger.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "spool/spool.h"

namespace waypost::sim {
namespace {

constexpr std::string_view message_id_domain = "@client.sim.example>";

uint64_t hash_of(std::string_view octets) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char octet : octets) hash = (hash ^ octet) * 0x100000001b3;
  return hash;
}

}  // namespace

Submission& Ledger::submit(std::string token, std::string sender) {
  Submission& submission = submissions_.emplace_back();
  submission.token = token;
  submission.sender = std::move(sender);
  CHECK(by_token_.emplace(std::move(token), &submission).second);
  return submission;
}

void Ledger::settle(Submission& submission, Fate fate, std::string reply) {
  submission.fate = fate;
  submission.reply = std::move(reply);
  submission.ended_at = clock_.now();
}

Arrival& Ledger::arrive(Arrival arrival) {
  arrival.at = clock_.now();
  return arrivals_.emplace_back(std::move(arrival));
}

void Ledger::connections_open(const std::string& site, size_t open) {
  size_t& peak = peaks_[site];
  peak = std::max(peak, open);
}

void Ledger::emit(events::Event event) {
  using events::EventKind;
  for (const std::string& recipient : event.recipients) {
    if (!event.message) break;
    RecipientKey key{*event.message, recipient};
    if (event.kind == EventKind::held) held_[key] = clock_.now();
    if (event.kind == EventKind::released) held_.erase(key);
    if (event.kind == EventKind::rescheduled && event.scheduled_at)
      scheduled_[key] = {*event.scheduled_at, clock_.now()};
    if (event.kind == EventKind::cancelled) cancelled_[key] = clock_.now();
  }
  events_.push_back({clock_.now(), std::move(event)});
}

void Ledger::killed(size_t connections, bool power_cut) {
  kills_.push_back({clock_.now(), connections, power_cut});
  if (!power_cut) return;
  Instant sure = clock_.now() - spool::update_sync_delay_max - outcome_way_max;
  auto unsure = [&](const auto& entry) { return entry.second > sure; };
  std::erase_if(held_, unsure);
  std::erase_if(cancelled_, unsure);
  std::erase_if(scheduled_, [&](const auto& entry) { return entry.second.second > sure; });
}

void Ledger::releasing(const std::string& domain) {
  std::erase_if(held_,
                [&](const auto& entry) { return entry.first.second.ends_with("@" + domain); });
}

void Ledger::rescheduling(MessageId message) {
  std::erase_if(scheduled_, [&](const auto& entry) { return entry.first.first == message; });
}

void Ledger::retrying(const std::string& domain) {
  std::erase_if(scheduled_,
                [&](const auto& entry) { return entry.first.second.ends_with("@" + domain); });
}

void Ledger::began_attempt(MessageId message, const std::string& recipient) {
  RecipientKey key{message, recipient};
  if (held_.contains(key))
    breach(fmt::format("message {} is sent to {}, who is held", message.text(), recipient));
  if (cancelled_.contains(key))
    breach(fmt::format("message {} is sent to {}, who was cancelled", message.text(), recipient));
  reads_wall_clock();
  auto scheduled = scheduled_.find(key);
  if (scheduled != scheduled_.end() && scheduled->second.first > wall_peak_)
    breach(fmt::format("message {} is sent to {} before the time that a person named",
                       message.text(), recipient));
}

const Submission* Ledger::find(const std::string& token) const {
  auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : found->second;
}

std::string message_id_of(std::string_view token) {
  return "<" + std::string(token) + std::string(message_id_domain);
}

std::string token_of(std::string_view message_id) {
  if (!message_id.starts_with('<') || !message_id.ends_with(message_id_domain)) return {};
  return std::string(message_id.substr(1, message_id.size() - 1 - message_id_domain.size()));
}

ReadContent read_content(std::string_view content) {
  size_t start = content.starts_with(token_field) ? 0 : content.find("\r\nX-Sim-Id: ");
  if (start == std::string_view::npos) return {};
  if (start != 0) start += 2;
  std::string_view rest = content.substr(start);
  size_t line_end = rest.find("\r\n");
  return {std::string(rest.substr(token_field.size(), line_end - token_field.size())),
          hash_of(rest)};
}

}  // namespace waypost::sim
