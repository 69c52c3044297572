#include "mailauth/dkim_verify.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/dkim_base64.h"
#include "mailauth/dkim_hash.h"

namespace waypost::mailauth {
namespace {

constexpr std::string_view field_name = "DKIM-Signature";
constexpr size_t signature_start_octets = 8;
constexpr size_t name_octets_max = 255;
// Of which a message has one at most (RFC 5322 §3.6, RFC 2045 §3).
constexpr std::string_view single_fields[] = {"From",         "Sender",
                                              "Reply-To",     "To",
                                              "Cc",           "Bcc",
                                              "Date",         "Message-ID",
                                              "In-Reply-To",  "References",
                                              "Subject",      "MIME-Version",
                                              "Content-Type", "Content-Transfer-Encoding"};
// What people see of a message, and where their answer goes (RFC 6376 §5.4.1).
constexpr std::string_view seen_fields[] = {"Reply-To", "Subject", "Date", "To", "Cc"};
// Clocks differ; only more than this is worth a note.
constexpr uint64_t future_seconds_max = 300;

KeyVerdict verdict(DkimStatus status, std::string reason) {
  KeyVerdict result;
  result.status = status;
  result.reason = std::move(reason);
  return result;
}

// What a record forbids to this signature; empty when nothing.
std::string objection(const DkimKeyRecord& record, const DkimSignature& signature) {
  if (record.revoked) return "the key was withdrawn (its record has an empty p=)";
  if (record.type != signature.algorithm)
    return fmt::format("the published key is {}, the signature {}", name(record.type),
                       name(signature.algorithm));
  if (!record.takes_sha256) return "the published key is not for SHA-256 (h=)";
  if (!record.for_mail) return "the published key is not for mail (s=)";
  // In ARC, i= counts seals and names nobody (RFC 8617 §4.1.2).
  if (record.same_domain_only && !signature.identity.empty() &&
      signature.identity.substr(signature.identity.rfind('@') + 1) != signature.domain)
    return "the published key is not for subdomains (t=s), and i= names one";
  return {};
}

// Who made a signature that is not accepted. Nothing of it is proved, as with one that fails.
void take_names(std::string_view value, DkimResult& result) {
  const auto tags = TagList::parse(value);
  if (!tags) return;
  auto text_of = [&](std::string_view name) {
    const Tag* tag = tags->find(name);
    return tag ? std::string(tag->value.substr(0, name_octets_max)) : std::string();
  };
  result.domain = base::to_lower(text_of("d"));
  result.selector = base::to_lower(text_of("s"));
  result.identity = text_of("i");
  result.algorithm = text_of("a");
}

size_t count_of(const std::vector<std::string>& names, std::string_view wanted) {
  return size_t(std::count_if(names.begin(), names.end(), [&](const std::string& name) {
    return base::equals_ignoring_case(name, wanted);
  }));
}

KeyVerdict check_with_record(const DkimSignature& signature, const std::string& text,
                             std::string_view hash) {
  Result<DkimKeyRecord> record = parse_dkim_key_record(text);
  if (!record)
    return verdict(DkimStatus::permerror,
                   fmt::format("the key record at {} is malformed: {}", signature.key_name(),
                               record.error().message()));
  std::string wrong = objection(*record, signature);
  KeyVerdict result = verdict(DkimStatus::permerror, std::move(wrong));
  result.testing = record->testing;
  if (!result.reason.empty()) return result;
  Result<PublicKey> key = PublicKey::from_octets(record->type, record->key_octets);
  if (!key) {
    result.reason = fmt::format("the key at {} cannot be used: {}", signature.key_name(),
                                key.error().message());
    return result;
  }
  result.key_bits = key->bits();
  if (key->type() == KeyType::rsa && key->bits() < rsa_bits_min) {
    result.status = DkimStatus::policy;
    result.reason = fmt::format("the key has {} bits; under {} anybody can forge it (RFC 8301)",
                                key->bits(), rsa_bits_min);
    return result;
  }
  result.status = key->verifies(hash, signature.signature) ? DkimStatus::pass : DkimStatus::fail;
  return result;
}

}  // namespace

std::string signed_header_hash(const DkimSignature& signature, const message::HeaderField& field,
                               std::string_view octets, const FieldPicker& picker) {
  std::string canonical;
  for (const message::HeaderField* picked : picker.pick(signature.signed_fields))
    append_canonical_field(signature.header_form, *picked, octets, canonical);
  append_canonical_signature(signature.header_form, field, octets, signature.b_begin,
                             signature.b_end, canonical);
  return sha256(canonical);
}

KeyVerdict check_with_key(const DkimSignature& signature, const KeyAnswers& keys,
                          std::string_view hash) {
  auto answer = keys.find(signature.key_name());
  if (answer == keys.end() || answer->second.outcome == KeyAnswer::Outcome::absent)
    return verdict(DkimStatus::permerror,
                   fmt::format("there is no key at {}", signature.key_name()));
  if (answer->second.outcome == KeyAnswer::Outcome::unknown)
    return verdict(DkimStatus::temperror,
                   fmt::format("the key could not be looked up: {}", answer->second.reason));
  // A name should have one record; where it has several, one that fits is enough.
  KeyVerdict best =
      verdict(DkimStatus::permerror, fmt::format("there is no key at {}", signature.key_name()));
  for (const std::string& record : answer->second.records) {
    KeyVerdict found = check_with_record(signature, record, hash);
    if (found.status == DkimStatus::pass) return found;
    if (best.status == DkimStatus::permerror) best = std::move(found);
  }
  return best;
}

DkimVerifier::DkimVerifier(std::string_view octets, const message::HeaderBlock& block, WallTime now)
    : octets_(octets), block_(block), now_(now), picker_(block) {
  for (const message::HeaderField& field : block.fields) {
    if (!base::equals_ignoring_case(field.name, field_name)) continue;
    if (candidates_.size() == dkim_signatures_max) {
      ++left_out_;
      continue;
    }
    Candidate candidate{&field, parse_dkim_signature(field.value), 0};
    // Which fields come behind the limit is not known, and one of them may be signed.
    if (block.over_limit())
      candidate.signature = tl::unexpected(
          DkimFault{DkimStatus::permerror, "the message's header is too large to be checked"});
    if (candidate.signature)
      candidate.body_hash = bodies_.want(candidate.signature->body_form,
                                         candidate.signature->body_octets_max.value_or(whole_body));
    candidates_.push_back(std::move(candidate));
  }
}

std::vector<std::string> DkimVerifier::key_names() const {
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates_)
    if (candidate.signature) names.push_back(candidate.signature->key_name());
  return names;
}

std::vector<DkimResult> DkimVerifier::judge(const KeyAnswers& keys) const {
  std::vector<DkimResult> results;
  for (const Candidate& candidate : candidates_) results.push_back(judge(candidate, keys));
  if (left_out_ > 0) {
    DkimResult& unread = results.emplace_back();
    unread.status = DkimStatus::policy;
    unread.reason = fmt::format("{} more signatures were not looked at; {} are the limit",
                                left_out_, dkim_signatures_max);
  }
  return results;
}

DkimResult DkimVerifier::judge(const Candidate& candidate, const KeyAnswers& keys) const {
  DkimResult result;
  if (!candidate.signature) {
    result.status = candidate.signature.error().status;
    result.reason = candidate.signature.error().reason;
    take_names(candidate.field->value, result);
    return result;
  }
  const DkimSignature& signature = *candidate.signature;
  result.domain = signature.domain;
  result.selector = signature.selector;
  result.identity = signature.identity;
  result.algorithm = algorithm_name(signature.algorithm);
  result.signed_fields = signature.signed_fields;
  result.signature_start = encode_base64(signature.signature).substr(0, signature_start_octets);
  const KeyVerdict key = check_with_key(
      signature, keys, signed_header_hash(signature, *candidate.field, octets_, picker_));
  result.status = key.status;
  result.reason = key.reason;
  result.key_bits = key.key_bits;
  result.testing = key.testing;
  add_notes(candidate, result);
  const bool was_checked = key.status == DkimStatus::pass || key.status == DkimStatus::fail;
  if (!was_checked) return result;

  const uint64_t now = tag_seconds(now_);
  const bool body_holds = bodies_.hash(candidate.body_hash) == signature.body_hash;
  const bool body_is_short =
      signature.body_octets_max.value_or(0) > bodies_.canonical_octets(candidate.body_hash);
  if (body_is_short) {
    result.status = DkimStatus::fail;
    result.reason = "the body is shorter than what was signed (l=)";
  } else if (body_holds && key.status == DkimStatus::fail) {
    result.reason =
        "the header was changed after it was signed, or it was signed with another key than the "
        "published one; the body was not changed";
  } else if (!body_holds) {
    result.status = DkimStatus::fail;
    result.reason = key.status == DkimStatus::pass
                        ? "the body was changed after it was signed; the header was not"
                        : "header and body do not fit the signature: both were changed, or it was "
                          "signed with another key";
  } else if (signature.expires_at && *signature.expires_at < now) {
    result.status = DkimStatus::policy;
    result.reason = fmt::format("the signature holds, but it ended (x=) {} ago",
                                base::to_human(std::chrono::seconds(
                                    std::min<uint64_t>(now - *signature.expires_at, 1u << 31))));
  } else {
    result.reason = "the signature holds";
  }
  return result;
}

void DkimVerifier::add_notes(const Candidate& candidate, DkimResult& result) const {
  const DkimSignature& signature = *candidate.signature;
  if (signature.body_octets_max) {
    const uint64_t all = bodies_.canonical_octets(candidate.body_hash);
    const uint64_t covered = std::min(*signature.body_octets_max, all);
    result.notes.push_back(fmt::format(
        "it covers the first {} octets of the body (l=), {} are not signed: anybody may "
        "add or change those",
        covered, all - covered));
  }
  note_uncovered_fields(signature, result);
  if (result.testing) result.notes.push_back("the domain says that it only tries DKIM out (t=y)");
  if (signature.algorithm == KeyType::rsa && result.key_bits >= rsa_bits_min &&
      result.key_bits < rsa_bits_usual)
    result.notes.push_back(
        fmt::format("its key has {} bits; {} are usual", result.key_bits, rsa_bits_usual));
  const uint64_t now = tag_seconds(now_);
  if (signature.signed_at && *signature.signed_at > now + future_seconds_max)
    result.notes.push_back("it was made in the future (t=): a clock is wrong");
}

void DkimVerifier::note_uncovered_fields(const DkimSignature& signature, DkimResult& result) const {
  for (std::string_view field : single_fields) {
    const size_t there = block_.count(field);
    const size_t covered = count_of(signature.signed_fields, field);
    if (there > 1 && covered < there)
      result.notes.push_back(
          fmt::format("the message has {} {} fields and it covers {}, counted from the end: "
                      "anybody may have added what people see (RFC 6376 §8.15)",
                      there, field, covered));
  }
  std::string open;
  for (std::string_view field : seen_fields)
    if (block_.count(field) == 1 && count_of(signature.signed_fields, field) == 0)
      open += fmt::format("{}{}", open.empty() ? "" : ", ", field);
  if (!open.empty())
    result.notes.push_back(
        fmt::format("it does not cover {}: anybody may have changed that", open));
}

}  // namespace waypost::mailauth
