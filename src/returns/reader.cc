#include "returns/reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "bounces/incoming.h"
#include "bounces/judge.h"
#include "guard/address.h"
#include "returns/reports.h"

namespace waypost::returns {
namespace {

using bounces::Kind;
using events::EventKind;
using events::Outcome;
using events::Verdict;

// What is told of a message may come before its own events are in the records.
constexpr Duration young = std::chrono::minutes(10);
// Who names a message by its Message-ID alone names one that is not old.
constexpr WallTime::duration named_within = std::chrono::hours(24 * 30);
constexpr unsigned named_a_minute_max = 300;
// People get what the records cannot be asked about for so long, before it expires unread.
constexpr Duration patience = std::chrono::hours(24);
// Anybody can send reports: none has so much that few of them push out all others.
constexpr uint64_t room_of_a_report_max = records::dmarc_room_max / 100;
constexpr size_t message_id_octets_max = 998;  // a line of a header, RFC 5322 §2.1.1
constexpr size_t reply_octets_max = 2000;      // in an event

Outcome outcome(Verdict verdict, std::string reason) {
  Outcome made;
  made.verdict = verdict;
  made.phase = events::Phase::content;
  made.reason = std::move(reason);
  return made;
}

SentMessage sent_message(const spool::Envelope& envelope) {
  SentMessage sent{envelope.id,
                   envelope.sender ? envelope.sender->text() : "",
                   envelope.tenant,
                   envelope.stream,
                   {},
                   {}};
  for (const smtp::Mailbox& recipient : envelope.recipients)
    sent.recipients.push_back(recipient.text());
  return sent;
}

std::string reason_of(const Finding& finding) {
  if (finding.kind == EventKind::complained) return "complaint";
  if (finding.kind == EventKind::unsubscribed) return "unsubscribe";
  return finding.cause.reply_class;
}

// An automatic answer to a message of ours concerns nobody; a report of delivery is no news. What a
// program writes to an address for people may be what somebody waits for: that a feedback loop is
// to be confirmed, or that somebody unsubscribes.
bool needs_people(const bounces::Incoming& incoming, bool is_about_ours) {
  if (incoming.kind == Kind::auto_reply) return !is_about_ours;
  const bool is_notice = incoming.kind == Kind::dsn || incoming.kind == Kind::bounce;
  return !is_notice || incoming.recipients.empty() ||
         std::any_of(incoming.recipients.begin(), incoming.recipients.end(), bounces::was_refused);
}

}  // namespace

// Of one message that came back, on its way to the worker.
struct Reader::Work {
  std::string octets;
  std::optional<Reference> reference;
  std::optional<SentMessage> sent;  // where the queue still has it
  bool unsubscribes = false;        // it came to an address for that
  WallTime now;
  bool has_waited_long = false;  // for records that cannot be read
  Rules rules;
};

struct Reader::Understood {
  Kind kind = Kind::not_a_bounce;
  std::optional<MessageId> about;   // which it names, known or not
  std::optional<SentMessage> sent;  // none: the records do not know it
  std::vector<Finding> findings;
  std::optional<message::ReceivedDmarc> dmarc;
  size_t dmarc_more = 0;  // reports in the same message
  std::string told;       // of a report
  bool needs_people = false;

  void take_reports(bounces::Incoming& incoming) {
    dmarc = take_dmarc(incoming);
    dmarc_more = incoming.dmarc_more;
    if (dmarc) told = told_of(*dmarc);
    if (incoming.tls && *incoming.tls) told = told_of(**incoming.tls);
  }
};

// What the worker keeps between two messages.
struct Reader::Memory {
  Rules rules;
  std::optional<classify::Reader> replies;
  WallTime minute;  // in which `named` were looked up
  unsigned named = 0;

  bool may_look_up_named(WallTime now) {
    const WallTime this_minute = std::chrono::floor<std::chrono::minutes>(now);
    if (std::exchange(minute, this_minute) != this_minute) named = 0;
    return ++named <= named_a_minute_max;
  }

  classify::Reader& replies_by(const Rules& wanted) {
    if (!replies)
      replies.emplace(*wanted);
    else if (rules != wanted)
      replies->use(*wanted);
    rules = wanted;
    return *replies;
  }
};

namespace {

// Complaints quote the address that the message came from, or the one that it names to unsubscribe,
// or at least its Message-ID. A forwarder's address around ours says that it was passed on.
std::optional<Reference> reference_of(bounces::Incoming& incoming, const ReturnPaths& paths) {
  if (!incoming.complaint) return std::nullopt;
  const message::FeedbackReport& complaint = *incoming.complaint;
  for (const std::string* quoted :
       {&complaint.mail_from, &complaint.return_path, &complaint.unsubscribe}) {
    const auto mailbox = smtp::parse_mailbox(*quoted, smtp::Characters::utf8);
    if (!mailbox) continue;
    if (auto reference = paths.reference_in(*mailbox)) return reference;
    auto rewritten = paths.rewritten_reference_in(*mailbox);
    incoming.was_passed_on |= rewritten.has_value();
    if (rewritten) return rewritten;
  }
  return std::nullopt;
}

// Our own addresses in a notice name nobody who failed.
void forget_own(bounces::Incoming& incoming, const ReturnPaths& paths) {
  std::erase_if(incoming.mentioned, [&](const std::string& one) {
    return paths.owns(std::string_view(one).substr(one.rfind('@') + 1));
  });
}

}  // namespace

Reader::Reader(Services services, std::shared_ptr<const ReturnPaths> paths, Rules rules)
    : services_(std::move(services)),
      paths_(std::move(paths)),
      rules_(std::move(rules)),
      memory_(std::make_unique<Memory>()) {}

Reader::~Reader() = default;

io::Task<Outcome> Reader::read(std::shared_ptr<const spool::Envelope> envelope,
                               uint32_t recipient) {
  const std::optional<Arrived> arrived = paths_->arrived(envelope->recipients[recipient]);
  if (!arrived) {
    // The key is another one than when it was taken.
    Outcome refused = outcome(Verdict::bounced, "5.1.1 There is no such mailbox here");
    co_return refused;
  }
  Result<Understood> understood = co_await understand(*envelope, *arrived);
  if (!understood) co_return outcome(Verdict::deferred, "4.3.0 " + understood.error().describe());
  const bool is_known = !understood->findings.empty();
  if (!is_known && !understood->sent && understood->about &&
      services_.loop.wall_now() - understood->about->accepted_at() < young)
    co_return outcome(Verdict::deferred,
                      "4.3.0 message " + understood->about->text() + " is not in the records yet");
  Result<void> kept = co_await suppress(*understood);
  const bool has_waited_long = services_.loop.wall_now() - envelope->accepted_at > patience;
  if (kept) kept = co_await keep_report(*understood, has_waited_long);
  if (!kept) co_return outcome(Verdict::deferred, "4.3.0 " + kept.error().describe());
  std::string reason = fmt::format("2.0.0 read as {}", bounces::name(understood->kind));
  if (!understood->told.empty())
    reason += ": " + understood->told;
  else if (is_known)
    reason += ", about message " + understood->sent->id.text();
  else if (!understood->needs_people)
    reason += ", which tells nothing of our mail";
  if (understood->needs_people) {
    Result<void> sent_on = co_await send_on(*envelope, arrived->path->forward_to);
    if (!sent_on) co_return outcome(Verdict::deferred, "4.3.0 " + sent_on.error().describe());
    reason += ", sent on to " + arrived->path->forward_to.text();
  }
  if (is_known) report(*understood, *envelope);
  co_return outcome(Verdict::delivered, std::move(reason));
}

io::Task<Result<std::string>> Reader::content_of(const spool::Envelope& envelope) {
  std::string octets;
  for (uint32_t index = 0; index < envelope.chunks && octets.size() < read_octets_max; ++index) {
    CO_TRY(std::string chunk, co_await services_.spool.read_chunk(envelope.id, index));
    octets += chunk;
  }
  if (octets.size() > read_octets_max) octets.resize(read_octets_max);
  co_return octets;
}

io::Task<Result<Reader::Understood>> Reader::understand(const spool::Envelope& envelope,
                                                        const Arrived& arrived) {
  Work work;
  CO_TRY(work.octets, co_await content_of(envelope));
  work.reference = arrived.reference;
  work.rules = rules_;
  if (work.reference)
    if (auto queued = services_.queued(work.reference->message)) work.sent = sent_message(*queued);
  work.unsubscribes = arrived.unsubscribes;
  work.now = services_.loop.wall_now();
  work.has_waited_long = work.now - envelope.accepted_at > patience;
  std::function<Result<Understood>()> on_worker = [&] { return understand_aside(work); };
  co_return co_await io::run_on<Result<Understood>>(services_.worker, services_.loop,
                                                    std::move(on_worker));
}

// On the worker.
Result<Reader::Understood> Reader::understand_aside(Work& work) {
  bounces::Incoming incoming = bounces::read_incoming(work.octets);
  Understood understood;
  understood.kind = incoming.kind;
  understood.needs_people = needs_people(incoming, work.reference.has_value());
  const bool came_to_a_name = !work.reference;  // what it quotes comes later
  // Programs write such letters in somebody's name, and say that they are programs.
  const bool is_letter =
      incoming.kind == Kind::not_a_bounce || (incoming.kind == Kind::auto_reply && work.reference);
  if (work.unsubscribes && is_letter)
    TRY_VOID(unsubscribe(work, understood));
  else
    TRY_VOID(find_out(incoming, work, understood));
  if (!understood.findings.empty())
    understood.needs_people =
        std::any_of(understood.findings.begin(), understood.findings.end(), is_left_to_people);
  else if (came_to_a_name)
    understood.take_reports(incoming);
  return understood;
}

Result<void> Reader::find_out(bounces::Incoming& incoming, Work& work, Understood& understood) {
  forget_own(incoming, *paths_);
  if (!work.reference) work.reference = reference_of(incoming, *paths_);
  if (work.reference) understood.about = work.reference->message;
  if (!work.sent && work.reference) {
    TRY(work.sent, look_up(work.reference->message, work));
  } else if (!work.sent && is_complaint(incoming)) {
    const auto& complainers = incoming.complaint->recipients;
    TRY(work.sent, look_up_named(incoming.message_id,
                                 complainers.empty() ? std::string() : complainers.front(), work));
  }
  if (!work.sent) return {};
  understood.findings =
      findings_of(incoming, work.reference, *work.sent, memory_->replies_by(work.rules));
  for (Finding& finding : understood.findings)
    if (finding.kind == EventKind::late_bounced && paths_->is_named_in(finding.reply))
      finding.condemns = finding.cause.suppress = false;
  understood.sent = std::move(work.sent);
  find_taken(understood);
  return {};
}

// The queue knows no more of those that are done. Where the records do not tell either, what came
// back is reported all the same.
void Reader::find_taken(Understood& understood) {
  if (understood.findings.empty() || !understood.sent->taken.empty()) return;
  auto recorded = services_.look_up(understood.sent->id);
  if (recorded && *recorded) understood.sent->taken = std::move((*recorded)->taken);
}

Result<std::optional<SentMessage>> Reader::look_up_named(const std::string& message_id,
                                                         const std::string& address,
                                                         const Work& work) {
  if (message_id.empty() || message_id.size() > message_id_octets_max)
    return std::optional<SentMessage>();
  // Anybody can have the records of a month gone through by naming what is not there.
  const bool is_one_too_many = !memory_->may_look_up_named(work.now);
  if (is_one_too_many && work.has_waited_long) return std::optional<SentMessage>();
  if (is_one_too_many)
    return failure(
        ErrorCode::resource_exhausted,
        fmt::format("over {} messages a minute are looked for by Message-ID", named_a_minute_max));
  return look_up(Named{message_id, work.now - named_within, address}, work);
}

Result<std::optional<SentMessage>> Reader::look_up(const Wanted& wanted, const Work& work) {
  Result<std::optional<SentMessage>> sent = services_.look_up(wanted);
  if (!sent && work.has_waited_long) return std::optional<SentMessage>();
  return sent;
}

Result<void> Reader::unsubscribe(Work& work, Understood& understood) {
  if (work.reference) {
    understood.about = work.reference->message;
    if (!work.sent) {
      TRY(work.sent, look_up(work.reference->message, work));
    }
    understood.sent = std::move(work.sent);
    if (!understood.sent) return {};
    if (auto finding = unsubscription_of(*work.reference, *understood.sent))
      understood.findings.push_back(*std::move(finding));
    return {};
  }
  const std::optional<Letter> letter = read_letter(work.octets);
  if (!letter) return {};
  TRY(understood.sent, look_up_named(letter->message_id, letter->from, work));
  if (!understood.sent) return {};
  if (auto finding = unsubscription_of(*letter, *understood.sent))
    understood.findings.push_back(*std::move(finding));
  return {};
}

// Before anything is reported, so that what was reported holds.
io::Task<Result<void>> Reader::suppress(const Understood& understood) {
  std::vector<records::Suppression> entries;
  for (const Finding& finding : understood.findings) {
    if (!finding.condemns) continue;
    records::Suppression& entry = entries.emplace_back();
    entry.address = finding.recipient;
    entry.reason = reason_of(finding);
    entry.message = understood.sent->id.text();
    entry.evidence = finding.reply;
    entry.since = services_.loop.wall_now();
    entry.who = "relay";
    if (finding.kind == EventKind::unsubscribed) {
      entry.scope = records::SuppressionScope::stream;
      entry.scope_name = understood.sent->stream;
    }
    CO_TRY_VOID(guard::set_keys(entry));
  }
  if (entries.empty()) co_return Result<void>();
  CO_TRY_VOID(co_await services_.suppressions.add(services_.loop, std::move(entries), false));
  co_return Result<void>();
}

// A report that was kept is of no use to people as it is: `waypost dmarc report` tells of all.
io::Task<Result<void>> Reader::keep_report(Understood& understood, bool has_waited_long) {
  if (!understood.dmarc || !services_.sends_as(reported_domain(*understood.dmarc)))
    co_return Result<void>();
  const auto* aggregate = std::get_if<message::DmarcReport>(&*understood.dmarc);
  if (aggregate && records::dmarc_room(*aggregate) > room_of_a_report_max) {
    understood.needs_people = true;
    understood.told += "; too large to be kept unseen (waypost dmarc import keeps it)";
    co_return Result<void>();
  }
  using Keeping = Result<records::DmarcKeeping>;
  const WallTime now = services_.loop.wall_now();
  std::function<Keeping()> on_worker = [&] { return services_.keep(*understood.dmarc, now); };
  Keeping keeping =
      co_await io::run_on<Keeping>(services_.worker, services_.loop, std::move(on_worker));
  const bool is_hopeless =
      has_waited_long || (!keeping && keeping.error().code() == ErrorCode::invalid_input);
  if (!keeping && !is_hopeless) co_return failure(std::move(keeping).error());
  // Receivers send one report a message; of more a person has to take care.
  understood.needs_people = !keeping || understood.dmarc_more > 0;
  understood.told += "; ";
  understood.told += keeping ? std::string(records::name(*keeping)) : keeping.error().message();
  if (understood.dmarc_more > 0)
    understood.told += fmt::format("; {} more in that message (waypost dmarc import keeps all)",
                                   understood.dmarc_more);
  co_return Result<void>();
}

void Reader::report(const Understood& understood, const spool::Envelope& envelope) {
  const SentMessage& sent = *understood.sent;
  for (const Finding& finding : understood.findings) {
    events::Event event;
    event.kind = finding.kind;
    event.at = services_.loop.wall_now();
    event.message = sent.id;
    event.about = envelope.id;
    event.tenant = sent.tenant;
    event.stream = sent.stream;
    event.sender = sent.sender;
    event.recipients = {finding.recipient};
    event.peer.host = finding.host;
    event.reply = finding.reply.substr(0, reply_octets_max);
    event.cause = finding.cause;
    event.since_accepted = event.at - sent.id.accepted_at();
    const auto taken = std::find_if(sent.taken.begin(), sent.taken.end(), [&](const Taken& each) {
      return each.recipient == finding.recipient;
    });
    if (taken != sent.taken.end()) {
      event.site = taken->site;
      event.delivered_at = taken->at;
    }
    services_.events.emit(std::move(event));
  }
}

}  // namespace waypost::returns
