#include "delivery/transaction.h"

#include <algorithm>

#include <fmt/format.h>

#include "delivery/eight_bit_scan.h"
#include "delivery/parameters.h"
#include "smtp/data.h"
#include "smtp/limits.h"

namespace waypost::delivery {
namespace {

using events::Outcome;
using events::Phase;
using events::Verdict;

// Content is written in pieces of about this size, each with the patience of RFC 5321 §4.5.3.2.5.
constexpr size_t wire_octets_at_once = 64 * 1024;
constexpr size_t dots_octets_usual = 256;  // what content becomes longer by on its way
constexpr std::string_view data_command = "DATA\r\n";
constexpr int closing_code = 421;  // RFC 5321 §3.8: they close behind it

bool starts_transaction(Phase phase) { return phase == Phase::mail; }

Verdict verdict_of(const smtp::Reply& reply, Phase phase) {
  if (reply.positive()) return Verdict::delivered;
  // RFC 5321 §4.5.3.1.10: 552 to RCPT means "too many recipients", which is transient.
  if (reply.code == 552 && phase == Phase::rcpt) return Verdict::deferred;
  return reply.permanent() ? Verdict::bounced : Verdict::deferred;
}

}  // namespace

Transaction::Transaction(Means means, const spool::Envelope& envelope,
                         std::vector<uint32_t> recipients)
    : dialogue_(means.dialogue),
      capabilities_(means.capabilities),
      spool_(means.spool),
      settings_(means.settings),
      log_(means.log),
      envelope_(envelope),
      recipients_(std::move(recipients)),
      outcomes_(recipients_.size()),
      settled_(recipients_.size(), false),
      pipelined_(capabilities_.pipelining) {
  if (settings_.reverse_path) sender_ = settings_.reverse_path(envelope_, recipients_);
  if (!sender_) sender_ = envelope_.sender;
}

std::vector<Outcome> Transaction::take_outcomes() {
  for (Outcome& outcome : outcomes_)
    outcome.dsn_passed_on = capabilities_.dsn && outcome.verdict == Verdict::delivered;
  return std::move(outcomes_);
}

io::Task<void> Transaction::reset() {
  log_.enter(Phase::mail);
  Result<smtp::Reply> reply = co_await dialogue_.ask("RSET\r\n", smtp::mail_timeout);
  if (reply && reply->positive()) co_return;
  break_off(Phase::mail,
            reply ? "they did not take RSET: " + reply->text() : reply.error().describe());
}

io::Task<void> Transaction::run() {
  if (!usable_) co_return;
  log_.enter(Phase::mail);
  co_await refuse_what_they_cannot_take();
  if (open_recipients() == 0) co_return;
  bool content_wanted = co_await send_envelope();
  if (content_wanted) co_await send_content();
  // They may leave after they have taken a recipient, and before the content.
  if (open_recipients() > 0) break_off(Phase::rcpt, "they ended the session: " + farewell_);
}

std::string Transaction::rcpt(size_t position) const {
  return rcpt_command(envelope_, recipients_[position], capabilities_);
}

// What is known to be refused is not sent: their offers (EHLO) say so.
io::Task<void> Transaction::refuse_what_they_cannot_take() {
  refuse_what_is_too_large();
  refuse_addresses_beyond_ascii();
  if (open_recipients() > 0) co_await refuse_content_beyond_ascii();
}

void Transaction::refuse_what_is_too_large() {
  auto limit = capabilities_.size_octets_max;
  if (!limit || *limit == 0 || envelope_.size_octets <= *limit) return;
  refuse_open(fmt::format("5.3.4 the message has {} octets, and they take at most {} (SIZE)",
                          envelope_.size_octets, *limit));
}

// RFC 6531 §3.5.
void Transaction::refuse_addresses_beyond_ascii() {
  if (sender_ && !address_for(*sender_, capabilities_))
    refuse_open("5.6.7 the sender's address needs SMTPUTF8, which they do not have");
  for (size_t i = 0; i < recipients_.size(); ++i)
    if (!address_for(envelope_.recipients[recipients_[i]], capabilities_))
      refuse(i, "5.6.7 the address needs SMTPUTF8, which they do not have");
}

// A message that came as internationalized may be plain after all: only what it really has counts.
io::Task<void> Transaction::refuse_content_beyond_ascii() {
  bool header_matters = envelope_.smtputf8 && !capabilities_.smtputf8;
  bool body_matters =
      !capabilities_.eight_bit_mime && settings_.eight_bit_content == EightBitContent::bounce;
  if (!header_matters && !body_matters) co_return;
  EightBitScan scan;
  for (uint32_t index = 0; index < envelope_.chunks; ++index) {
    if (scan.header_ended() && !body_matters) break;
    Result<std::string> chunk = co_await spool_.read_chunk(envelope_.id, index);
    if (!chunk) {
      break_off(Phase::mail, chunk.error().describe());
      co_return;
    }
    scan.feed(*chunk);
  }
  if (header_matters && scan.in_header())
    refuse_open("5.6.7 the header has characters beyond ASCII, and they do not have SMTPUTF8");
  if (body_matters && (scan.in_header() || scan.in_body()))
    refuse_open("5.6.3 the content has 8-bit octets, and they do not have 8BITMIME");
}

void Transaction::refuse(size_t position, const std::string& reason) {
  if (settled_[position]) return;
  settled_[position] = true;
  outcomes_[position].verdict = Verdict::bounced;
  outcomes_[position].phase = Phase::mail;
  outcomes_[position].reason = reason;
}

void Transaction::refuse_open(const std::string& reason) {
  for (size_t i = 0; i < recipients_.size(); ++i) refuse(i, reason);
}

// Whether they wait for the content now.
io::Task<bool> Transaction::send_envelope() {
  // A reply comes for each RCPT, also where MAIL was refused and so all are settled by then.
  std::vector<size_t> asked;
  for (size_t i = 0; i < recipients_.size(); ++i)
    if (!settled_[i]) asked.push_back(i);
  if (pipelined_) {
    std::string commands = mail_command(envelope_, sender_, capabilities_);
    for (size_t position : asked) commands += rcpt(position);
    commands += data_command;
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
  log_.enter(Phase::rcpt);
  for (size_t position : asked) {
    if (!usable_) break;
    bool taken = co_await rcpt_answer(position);
    static_cast<void>(taken);
  }
  if (!usable_ || (open_recipients() == 0 && !pipelined_)) co_return false;
  co_return co_await data();
}

io::Task<bool> Transaction::mail() {
  std::string command = pipelined_ ? "" : mail_command(envelope_, sender_, capabilities_);
  Result<smtp::Reply> reply = co_await exchange(command, smtp::mail_timeout);
  if (!reply) break_off(Phase::mail, reply.error().describe());
  if (!reply || reply->positive()) co_return reply.has_value();
  settle_open(Phase::mail, *reply);
  co_return false;
}

io::Task<bool> Transaction::rcpt_answer(size_t position) {
  std::string command = pipelined_ ? "" : rcpt(position);
  Result<smtp::Reply> reply = co_await exchange(command, smtp::rcpt_timeout);
  if (!reply) break_off(Phase::rcpt, reply.error().describe());
  if (!reply || reply->positive()) co_return reply.has_value();
  settle(position, Phase::rcpt, *std::move(reply));
  co_return false;
}

io::Task<bool> Transaction::data() {
  log_.enter(Phase::data);
  std::string command(data_command);
  Result<smtp::Reply> reply = co_await exchange(command, smtp::data_initiation_timeout);
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
  log_.enter(Phase::content);
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
  wire.reserve(std::min<uint64_t>(envelope_.size_octets + dots_octets_usual, wire_octets_at_once));
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
      CO_TRY_VOID(co_await dialogue_.send_unseen(wire, {}, smtp::data_chunk_timeout));
      wire.clear();
    }
  }
  if (octets != envelope_.size_octets)
    co_return failure(ErrorCode::corrupt,
                      fmt::format("the spool gave {} of the {} octets of message {}", octets,
                                  envelope_.size_octets, envelope_.id.text()));
  writer.finish(wire);
  std::string shown = fmt::format("({} octets of content)\r\n.\r\n", envelope_.size_octets);
  co_return co_await dialogue_.send_unseen(wire, shown, smtp::data_chunk_timeout);
}

// One command and its reply; a pipelined command has been sent already.
io::Task<Result<smtp::Reply>> Transaction::exchange(const std::string& command, Duration patience) {
  if (!pipelined_) {
    CO_TRY_VOID(co_await dialogue_.send(command, patience));
  }
  CO_TRY(smtp::Reply reply, co_await dialogue_.read_reply(patience));
  // They may have ended an idle connection long before this command.
  answered_ = answered_ || reply.code != closing_code;
  // Go-ahead for content where none was announced: nobody knows what they take for what from here.
  bool out_of_turn = reply.intermediate() && command != data_command;
  if (reply.code == closing_code || out_of_turn) {
    usable_ = false;
    farewell_ = reply.text();
  }
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
