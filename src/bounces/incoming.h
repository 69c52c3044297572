#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bounces/notice_book.h"
#include "message/auto_reply.h"
#include "message/dmarc_report.h"
#include "message/dsn_reader.h"
#include "message/feedback_report.h"
#include "message/tls_report.h"

// What came back: a message read as bounce, complaint, automatic answer or report. Pure.
namespace waypost::bounces {

enum class Kind : uint8_t {
  dsn,           // RFC 3464
  bounce,        // the same in another form
  arf,           // a complaint, RFC 5965
  auto_reply,    // RFC 3834
  dmarc_report,  // RFC 9990
  tls_report,    // RFC 8460
  not_a_bounce,
};
std::string_view name(Kind kind);  // "auto-reply"

// From where it is known whom the notice means.
enum class Source : uint8_t {
  fields,   // for programs (RFC 3464), which name the address and what was said
  words,    // for people: the address stands there as the one that failed, or in
            // X-Failed-Recipients
  nothing,  // a guess: from the returned message, or the notice may mean somebody else
};

struct Recipient {
  std::string address;  // empty: the message names none
  Source source = Source::fields;
  message::ReportedAction action = message::ReportedAction::not_stated;
  std::string status;  // "5.1.1"; empty: not stated
  std::string reply;   // what was said about it, on one line
  std::string remote_mta;
  std::string says;      // what stands for the reply when it is classified; empty: the reply itself
  std::string provider;  // who said it, where no host is named: an id of the rules for replies
};

struct Incoming {
  Kind kind = Kind::not_a_bounce;
  std::string server;  // who speaks, when it is known: "qmail"
  std::string rule;    // by which rule of rules/bounces it was read
  std::vector<Recipient> recipients;
  std::string message_id;  // of the message that came back; empty: not told
  // Of a notice: the addresses in its words for people, what it quotes of the returned message
  // aside, and whether it says that the message went on from the address that it was sent to.
  std::vector<std::string> mentioned;
  bool was_passed_on = false;
  // Of its kind only. A report that is broken is its kind and an error.
  std::optional<message::FeedbackReport> complaint;
  std::optional<message::AutoReply> auto_reply;
  std::optional<base::Result<message::DmarcReport>> dmarc;  // the first that can be read
  size_t dmarc_more = 0;                                    // that it carries beside that one
  std::optional<base::Result<message::TlsReport>> tls;
};

inline constexpr size_t recipients_max = 5000;

// Any octets, bounded in time and memory by the limits of message::read_mime(). Any thread.
Incoming read_incoming(std::string_view octets, const NoticeBook& book = shipped_notices());

}  // namespace waypost::bounces
