#include "returns/meaning.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "bounces/judge.h"
#include "bounces/notice_reader.h"
#include "guard/address.h"
#include "message/address_list.h"
#include "message/header_block.h"
#include "queue/judge.h"
#include "smtp/mentioned.h"

namespace waypost::returns {
namespace {

using bounces::Incoming;
using bounces::Kind;
using events::EventKind;
using message::ReportedAction;

// What addresses compare by; empty for what is none.
std::string key_of(std::string_view address) { return guard::address_key(address).value_or(""); }

std::string domain_of(std::string_view key) {
  return std::string(key.substr(std::min(key.rfind('@') + 1, key.size())));
}

// The recipients of the message that something can be about.
class Recipients {
 public:
  Recipients(const std::optional<Reference>& reference, const SentMessage& sent)
      : sent_(sent), is_proven_(reference && reference->reach == Reach::recipient) {
    for (const std::string& recipient : sent.recipients) keys_.push_back(key_of(recipient));
    if (!reference || reference->reach == Reach::message) return;
    const size_t number = reference->recipient;
    if (reference->reach == Reach::recipient) only_ = number;
    if (number >= keys_.size()) keys_.assign(keys_.size(), "");
    const std::string domain = number < keys_.size() ? domain_of(keys_[number]) : "";
    for (size_t i = 0; i < keys_.size(); ++i)
      if (domain_of(keys_[i]) != domain || (only_ && i != *only_)) keys_[i].clear();
  }

  // The one that is named so.
  const std::string* named(std::string_view address) const {
    const std::string key = key_of(address);
    if (key.empty()) return nullptr;
    const auto found = std::find(keys_.begin(), keys_.end(), key);
    return found == keys_.end() ? nullptr : &sent_.recipients[size_t(found - keys_.begin())];
  }
  // Whether whoever sends it has shown to be where this recipient's mail goes: of several in one
  // transaction each has the return address, and none can have another condemned.
  bool is_proven() const { return is_proven_; }
  // The one that it is about whatever it names, if the address alone says so.
  const std::string* only() const {
    return only_ && *only_ < sent_.recipients.size() ? &sent_.recipients[*only_] : nullptr;
  }

 private:
  const SentMessage& sent_;
  std::vector<std::string> keys_;  // empty: it cannot be this one
  std::optional<size_t> only_;
  bool is_proven_;
};

class Findings {
 public:
  void add(Finding finding) {
    // Each recipient once; what condemns it says most.
    for (Finding& known : all_) {
      if (known.recipient != finding.recipient || known.kind != finding.kind) continue;
      if (finding.condemns && !known.condemns) known = std::move(finding);
      return;
    }
    all_.push_back(std::move(finding));
  }
  bool is_empty() const { return all_.empty(); }
  std::vector<Finding> take() { return std::move(all_); }

 private:
  std::vector<Finding> all_;
};

// Whether the notice may tell of somebody else than the recipient whom it names: a target of
// forwarding, a member of a list, an address that was asked back for.
bool may_mean_another(const Incoming& incoming, const bounces::Recipient& told,
                      const std::string& recipient, const SentMessage& sent) {
  using bounces::Source;
  if (told.source == Source::nothing || incoming.was_passed_on) return true;
  if (smtp::mentions_another(told.reply, recipient)) return true;
  const std::string key = key_of(recipient);
  const bool has_others = std::any_of(
      incoming.recipients.begin(), incoming.recipients.end(), [&](const bounces::Recipient& other) {
        return bounces::was_refused(other) && key_of(other.address) != key;
      });
  if (has_others) return true;
  if (told.source == Source::fields) return false;
  const std::string sender_domain = domain_of(key_of(sent.sender));
  return std::any_of(
      incoming.mentioned.begin(), incoming.mentioned.end(), [&](const std::string& one) {
        return smtp::mentions_another(one, recipient) && !bounces::is_of_mail_system(one) &&
               domain_of(key_of(one)) != sender_domain;
      });
}

Finding finding_about(const bounces::Recipient& told, const std::string& recipient,
                      bool may_condemn, const SentMessage& sent, classify::Reader& replies) {
  Finding finding;
  finding.recipient = recipient;
  finding.reply = told.reply.empty() ? told.status : told.reply;
  finding.host = told.remote_mta;
  const bool delayed = told.action == ReportedAction::delayed;
  finding.kind = delayed ? EventKind::late_delayed : EventKind::late_bounced;
  const std::string sender_domain = domain_of(key_of(sent.sender));
  const bool to_ourselves = sender_domain == domain_of(key_of(recipient));
  const classify::Reading reading =
      bounces::judge(told, replies, to_ourselves ? std::string_view() : sender_domain);
  finding.cause = queue::cause_of(reading, replies.book());
  // Our own address in a reply is the one that is unknown: servers ask back whether a sender
  // exists.
  const bool is_about_sender =
      !to_ourselves && base::to_lower(told.reply).find("@" + sender_domain) != std::string::npos;
  finding.condemns = !delayed && may_condemn && !is_about_sender && reading.condemns &&
                     reading.disposition != classify::Disposition::transient;
  finding.cause.suppress = finding.condemns;
  return finding;
}

std::vector<Finding> of_bounce(const Incoming& incoming, const Recipients& recipients,
                               const SentMessage& sent, classify::Reader& replies) {
  Findings findings;
  for (const bounces::Recipient& told : incoming.recipients) {
    if (!bounces::was_refused(told)) continue;
    const std::string* recipient = recipients.named(told.address);
    if (!recipient) continue;
    const bool may_condemn =
        recipients.is_proven() && !may_mean_another(incoming, told, *recipient, sent);
    findings.add(finding_about(told, *recipient, may_condemn, sent, replies));
  }
  if (!findings.is_empty() || !recipients.only()) return findings.take();
  // It names nobody, or it went on to another address, and that one is what is no good.
  for (const bounces::Recipient& told : incoming.recipients)
    if (bounces::was_refused(told))
      findings.add(finding_about(told, *recipients.only(), false, sent, replies));
  return findings.take();
}

Finding simple_finding(EventKind kind, const std::string& recipient, bool condemns) {
  Finding finding;
  finding.kind = kind;
  finding.recipient = recipient;
  finding.condemns = condemns;
  finding.cause.suppress = condemns;
  return finding;
}

std::vector<Finding> of_complaint(const Incoming& incoming, const Recipients& recipients,
                                  bool has_reference, const SentMessage& sent) {
  Findings findings;
  const auto add = [&](const std::string& recipient) {
    Finding finding = simple_finding(EventKind::complained, recipient,
                                     recipients.is_proven() && !incoming.was_passed_on);
    finding.reply = incoming.complaint->type;
    finding.host = incoming.complaint->user_agent;
    findings.add(std::move(finding));
  };
  if (recipients.only()) {
    add(*recipients.only());
    return findings.take();
  }
  for (const std::string& address : incoming.complaint->recipients)
    if (const std::string* recipient = recipients.named(address)) add(*recipient);
  // Providers take the address out; then a message to one says whose it was.
  if (findings.is_empty() && has_reference && sent.recipients.size() == 1)
    add(sent.recipients.front());
  return findings.take();
}

std::vector<Finding> of_auto_reply(const Incoming& incoming, const Recipients& recipients) {
  const std::string* recipient = recipients.only();
  if (!recipient) recipient = recipients.named(incoming.auto_reply->from);
  if (!recipient) return {};
  Finding finding = simple_finding(EventKind::auto_replied, *recipient, false);
  finding.reply = incoming.auto_reply->reason;
  return {std::move(finding)};
}

}  // namespace

bool is_left_to_people(const Finding& finding) {
  const bool is_asked =
      finding.kind == EventKind::complained || finding.kind == EventKind::unsubscribed;
  return is_asked && !finding.condemns;
}

std::optional<Letter> read_letter(std::string_view octets) {
  const message::HeaderBlock header = message::scan_header_block(octets);
  const message::HeaderField* subject = header.find("Subject");
  if (!subject) return std::nullopt;
  const std::string text = message::unfold(subject->value);
  const size_t begin = text.find('<');
  const size_t end = text.find('>', std::min(begin, text.size()));
  if (end == std::string::npos) return std::nullopt;
  Letter letter;
  letter.message_id = text.substr(begin, end + 1 - begin);
  if (const message::HeaderField* from = header.find("From"))
    if (auto addresses = message::parse_address_list(from->value);
        addresses && addresses->size() == 1)
      letter.from = addresses->front();
  return letter;
}

std::optional<Finding> unsubscription_of(const Letter& letter, const SentMessage& sent) {
  const std::string* who = Recipients(std::nullopt, sent).named(letter.from);
  if (!who && sent.recipients.size() == 1) who = &sent.recipients.front();
  if (!who) return std::nullopt;
  return simple_finding(EventKind::unsubscribed, *who, false);
}

std::optional<Finding> unsubscription_of(const Reference& reference, const SentMessage& sent) {
  const std::string* who = Recipients(reference, sent).only();
  if (!who) return std::nullopt;
  return simple_finding(EventKind::unsubscribed, *who, true);
}

bool is_complaint(const Incoming& incoming) {
  if (incoming.kind != Kind::arf || !incoming.complaint) return false;
  constexpr std::array<std::string_view, 6> types{"abuse",        "fraud", "opt-out",
                                                  "opt-out-list", "other", "miscategorized"};
  return std::find(types.begin(), types.end(), incoming.complaint->type) != types.end();
}

std::vector<Finding> findings_of(const Incoming& incoming,
                                 const std::optional<Reference>& reference, const SentMessage& sent,
                                 classify::Reader& replies) {
  const Recipients recipients(reference, sent);
  switch (incoming.kind) {
    case Kind::dsn:
    case Kind::bounce:
      return of_bounce(incoming, recipients, sent, replies);
    case Kind::arf:
      if (!is_complaint(incoming)) return {};
      return of_complaint(incoming, recipients, reference.has_value(), sent);
    case Kind::auto_reply:
      return of_auto_reply(incoming, recipients);
    case Kind::not_a_bounce:
    case Kind::dmarc_report:
    case Kind::tls_report:
      break;
  }
  return {};
}

}  // namespace waypost::returns
