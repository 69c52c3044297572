#include "bounces/incoming.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_map>

#include "base/ascii.h"
#include "bounces/line_pattern.h"
#include "bounces/notice_reader.h"
#include "bounces/phrases.h"
#include "bounces/reply_words.h"
#include "bounces/ses_notification.h"
#include "message/header_block.h"
#include "message/mime.h"

namespace waypost::bounces {
namespace {

using message::MimeMessage;
using message::ReportedAction;

// Of the subjects of notices.
constexpr std::array<std::string_view, 27> failure_words{
    "undeliver",           "delivery fail",      "failure notice",       "returned mail",
    "delivery status",     "mail delivery",      "not delivered",        "not be delivered",
    "delivery has failed", "delivery error",     "mail system error",    "message delivery",
    "could not be sent",   "returned to sender", "delivery problem",     "delivery report",
    "mail failed",         "warning: could not", "warning: message",     "unzustellbar",
    "non remis",           "non recapitabile",   "no se puede entregar", "não é possível entregar",
    "onbestelbaar",        "配信不能",           "не доставлено"};

// Programs alone have these names; a postmaster may be a person.
constexpr std::array<std::string_view, 4> program_names{"mailer-daemon", "mailerdaemon",
                                                        "mail delivery", "maildelivery"};

// "<ann@example.net>: host mx said: 550 5.1.1 ...": words that only a refusal has, in whatever
// language the rest is.
bool states_refusal(std::string_view text) {
  static const LinePattern pattern(
      "(?:^[ \\t>]*|[:(>#'\"=]|\\bsaid|\\bsays)[ \\t]*[45]\\d\\d[ "
      "-]#?\\(?[45]\\.\\d{1,3}\\.\\d{1,3}\\b|"
      "(?:[:(>#]|\\bsaid|\\bsays)[ \\t]*[45]\\d\\d(?:-|[ \\t]+(?:[^\\skmgt%\\d]|[kmgt][^b\\s]))");
  return pattern.find(text).has_value();
}

bool is_written_by_program(const MimeMessage& message) {
  const std::string from = base::to_lower(message.field("From"));
  if (has_one_of(from, program_names)) return true;
  return message.field("Return-Path") == "<>" && from.find("postmaster") != std::string::npos;
}

// A text without a header, or the header of a message that a mail system wrote about another.
bool is_from_mail_system(const MimeMessage& message, const NoticeText& notice) {
  if (!notice.failed.empty()) return true;
  if (message.fields.empty()) {
    constexpr std::array<std::string_view, 6> words{"deliver", "undeliver",    "returned mail",
                                                    "bounced", "your message", "rejected"};
    return has_one_of(notice.small, words);
  }
  std::string from = base::to_lower(message.field("From"));
  bool is_daemon = has_one_of(from, program_names) ||
                   from.find("postmaster") != std::string::npos ||
                   message.field("Return-Path") == "<>" || base::trim(from) == "<>";
  if (is_daemon && has_one_of(notice.subject, failure_words)) return true;
  return is_written_by_program(message) && states_refusal(notice.text);
}

// A person who answers, and may quote a notice or speak as one does.
bool is_answer_of_person(const MimeMessage& message, const NoticeText& notice) {
  if (!notice.failed.empty() || message.type == "multipart/report") return false;
  if (is_written_by_program(message)) return false;
  constexpr std::array<std::string_view, 5> answers{"re:", "re ", "aw:", "sv:", "antw:"};
  for (std::string_view start : answers)
    if (notice.subject.starts_with(start)) return true;
  return !message.field("In-Reply-To").empty() && !has_one_of(notice.subject, failure_words);
}

// "554 4.4.7 Message expired <421 4.4.2 Timed out>" -> "4.4.2": of the last reply that another one
// quotes; empty when it quotes none.
std::string last_quoted_status(std::string_view reply) {
  constexpr size_t code_octets = 4;  // "421 "
  std::string last;
  for (size_t at = code_octets; at < reply.size();) {
    std::string_view status = message::first_status(reply.substr(at));
    if (status.empty()) break;
    const size_t begin = size_t(status.data() - reply.data());
    at = begin + status.size();
    std::string_view before = reply.substr(begin - code_octets, code_octets);
    bool is_code = (before[0] == '4' || before[0] == '5') && base::is_digit(before[1]) &&
                   base::is_digit(before[2]) && (before[3] == ' ' || before[3] == '-');
    if (is_code && begin > code_octets) last = status;
  }
  return last;
}

// A status that says nothing gives way to one that the reply states, when both speak of the same
// kind of outcome (RFC 3463 §2).
std::string best_status(const std::string& stated, const std::string& reply) {
  // Given up, "x.4.7", says nothing of why.
  if (stated.ends_with(".4.7"))
    if (std::string why = last_quoted_status(reply); !why.empty()) return why;
  std::string said = status_in(reply);
  // What was said in words for the moment, and for good in the reply, was refused for good.
  bool differs_in_kind = said.size() == stated.size() && !said.empty() && said[0] != stated[0] &&
                         said.substr(1) == stated.substr(1);
  if (differs_in_kind) return said;
  if (!stated.empty() && !stated.ends_with(".0.0")) return stated;
  if (said.empty() || (!stated.empty() && said[0] != stated[0])) return stated;
  return said;
}

ReportedAction action_of(const message::ReportedRecipient& recipient) {
  if (recipient.action != ReportedAction::not_stated) return recipient.action;
  switch (recipient.status.empty() ? '5' : recipient.status[0]) {
    case '2':
      return ReportedAction::delivered;
    case '4':
      return ReportedAction::delayed;
    default:
      return ReportedAction::failed;
  }
}

std::vector<Recipient> recipients_of(message::DeliveryReport report, const NoticeText& notice) {
  std::vector<Recipient> recipients;
  for (message::ReportedRecipient& reported : report.recipients) {
    Recipient recipient;
    recipient.action = action_of(reported);
    if (reported.is_passed_on) recipient.source = Source::nothing;
    recipient.reply = on_one_line(reported.diagnostic);
    // The exit code of a program, "X-Unix; 77", says nothing.
    bool has_words = std::any_of(recipient.reply.begin(), recipient.reply.end(),
                                 [](char c) { return !base::is_digit(c) && c != ' '; });
    if (!reported.is_reply && !has_words) recipient.reply.clear();
    recipient.says = spoken_reply(recipient.reply);
    recipient.status = recipient.says.empty() ? "" : status_in(recipient.says);
    if (recipient.status.empty()) recipient.status = best_status(reported.status, recipient.reply);
    recipient.remote_mta = std::move(reported.remote_mta);
    recipient.address = std::move(reported.address);
    if (recipient.address.find('@') == std::string::npos && notice.failed.size() == 1)
      recipient.address = notice.failed.front();
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

// What the notice says to people about those of whom its fields tell no words.
class Words {
 public:
  Words(const NoticeText& notice, const NoticeBook& book) {
    std::optional<ReadNotice> read = read_notice(notice, book);
    if (!read) read = read_unknown_notice(notice);
    if (read) told_ = std::move(read->recipients);
    for (const Recipient& one : told_) by_address_.emplace(base::to_lower(one.address), &one);
  }

  void add_to(Recipient& recipient, bool is_only_one) const {
    auto found = by_address_.find(base::to_lower(recipient.address));
    const Recipient* told = found != by_address_.end()         ? found->second
                            : is_only_one && told_.size() == 1 ? &told_.front()
                                                               : nullptr;
    if (told == nullptr) return;
    recipient.reply = told->reply;
    recipient.says = told->says;
    recipient.provider = told->provider;
    // Words about somebody else whom they name are none about this one.
    const bool is_about_another = found == by_address_.end() && told->source == Source::words;
    if (is_about_another)
      recipient.source = Source::nothing;
    else if (recipient.source == Source::fields)
      recipient.source = Source::words;
    if (recipient.address.find('@') == std::string::npos) recipient.address = told->address;
    if (recipient.remote_mta.empty()) recipient.remote_mta = told->remote_mta;
    recipient.status = best_status(recipient.status, recipient.reply);
  }

 private:
  std::vector<Recipient> told_;
  std::unordered_map<std::string, const Recipient*> by_address_;
};

// Where the fields for programs hold no words, those for people may.
void add_words(std::vector<Recipient>& recipients, const NoticeText& notice,
               const NoticeBook& book) {
  auto has_words = [](const Recipient& one) { return !one.reply.empty(); };
  if (std::all_of(recipients.begin(), recipients.end(), has_words)) return;
  const Words words(notice, book);
  for (Recipient& recipient : recipients)
    if (!has_words(recipient)) words.add_to(recipient, recipients.size() == 1);
}

// Whom a notice names, and whether it tells of one who stands behind an alias.
void take_hints(const NoticeText& notice, Incoming& incoming) {
  constexpr std::array<std::string_view, 18> phrases{
      "generated from", "generated by",  "expanded from", "undisclosed address",
      "forwarded from", "forwarded to",  "forwarded by",  "redirected from",
      "redirected to",  "redirected by", "auto-forward",  "could not be forwarded",
      "weitergeleitet", "umgeleitet",    "transféré à",   "reenviado a",
      "inoltrato a",    "doorgestuurd"};
  incoming.was_passed_on = has_one_of(notice.small, phrases);
  incoming.mentioned = notice.mentioned;
}

void take_message_id(const NoticeText& notice, Incoming& incoming) {
  message::HeaderBlock header = message::scan_header_block(notice.returned);
  if (const message::HeaderField* id = header.find("Message-ID"))
    incoming.message_id = message::unfold(id->value);
}

// "> a\n> b" -> "a\nb".
std::string without_quoting(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("> ")) at += 2;
    size_t end = std::min(text.find('\n', at), text.size() - 1);
    plain += text.substr(at, end + 1 - at);
    at = end + 1;
  }
  return plain;
}

// The fields of a report in the text itself: without MIME, or forwarded with all its parts.
std::optional<message::DeliveryReport> report_in_text(const MimeMessage& message,
                                                      const NoticeText& notice) {
  constexpr std::string_view field = "final-recipient";
  if (notice.small.find(field) != std::string::npos) {
    bool is_quoted = notice.small.find("\n> final-recipient") != std::string::npos;
    return message::read_delivery_report(is_quoted ? without_quoting(notice.text) : notice.text);
  }
  if (!is_from_mail_system(message, notice)) return std::nullopt;
  size_t at = base::to_lower(notice.returned).find("\nreporting-mta:");
  if (at == std::string::npos) return std::nullopt;
  return message::read_delivery_report(std::string_view(notice.returned).substr(at));
}

bool take_delivery_report(const MimeMessage& message, const NoticeText& notice,
                          const NoticeBook& book, Incoming& incoming) {
  std::optional<message::DeliveryReport> report = message::delivery_report_of(message);
  incoming.kind = Kind::dsn;
  if (!report) {
    report = report_in_text(message, notice);
    incoming.kind = message.report_type == "delivery-status" ? Kind::dsn : Kind::bounce;
  }
  if (!report) return false;
  incoming.server = report->reporting_mta;
  incoming.recipients = recipients_of(*std::move(report), notice);
  add_words(incoming.recipients, notice, book);
  return true;
}

void take_complaint(message::FeedbackReport report, Incoming& incoming) {
  incoming.kind = Kind::arf;
  incoming.server = report.user_agent;
  incoming.message_id = report.message_id;
  for (const std::string& address : report.recipients) {
    Recipient recipient;
    recipient.address = address;
    incoming.recipients.push_back(std::move(recipient));
  }
  incoming.complaint = std::move(report);
}

bool take_notice(const MimeMessage& message, const NoticeText& notice, const NoticeBook& book,
                 Incoming& incoming) {
  if (is_answer_of_person(message, notice)) return false;
  std::optional<ReadNotice> read = read_notice(notice, book);
  if (!read && is_from_mail_system(message, notice)) read = read_unknown_notice(notice);
  if (!read) return false;
  incoming.kind = message.part("message/delivery-status") != nullptr ? Kind::dsn : Kind::bounce;
  if (read->style != nullptr) {
    incoming.server = read->style->rule.server;
    incoming.rule = read->style->rule.id;
  }
  incoming.recipients = std::move(read->recipients);
  return true;
}

// Bounces say `auto-replied` as well, so that this alone decides only where nothing else does.
std::optional<message::AutoReply> plain_auto_reply(const MimeMessage& message,
                                                   const NoticeText& notice) {
  std::optional<message::AutoReply> reply = message::auto_reply_of(message);
  bool may_be_notice = !notice.failed.empty() || (reply && reply->reason.starts_with("Auto-Sub") &&
                                                  is_from_mail_system(message, notice));
  if (may_be_notice) return std::nullopt;
  return reply;
}

void take_auto_reply(message::AutoReply reply, Incoming& incoming) {
  incoming.kind = Kind::auto_reply;
  Recipient recipient;
  recipient.address = reply.from;
  incoming.recipients.push_back(std::move(recipient));
  incoming.auto_reply = std::move(reply);
}

}  // namespace

std::string_view name(Kind kind) {
  constexpr std::array<std::string_view, 7> names{
      "dsn", "bounce", "arf", "auto-reply", "dmarc-report", "tls-report", "not-a-bounce"};
  return names[size_t(kind)];
}

namespace {

constexpr size_t kept_messages_max = 1000;

// "From ann@example.net Thu Apr 29 23:34:45 2015", the line above a message in a file of many.
bool is_separator_at(std::string_view octets, size_t at) {
  std::string_view line = octets.substr(at, 200);
  if (!line.starts_with("From ")) return false;
  line = line.substr(0, line.find('\n'));
  size_t clock = line.find(':');
  return clock != std::string_view::npos && clock > 2 && line.size() > clock + 5 &&
         base::is_digit(line[clock - 1]) && base::is_digit(line[clock + 1]) &&
         line[clock + 3] == ':';
}

bool take_dmarc(const MimeMessage& message, Incoming& incoming) {
  auto reports = message::dmarc_reports_of(message, false);
  if (reports.empty()) return false;
  auto best = std::find_if(reports.begin(), reports.end(), [](const auto& one) { return !!one; });
  if (best == reports.end()) best = reports.begin();
  incoming.kind = Kind::dmarc_report;
  incoming.dmarc = std::move(*best);
  incoming.dmarc_more = reports.size() - 1;
  return true;
}

Incoming read_one(std::string_view octets, const NoticeBook& book) {
  MimeMessage message = message::read_mime(octets);
  Incoming incoming;
  if (auto complaint = message::feedback_report_of(message)) {
    take_complaint(*std::move(complaint), incoming);
    return incoming;
  }
  incoming.tls = message::tls_report_of(message);
  if (incoming.tls) {
    incoming.kind = Kind::tls_report;
    return incoming;
  }
  NoticeText notice = notice_text_of(message, book);
  take_message_id(notice, incoming);
  take_hints(notice, incoming);
  if (take_delivery_report(message, notice, book, incoming)) return incoming;
  if (take_dmarc(message, incoming)) return incoming;
  if (auto told = read_ses_notification(notice.text)) return *std::move(told);
  if (auto reply = plain_auto_reply(message, notice)) {
    take_auto_reply(*std::move(reply), incoming);
    return incoming;
  }
  if (take_notice(message, notice, book, incoming)) return incoming;
  if (auto reply = message::auto_reply_of(message)) {
    take_auto_reply(*std::move(reply), incoming);
    return incoming;
  }
  incoming.kind = Kind::not_a_bounce;
  incoming.message_id.clear();
  return incoming;
}

// Notices that somebody kept in one file (mbox), each behind its separator; the file itself
// when it does not begin with one.
std::vector<std::string_view> messages_of(std::string_view octets) {
  std::vector<std::string_view> messages;
  if (!is_separator_at(octets, 0)) return {octets};
  for (size_t begin = 0; begin < octets.size() && messages.size() < kept_messages_max;) {
    size_t end = begin;
    do {
      end = octets.find("\nFrom ", end);
      end = end == std::string_view::npos ? octets.size() : end + 1;
    } while (end < octets.size() && !is_separator_at(octets, end));
    messages.push_back(octets.substr(begin, end - begin));
    begin = end;
  }
  return messages;
}

}  // namespace

Incoming read_incoming(std::string_view octets, const NoticeBook& book) {
  const std::vector<std::string_view> messages = messages_of(octets);
  Incoming incoming = read_one(messages.front(), book);
  const bool is_notice = incoming.kind == Kind::dsn || incoming.kind == Kind::bounce;
  if (!is_notice) return incoming;
  for (size_t i = 1; i < messages.size() && incoming.recipients.size() < recipients_max; ++i) {
    Incoming next = read_one(messages[i], book);
    if (next.kind != Kind::dsn && next.kind != Kind::bounce) continue;
    incoming.was_passed_on |= next.was_passed_on;
    std::move(next.mentioned.begin(), next.mentioned.end(), std::back_inserter(incoming.mentioned));
    for (Recipient& recipient : next.recipients)
      incoming.recipients.push_back(std::move(recipient));
  }
  if (incoming.recipients.size() > recipients_max) incoming.recipients.resize(recipients_max);
  return incoming;
}

}  // namespace waypost::bounces
