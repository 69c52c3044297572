#include "notices/notice_text.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "classify/speaker.h"
#include "smtp/reply.h"

namespace waypost::notices {
namespace {

using queue::Notice;
using queue::NoticedRecipient;
using queue::NoticeKind;

constexpr size_t columns_max = 72;
constexpr size_t recipients_told_max = 20;  // in words; programs find them all
constexpr size_t quoted_octets_max = 1000;

// Words of `text` in lines that begin with `first`, then with blanks of the same width.
void add_wrapped(std::string& out, std::string_view first, std::string_view text) {
  std::string line(first);
  bool has_word = false;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    if (has_word && line.size() + 1 + word.size() > columns_max) {
      out += line + "\n";
      line.assign(first.size(), ' ');
      has_word = false;
    }
    if (has_word) line += ' ';
    line += word;
    has_word = true;
  }
  if (has_word) out += line + "\n";
}

// What the rules know of it.
struct Meaning {
  std::string title;
  std::string meaning;
  std::string actor;
  std::vector<std::string> remedy;
  std::string page;  // of `waypost explain`
};

Meaning meaning_of(const NoticedRecipient& recipient, const classify::RuleBook& book) {
  auto reply_class = classify::parse_reply_class(recipient.cause.reply_class);
  if (!reply_class || *reply_class == classify::ReplyClass::unknown) return {};
  const classify::ClassPage& page = book.page(*reply_class);
  Meaning meaning{page.title, page.meaning, page.actor, page.remedy,
                  std::string(classify::slug(*reply_class))};
  const classify::Rule* rule = book.rule(recipient.cause.rule);
  if (!rule) return meaning;
  // The rule tells of one product, and others say the same words: no guess is told as a fact.
  const classify::Provider* product = book.provider(rule->provider);
  if (product && !is_spoken_by(*product, recipient.host, recipient.reply, book)) return meaning;
  if (!rule->title.empty()) meaning.title = rule->title;
  if (!rule->meaning.empty()) meaning.meaning = rule->meaning;
  if (!rule->actor.empty()) meaning.actor = rule->actor;
  if (!rule->remedy.empty()) meaning.remedy = rule->remedy;
  meaning.page = rule->id;
  return meaning;
}

// What the rules advise is for mail that was refused: who still tries needs nothing, and for mail
// that ran out of time "try again later" is no advice.
void add_meaning(std::string& out, const Meaning& meaning, bool advise) {
  if (meaning.title.empty()) return;
  add_wrapped(out, "  ", meaning.title + ".");
  add_wrapped(out, "  ", meaning.meaning);
  if (!advise) return;
  if (!meaning.actor.empty()) add_wrapped(out, "  Who can mend it: ", meaning.actor);
  if (!meaning.remedy.empty()) out += "  What to do:\n";
  for (size_t i = 0; i < meaning.remedy.size(); ++i)
    add_wrapped(out, fmt::format("    {}. ", i + 1), meaning.remedy[i]);
}

void add_said(std::string& out, const NoticedRecipient& recipient) {
  if (recipient.reply.empty()) {
    add_wrapped(out, "  ",
                recipient.expired ? "It could not be tried even once." : "It was not tried yet.");
    return;
  }
  if (!is_smtp_reply(recipient.reply))
    out += "  What happened:\n";
  else if (recipient.host.empty())
    out += "  The server said:\n";
  else
    add_wrapped(out, "  ", fmt::format("{} said:", base::escape_control(recipient.host)));
  std::string said = base::to_valid_utf8(recipient.reply.substr(0, quoted_octets_max));
  add_wrapped(out, "      ", base::escape_control(said));
}

std::string opening(const Notice& notice) {
  std::string_view to = notice.recipients.size() == 1 ? "to this recipient" : "to these recipients";
  switch (notice.kind) {
    case NoticeKind::failed:
      if (notice.recipients.front().expired)
        return fmt::format(
            "Your message could not be delivered {} before its time ran out. It is not tried any "
            "more. If it still matters, ask them in another way, and send it again:",
            to);
      return fmt::format("Your message could not be delivered {}, and is not tried again:", to);
    case NoticeKind::delayed:
      return fmt::format(
          "Your message could not be delivered {} yet. It is still being tried, and you need not "
          "do anything:",
          to);
    case NoticeKind::relayed:
      break;
  }
  return fmt::format(
      "Your message {} was handed to a mail server that sends no reports. That server took it; "
      "whether it reaches the mailbox, you will not be told:",
      to);
}

// Whoever asked for delays alone hears nothing of a failure (RFC 3461 §4.1).
std::string prospect(const Notice& notice) {
  auto hears = [&](const NoticedRecipient& recipient) {
    return queue::wants_notice(*notice.envelope, recipient.recipient, NoticeKind::failed);
  };
  const std::string end = base::to_rfc5322_date(notice.envelope->expires_at);
  const auto& recipients = notice.recipients;
  if (std::all_of(recipients.begin(), recipients.end(), hears))
    return fmt::format("You will hear again if it cannot be delivered by {}.", end);
  const std::string tried =
      fmt::format("It is tried until {}. You will not be told if it fails", end);
  if (std::none_of(recipients.begin(), recipients.end(), hears))
    return tried + ": you did not ask for that.";
  return tried + ", but for the recipients of whom you asked for that.";
}

void add_closing(std::string& out, const Notice& notice, std::string_view hostname) {
  const spool::Envelope& envelope = *notice.envelope;
  if (notice.kind == NoticeKind::delayed) add_wrapped(out, "", prospect(notice));
  add_wrapped(
      out, "",
      fmt::format("The message was accepted on {}. The mail server {} knows it as {}.",
                  base::to_rfc5322_date(envelope.accepted_at), hostname, envelope.id.text()));
  out += "The parts that follow say the same for programs, and show what was sent.\n";
}

// What was refused here, before a server could, begins with the code that one would have said.
std::optional<smtp::EnhancedCode> enhanced_of(std::string_view reply) {
  std::string_view rest =
      is_smtp_reply(reply) ? reply.substr(std::min<size_t>(reply.size(), 4)) : reply;
  return smtp::EnhancedCode::parse(rest.substr(0, rest.find(' ')));
}

std::string failed_without_reply(const NoticedRecipient& recipient) {
  using classify::ReplyClass;
  switch (classify::parse_reply_class(recipient.cause.reply_class).value_or(ReplyClass::unknown)) {
    case ReplyClass::domain_not_found:
      return "5.1.2";
    case ReplyClass::no_mx:
      return "5.1.10";  // RFC 7505 §5
    case ReplyClass::routing_loop:
      return "5.4.6";
    default:
      return "5.4.4";
  }
}

}  // namespace

bool is_smtp_reply(std::string_view text) {
  return text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && base::is_digit(text[1]) &&
         base::is_digit(text[2]) && (text.size() == 3 || text[3] == ' ');
}

std::string notice_status(NoticeKind kind, const NoticedRecipient& recipient) {
  std::optional<smtp::EnhancedCode> said = enhanced_of(recipient.reply);
  int digit = is_smtp_reply(recipient.reply) ? recipient.reply[0] - '0' : 0;
  switch (kind) {
    case NoticeKind::relayed:
      return said && said->kind == 2 ? said->text() : "2.0.0";
    case NoticeKind::delayed:
      // A 5yz that is tried again was read as "not now".
      if (said) return smtp::EnhancedCode{4, said->subject, said->detail}.text();
      return digit == 0 ? "4.4.1" : "4.0.0";
    case NoticeKind::failed:
      break;
  }
  if (recipient.expired && digit == 0) return "4.4.7";
  if (said && said->kind != 2) return said->text();
  if (digit >= 4) return fmt::format("{}.0.0", digit);
  return failed_without_reply(recipient);
}

std::string notice_subject(const Notice& notice) {
  std::string what = notice.kind == NoticeKind::failed    ? "Not delivered"
                     : notice.kind == NoticeKind::delayed ? "Not delivered yet, still being tried"
                                                          : "Handed on without a report";
  size_t count = notice.recipients.size();
  if (count > 1) return fmt::format("{}: {} recipients", what, count);
  return fmt::format("{}: {}", what,
                     notice.envelope->recipients[notice.recipients.front().recipient].text());
}

std::string notice_text(const Notice& notice, const classify::RuleBook& book,
                        std::string_view hostname) {
  std::string text;
  add_wrapped(text, "", opening(notice));
  size_t told = std::min(notice.recipients.size(), recipients_told_max);
  for (size_t i = 0; i < told; ++i) {
    const NoticedRecipient& recipient = notice.recipients[i];
    text += "\n" + notice.envelope->recipients[recipient.recipient].text() + "\n";
    bool advise = notice.kind == NoticeKind::failed && !recipient.expired;
    if (notice.kind != NoticeKind::relayed) add_meaning(text, meaning_of(recipient, book), advise);
    add_said(text, recipient);
  }
  if (told < notice.recipients.size())
    text += fmt::format("\n... and {} more, which the next part names.\n",
                        notice.recipients.size() - told);
  text += "\n";
  add_closing(text, notice, hostname);
  return text;
}

}  // namespace waypost::notices
