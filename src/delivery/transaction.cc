#include "delivery/transaction.h"

#include <algorithm>

#include <fmt/format.h>

#include "smtp/data.h"
#include "smtp/limits.h"

namespace waypost::delivery {
namespace {

using events::Outcome;
using events::Phase;
using events::Verdict;

// Content is written in pieces of about this size, each with the patience of RFC 5321 §4.5.3.2.5.
constexpr size_t wire_octets_at_once = 64 * 1024;
constexpr int closing_code = 421;  // RFC 5321 §3.8: they close behind it

bool starts_transaction(Phase phase) { return phase == Phase::mail; }

Verdict verdict_of(const smtp::Reply& reply, Phase phase) {
  if (reply.positive()) return Verdict::delivered;
  // RFC 5321 §4.5.3.1.10: 552 to RCPT means "too many recipients", which is transient.
  if (reply.code == 552 && phase == Phase::rcpt) return Verdict::deferred;
  return reply.permanent() ? Verdict::bounced : Verdict::deferred;
}

}  // namespace

Transaction::Transaction(Dialogue& dialogue, const smtp::Capabilities& capabilities,
                         spool::Spool& spool, const spool::Envelope& envelope,
                         std::vector<uint32_t> recipients)
    : dialogue_(dialogue),
      capabilities_(capabilities),
      spool_(spool),
      envelope_(envelope),
      recipients_(std::move(recipients)),
      outcomes_(recipients_.size()),
      settled_(recipients_.size(), false),
      pipelined_(capabilities.pipelining) {}

io::Task<void> Transaction::reset() {
  Result<smtp::Reply> reply = co_await dialogue_.ask("RSET\r\n", smtp::mail_timeout);
  if (reply) co_return;
  break_off(Phase::mail, reply.error().describe());
}

io::Task<void> Transaction::run() {
  if (!usable_ || too_large_for_them()) co_return;
  bool content_wanted = co_await send_envelope();
  if (content_wanted) co_await send_content();
}

std::string Transaction::mail_command() const {
  std::string command =
      fmt::format("MAIL FROM:<{}>", envelope_.sender ? envelope_.sender->text() : "");
  if (capabilities_.size) command += fmt::format(" SIZE={}", envelope_.size_octets);
  if (capabilities_.eight_bit_mime && envelope_.body == smtp::BodyType::eight_bit_mime)
    command += " BODY=8BITMIME";
  return command + "\r\n";
}

std::string Transaction::rcpt_command(size_t position) const {
  return fmt::format("RCPT TO:<{}>\r\n", envelope_.recipients[recipients_[position]].text());
}

bool Transaction::too_large_for_them() {
  auto limit = capabilities_.size_octets_max;
  if (!limit || *limit == 0 || envelope_.size_octets <= *limit) return false;
  for (Outcome& outcome : outcomes_) {
    outcome.verdict = Verdict::bounced;
    outcome.phase = Phase::mail;
    outcome.reason = fmt::format("the message has {} octets, and they take at most {} (SIZE)",
                                 envelope_.size_octets, *limit);
  }
  return true;
}

// Whether they wait for the content now.
io::Task<bool> Transaction::send_envelope() {
  if (pipelined_) {
    std::string commands = mail_command();
    for (size_t i = 0; i < recipients_.size(); ++i) commands += rcpt_command(i);
    commands += "DATA\r\n";
    Result<void> sent = co_await dialogue_.send(commands, smtp::mail_timeout);
    if (!sent) {
      break_off(Phase::mail, sent.error().describe());
      co_return false;
    }
  }
  bool mail_taken = co_await mail();
  // A host that takes pipelining answers every command, also those behind a refused MAIL.
  if (!usable_ || (!mail_taken && !pipelined_)) co_return false;
  left_open_ = mail_taken;
  for (size_t i = 0; i < recipients_.size() && usable_; ++i) co_await rcpt(i);
  if (!usable_ || (open_recipients() == 0 && !pipelined_)) co_return false;
  co_return co_await data();
}

io::Task<bool> Transaction::mail() {
  Result<smtp::Reply> reply = co_await exchange(mail_command(), smtp::mail_timeout);
  if (!reply) break_off(Phase::mail, reply.error().describe());
  if (!reply || reply->positive()) co_return reply.has_value();
  settle_open(Phase::mail, *reply);
  co_return false;
}

io::Task<bool> Transaction::rcpt(size_t position) {
  Result<smtp::Reply> reply = co_await exchange(rcpt_command(position), smtp::rcpt_timeout);
  if (!reply) break_off(Phase::rcpt, reply.error().describe());
  if (!reply || reply->positive()) co_return reply.has_value();
  settle(position, Phase::rcpt, *std::move(reply));
  co_return false;
}

io::Task<bool> Transaction::data() {
  Result<smtp::Reply> reply = co_await exchange("DATA\r\n", smtp::data_initiation_timeout);
  if (!reply) {
    break_off(Phase::data, reply.error().describe());
    co_return false;
  }
  if (!reply->intermediate()) {
    settle_open(Phase::data, *reply);
    co_return false;
  }
  if (open_recipients() > 0) co_return true;
  // RFC 2920 §3.1: they want content though they took no recipient; an empty message ends it.
  auto ended = co_await dialogue_.ask(".\r\n", smtp::data_termination_timeout);
  if (!ended) usable_ = false;
  left_open_ = false;
  co_return false;
}

io::Task<void> Transaction::send_content() {
  Result<void> written = co_await write_content();
  if (!written) {
    break_off(Phase::content, written.error().describe());
    co_return;
  }
  Result<smtp::Reply> reply = co_await dialogue_.read_reply(smtp::data_termination_timeout);
  left_open_ = false;
  if (reply)
    settle_open(Phase::content, *reply);
  else
    break_off(Phase::content, reply.error().describe());
}

io::Task<Result<void>> Transaction::write_content() {
  smtp::DataWriter writer;
  std::string wire;
  wire.reserve(wire_octets_at_once);
  uint64_t octets = 0;
  for (uint32_t index = 0; index < envelope_.chunks; ++index) {
    // Should the spool fail here, the final dot is never sent and the connection is closed, so that
    // half a message is not taken for a whole one.
    CO_TRY(std::string chunk, co_await spool_.read_chunk(envelope_.id, index));
    std::string_view rest = chunk;
    octets += chunk.size();
    while (!rest.empty()) {
      writer.append(rest.substr(0, wire_octets_at_once), wire);
      rest.remove_prefix(std::min(rest.size(), wire_octets_at_once));
      if (wire.size() < wire_octets_at_once) continue;
      CO_TRY_VOID(co_await dialogue_.send(wire, smtp::data_chunk_timeout));
      wire.clear();
    }
  }
  if (octets != envelope_.size_octets)
    co_return failure(ErrorCode::corrupt,
                      fmt::format("the spool gave {} of the {} octets of message {}", octets,
                                  envelope_.size_octets, envelope_.id.text()));
  writer.finish(wire);
  co_return co_await dialogue_.send(wire, smtp::data_chunk_timeout);
}

// One command and its reply; a pipelined command has been sent already.
io::Task<Result<smtp::Reply>> Transaction::exchange(const std::string& command, Duration patience) {
  if (!pipelined_) {
    CO_TRY_VOID(co_await dialogue_.send(command, patience));
  }
  CO_TRY(smtp::Reply reply, co_await dialogue_.read_reply(patience));
  answered_ = true;
  if (reply.code == closing_code) usable_ = false;
  co_return reply;
}

void Transaction::settle(size_t position, Phase phase, smtp::Reply reply) {
  if (settled_[position]) return;
  settled_[position] = true;
  Outcome& outcome = outcomes_[position];
  outcome.verdict = verdict_of(reply, phase);
  outcome.phase = phase;
  // Closing before a message is named is about us or them, not about this message.
  outcome.concerns_site = reply.code == closing_code && starts_transaction(phase);
  outcome.reply = std::move(reply);
}

void Transaction::settle_open(Phase phase, const smtp::Reply& reply) {
  if (reply.code == closing_code) usable_ = false;
  for (size_t i = 0; i < recipients_.size(); ++i) settle(i, phase, reply);
  // "Delivered" is what they say to the content; a 2yz elsewhere is out of turn.
  if (phase == Phase::content || !reply.positive()) return;
  for (Outcome& outcome : outcomes_)
    if (outcome.phase == phase) outcome.verdict = Verdict::deferred;
}

void Transaction::break_off(Phase phase, const std::string& reason) {
  usable_ = false;
  for (size_t i = 0; i < recipients_.size(); ++i) {
    if (settled_[i]) continue;
    settled_[i] = true;
    outcomes_[i].verdict = Verdict::deferred;
    outcomes_[i].phase = phase;
    outcomes_[i].reason = reason;
  }
}

size_t Transaction::open_recipients() const {
  return static_cast<size_t>(std::count(settled_.begin(), settled_.end(), false));
}

}  // namespace waypost::delivery
