#include "intake/signing_stage.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "domains/sending_domain.h"
#include "guard/address.h"
#include "intake/author.h"
#include "mailauth/dkim_signature.h"
#include "message/header_block.h"

namespace waypost::intake {
namespace {

using message::HeaderBlock;
using message::HeaderField;

constexpr size_t signatures_read_max = 10;
constexpr smtp::EnhancedCode not_signed{5, 7, 20};
constexpr smtp::EnhancedCode not_by_its_author{5, 7, 22};
constexpr smtp::EnhancedCode keys_unreadable{4, 7, 5};

// The domain that both are below, with two labels at least; "" for none.
std::string_view common_parent(std::string_view a, std::string_view b) {
  std::string_view common;
  for (size_t dot = a.rfind('.'); dot != a.npos && dot > 0; dot = a.rfind('.', dot - 1)) {
    const std::string_view parent = a.substr(dot + 1);
    if (!guard::is_at_or_below(b, parent)) break;
    if (parent.find('.') != parent.npos) common = parent;
  }
  return common;
}

SigningStanding standing_by(std::string_view from, std::string_view by) {
  // Nobody sends as a top-level domain, whoever signs for it.
  const bool above = guard::is_at_or_below(from, by) && by.find('.') != by.npos;
  if (above || from == by || guard::is_at_or_below(by, from)) return SigningStanding::aligned;
  return common_parent(from, by).empty() ? SigningStanding::unaligned : SigningStanding::related;
}

// The best that those make of a message who signed before us, as it says itself: nobody is asked
// for keys here.
SigningStanding standing_on_arrival(const HeaderBlock& header, std::string_view from) {
  SigningStanding standing = SigningStanding::none;
  size_t read = 0;
  for (const HeaderField& field : header.fields) {
    if (!base::equals_ignoring_case(field.name, "DKIM-Signature")) continue;
    if (++read > signatures_read_max) break;
    auto signature = mailauth::parse_dkim_signature(field.value);
    if (signature) standing = std::min(standing, standing_by(from, signature->domain));
  }
  return standing;
}

std::string advice(const domains::Signers& signers, const std::string& domain) {
  if (signers.is_unreadable(domain))
    return "its keys cannot be read, and the log of the relay says why";
  const domains::Signers::Awaited* awaited = signers.awaited(domain);
  if (!awaited)
    return fmt::format("run `waypost domains add {}` and publish what it prints", domain);
  return fmt::format(
      "publish its record {} (`waypost domains show {}`), then run `waypost domains verify {}`",
      awaited->record, awaited->domain, awaited->domain);
}

std::string trouble_of(const SigningChoice& choice, const std::string& advice) {
  const std::string& from = choice.from_domain;
  const std::string by = choice.plan ? choice.plan->domain : "another domain";
  if (choice.standing == SigningStanding::none)
    return fmt::format("Mail from {} is not signed: {}", from, advice);
  if (choice.standing == SigningStanding::related)
    return fmt::format(
        "Mail from {} is signed by a domain beside it alone, which DMARC counts only where both "
        "are of one organization, and not under adkim=s: to be sure, {}",
        from, advice);
  return fmt::format("Mail from {} is signed by {} alone, which DMARC does not count: {}", from, by,
                     advice);
}

}  // namespace

SigningChoice choose_signer(const domains::Signers& signers, const HeaderBlock& header,
                            const SigningRequest& request) {
  SigningChoice choice;
  auto from = author_domain(header);
  if (from) choice.from_domain = *std::move(from);
  if (from && !may_send_as(request.sender_domains, choice.from_domain)) {
    choice.standing = standing_on_arrival(header, choice.from_domain);
    if (choice.standing != SigningStanding::aligned)
      choice.trouble = fmt::format("Mail from {0} is not signed: its sender may not send as {0}",
                                   choice.from_domain);
    return choice;
  }
  if (!choice.from_domain.empty()) choice.plan = signers.find(choice.from_domain);
  choice.standing =
      choice.plan ? SigningStanding::aligned : standing_on_arrival(header, choice.from_domain);
  if (choice.standing == SigningStanding::aligned) return choice;
  if (const auto* awaited = signers.awaited(choice.from_domain)) {
    choice.awaited = awaited->plan;
    if (!awaited->record_text.empty())
      choice.record = awaited->record + " TXT\n" + awaited->record_text;
  }
  // A message without a From field cannot be signed at all (RFC 6376 §5.4). Where none is to be
  // told from it, receivers may read a domain as which its sender may not send.
  const bool may_be_signed = from || (!request.sender_domains && header.find("From"));
  if (request.sender && may_be_signed)
    if (auto domain = domains::normal_name(request.sender->domain, "domain"))
      choice.plan = signers.find(*domain);
  if (choice.plan)
    choice.standing =
        std::min(choice.standing, standing_by(choice.from_domain, choice.plan->domain));
  choice.is_for_now = !choice.from_domain.empty() && signers.is_unreadable(choice.from_domain);
  if (choice.from_domain.empty())
    choice.trouble = from.error().message();
  else
    choice.trouble = trouble_of(choice, advice(signers, choice.from_domain));
  return choice;
}

UnsignedMail fate_of(const SigningChoice& choice, const Signing& signing) {
  switch (choice.standing) {
    case SigningStanding::aligned:
      return UnsignedMail::accept;
    case SigningStanding::related:
      return std::min(signing.unaligned_mail, UnsignedMail::warn);
    case SigningStanding::unaligned:
      return signing.unaligned_mail;
    case SigningStanding::none:
      break;
  }
  return signing.unsigned_mail;
}

std::string hold_reason(const SigningChoice& choice) {
  const bool waits_for_record = choice.awaited && choice.plan == choice.awaited;
  return choice.trouble + (waits_for_record ? ", then let it go: it is signed with that key already"
                                            : "; let go, it is sent as it is");
}

smtp::Reply unsigned_refusal(const SigningChoice& choice) {
  if (choice.is_for_now) return smtp::reply(451, keys_unreadable, choice.trouble);
  std::string text = choice.trouble;
  if (!choice.record.empty()) text += "\n" + choice.record;
  return smtp::reply(550, choice.standing == SigningStanding::none ? not_signed : not_by_its_author,
                     std::move(text));
}

void SigningStage::start(const Signing& signing, std::string_view added_fields,
                         std::string_view first_octets, bool more, const SigningRequest& request,
                         WallTime now) {
  HeaderBlock arrived = message::scan_header_block(first_octets);
  choice_ = choose_signer(*signing.signers, arrived, request);
  if (choice_.awaited && fate_of(choice_, signing) == UnsignedMail::hold)
    choice_.plan = choice_.awaited;
  if (!choice_.plan) return;
  if (more && arrived.ended_by == message::HeaderEnd::end_of_input) {
    // Its end lies in what is to come: too large by an octet or two.
    choice_.plan = nullptr;
    choice_.standing = SigningStanding::none;
    choice_.is_for_now = false;
    choice_.trouble = "The header is too large to be signed";
    return;
  }
  std::string header(added_fields);
  header += first_octets.substr(0, arrived.body_offset);
  const HeaderBlock whole = message::scan_header_block(header);
  auto started = mailauth::DkimSigning::start(*choice_.plan, header, whole, now);
  if (!started) {
    choice_ = {nullptr,
               SigningStanding::none,
               choice_.from_domain,
               started.error().message(),
               false,
               nullptr,
               ""};
    return;
  }
  work_.emplace(*std::move(started));
  work_->add_body(first_octets.substr(arrived.body_offset));
}

Result<std::string> SigningStage::finish() {
  if (!work_) return std::string();
  return work_->finish();
}

}  // namespace waypost::intake
