#include "demo/come_back.h"

#include <fmt/format.h>

#include "delivery/dialogue.h"
#include "demo/ask.h"
#include "message/dsn_writer.h"
#include "smtp/data.h"

namespace waypost::demo {
namespace {

constexpr Duration looked_at_every = std::chrono::milliseconds(100);

std::string bounce_of(const ComeBack& back, WallTime at) {
  message::Dsn dsn;
  dsn.hostname = back.from->mail_host;
  dsn.id = fmt::format("{}", at.time_since_epoch().count());
  dsn.at = at;
  dsn.to = back.reverse_path;
  dsn.subject = "Undelivered Mail Returned to Sender";
  dsn.text = "I took your message, and then found out that nobody has this address:\n\n    " +
             back.recipient + "\n";
  dsn.arrived_at = at;
  message::DsnRecipient recipient;
  recipient.address = back.recipient;
  recipient.status = back.reply.enhanced ? back.reply.enhanced->text() : "5.0.0";
  recipient.diagnostic = back.reply.text();
  recipient.is_reply = true;
  dsn.recipients.push_back(std::move(recipient));
  dsn.part = message::ReturnedPart::header;
  dsn.returned = back.header;
  const message::WrittenDsn written = message::write_dsn(dsn);
  return written.header + written.body;
}

// RFC 5965 §3: for people, for programs, and the message that it is about.
std::string complaint_of(const ComeBack& back, const std::string& to, WallTime at) {
  return fmt::format(
      "From: Feedback <feedback@{host}>\r\nTo: <{to}>\r\nSubject: FW: abuse report\r\n"
      "Date: {date}\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=\"part\"\r\n\r\n"
      "--part\r\nContent-Type: text/plain\r\n\r\nSomebody called this message spam.\r\n\r\n"
      "--part\r\nContent-Type: message/feedback-report\r\n\r\n"
      "Feedback-Type: abuse\r\nUser-Agent: Waypost-Demo/1.0\r\nVersion: 1\r\n"
      "Original-Mail-From: <{sender}>\r\nOriginal-Rcpt-To: <{recipient}>\r\n\r\n"
      "--part\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\n--part--\r\n",
      fmt::arg("host", back.from->mail_host), fmt::arg("to", to),
      fmt::arg("date", base::to_rfc5322_date(at)), fmt::arg("sender", back.reverse_path),
      fmt::arg("recipient", back.recipient), fmt::arg("header", back.header));
}

}  // namespace

std::string text_of(const ComeBack& back, const std::string& complaints_to, WallTime at) {
  if (back.kind == ComeBack::Kind::bounce) return bounce_of(back, at);
  return complaint_of(back, complaints_to, at);
}

void ComeBackPost::add(ComeBack back) {
  waiting_.push_back({loop_.now() + after, std::move(back)});
}

void ComeBackPost::start(Endpoint relay) { tasks_.start(carry_all(relay)); }

io::Task<void> ComeBackPost::stop() {
  ended_ = true;
  co_await tasks_.join();
}

io::Task<void> ComeBackPost::carry_all(Endpoint relay) {
  while (!ended_) {
    if (waiting_.empty() || waiting_.front().at > loop_.now()) {
      co_await io::sleep_until(loop_, loop_.now() + looked_at_every);
      continue;
    }
    Result<void> carried = co_await carry(relay, waiting_.front().back);
    // A provider that cannot bring it gives it up.
    static_cast<void>(carried);
    waiting_.pop_front();
  }
}

io::Task<Result<void>> ComeBackPost::carry(Endpoint relay, const ComeBack& back) const {
  const bool is_bounce = back.kind == ComeBack::Kind::bounce;
  const std::string& to = is_bounce ? back.reverse_path : complaints_to_;
  CO_TRY(auto stream, co_await loop_.network().connect(relay, {}, loop_.now() + patience));
  delivery::Dialogue dialogue(loop_, std::move(stream));
  Result<smtp::Reply> greeting = co_await dialogue.read_reply(patience);
  CO_TRY_VOID(expect(greeting, 220));
  const std::string host(back.from->mail_host);
  CO_TRY_VOID(co_await ask(dialogue, "EHLO " + host + "\r\n", 250));
  CO_TRY_VOID(co_await ask(dialogue, "MAIL FROM:<>\r\n", 250));
  CO_TRY_VOID(co_await ask(dialogue, "RCPT TO:<" + to + ">\r\n", 250));
  CO_TRY_VOID(co_await ask(dialogue, "DATA\r\n", 354));
  smtp::DataWriter writer;
  std::string wire;
  writer.append(text_of(back, complaints_to_, loop_.wall_now()), wire);
  writer.finish(wire);
  CO_TRY_VOID(co_await ask(dialogue, std::move(wire), 250));
  co_return co_await ask(dialogue, "QUIT\r\n", 221);
}

}  // namespace waypost::demo
