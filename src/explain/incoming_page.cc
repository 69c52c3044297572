#include <map>
#include <set>

#include <fmt/format.h>

#include "explain/incoming_answer.h"
#include "explain/reply_page.h"

namespace waypost::explain {
namespace {

using bounces::Incoming;
using bounces::Kind;
using bounces::Recipient;

constexpr size_t recipients_shown_max = 20;
constexpr size_t rows_shown_max = 20;

std::string_view title(Kind kind) {
  switch (kind) {
    case Kind::dsn:
      return "A delivery status notification";
    case Kind::bounce:
      return "A notice of what became of a message";
    case Kind::arf:
      return "A complaint about a message";
    case Kind::auto_reply:
      return "An automatic answer, no bounce";
    case Kind::dmarc_report:
      return "A DMARC aggregate report, no bounce";
    case Kind::tls_report:
      return "A TLS report, no bounce";
    case Kind::not_a_bounce:
      return "Not a bounce, complaint or report";
  }
  return {};
}

// "ann@example.net (failed, 5.1.1, said by mx.example.net)".
std::string recipient_line(const Recipient& recipient) {
  std::string line = recipient.address.empty() ? "(no recipient is named)" : recipient.address;
  std::string about(message::name(recipient.action));
  auto add = [&](std::string_view word) {
    if (!about.empty()) about += ", ";
    about += word;
  };
  if (!recipient.status.empty()) add(recipient.status);
  if (!recipient.remote_mta.empty()) add("said by " + recipient.remote_mta);
  return about.empty() ? line : fmt::format("{} ({})", line, about);
}

void add_recipient(Page& page, const RecipientAnswer& one, bool is_new) {
  page.paragraph(recipient_line(*one.recipient), 0, Tone::title);
  if (!one.answer) {
    page.paragraph(fmt::format("{}: nothing was refused.", one.state), 2);
    page.blank();
    return;
  }
  if (is_new)
    page.append(reply_page(one.recipient->reply, *one.answer));
  else
    page.paragraph(fmt::format("As above: {}", one.answer->title), 2);
  page.blank();
}

void add_complaint(Page& page, const message::FeedbackReport& report) {
  page.labelled("Type", report.type);
  if (!report.user_agent.empty()) page.labelled("From", report.user_agent);
  if (!report.source_ip.empty()) page.labelled("Sent by", report.source_ip);
  if (!report.auth_failure.empty()) page.labelled("Failed", report.auth_failure);
  if (report.type == "abuse")
    page.labelled("Fix", "Stop sending to the recipients below: they complained.", Tone::fix);
  if (report.type == "opt-out")
    page.labelled("Fix", "Take the recipients below off the list that they got this from.",
                  Tone::fix);
  page.blank();
}

void add_dmarc(Page& page, const message::DmarcReport& report) {
  page.labelled("From", report.organisation);
  page.labelled("Domain", fmt::format("{} (policy {})", report.domain, report.policy));
  uint64_t messages = 0;
  uint64_t failed = 0;
  std::multimap<uint64_t, const message::DmarcRow*, std::greater<>> worst;
  for (const message::DmarcRow& row : report.rows) {
    messages += row.count;
    if (row.dkim == "pass" || row.spf == "pass") continue;
    failed += row.count;
    worst.emplace(row.count, &row);
  }
  page.labelled("Mail", fmt::format("{} messages, {} failed DMARC", messages, failed));
  size_t shown = 0;
  for (const auto& [count, row] : worst) {
    if (shown++ == rows_shown_max) break;
    page.paragraph(fmt::format("{:>8}  {}  From: {}  ({})", count, row->source_ip, row->header_from,
                               row->disposition),
                   2);
  }
}

void add_tls(Page& page, const message::TlsReport& report) {
  page.labelled("From", report.organisation);
  for (const message::TlsPolicy& policy : report.policies) {
    page.labelled("Domain", fmt::format("{} ({}): {} sessions with TLS, {} failed", policy.domain,
                                        policy.type, policy.successes, policy.failures));
    size_t shown = 0;
    for (const message::TlsFailure& failure : policy.details) {
      if (shown++ == rows_shown_max) break;
      page.paragraph(
          fmt::format("{:>8}  {}  {}", failure.sessions, failure.result, failure.receiving_host),
          2);
    }
  }
}

// Two recipients of one cause are explained once.
void add_recipients(Page& page, const std::vector<RecipientAnswer>& answers) {
  std::set<std::string> explained;
  size_t shown = 0;
  for (const RecipientAnswer& one : answers) {
    if (shown++ == recipients_shown_max) {
      page.paragraph(fmt::format("and {} recipients more; --json names all.",
                                 answers.size() - recipients_shown_max),
                     0);
      return;
    }
    std::string cause = one.answer ? std::string(classify::slug(one.answer->reading.reply_class)) +
                                         one.answer->reading.rule_id()
                                   : std::string(one.state);
    add_recipient(page, one, explained.insert(cause).second);
  }
}

}  // namespace

Page incoming_page(const Incoming& incoming, const std::vector<RecipientAnswer>& answers) {
  Page page;
  page.headline(bounces::name(incoming.kind), title(incoming.kind));
  page.blank();
  bool is_notice = incoming.kind == Kind::dsn || incoming.kind == Kind::bounce;
  if (is_notice && !incoming.server.empty()) page.labelled("From", incoming.server);
  if (is_notice && !incoming.message_id.empty()) page.labelled("About", incoming.message_id);
  if (is_notice) page.blank();
  if (incoming.complaint) add_complaint(page, *incoming.complaint);
  if (incoming.auto_reply) page.labelled("Because", incoming.auto_reply->reason);
  for (const Error* broken :
       {incoming.dmarc && !*incoming.dmarc ? &incoming.dmarc->error() : nullptr,
        incoming.tls && !*incoming.tls ? &incoming.tls->error() : nullptr})
    if (broken != nullptr) page.labelled("Broken", broken->message());
  if (incoming.dmarc && *incoming.dmarc) add_dmarc(page, **incoming.dmarc);
  if (incoming.dmarc_more > 0)
    page.labelled("More", fmt::format("The message carries {} beside that: `waypost dmarc report` "
                                      "reads all.",
                                      incoming.dmarc_more));
  if (incoming.tls && *incoming.tls) add_tls(page, **incoming.tls);
  add_recipients(page, answers);
  return page;
}

}  // namespace waypost::explain
