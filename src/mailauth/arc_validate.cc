#include "mailauth/arc_validate.h"

#include <fmt/format.h>

#include "mailauth/authentication_results.h"
#include "mailauth/dkim_hash.h"
#include "mailauth/dkim_verify.h"

namespace waypost::mailauth {
namespace {

// What the chain's form alone says against it; empty when nothing does.
std::string objection(const std::vector<ArcSet>& sets) {
  if (sets.back().validation == ChainValidation::fail)
    return fmt::format("hop {} found the chain broken and ended it (cv=fail)", sets.size());
  for (const ArcSet& set : sets) {
    const auto expected = set.instance == 1 ? ChainValidation::none : ChainValidation::pass;
    if (set.validation != expected)
      return fmt::format("the seal of hop {} says cv={} where only cv={} can be", set.instance,
                         name(set.validation), name(expected));
  }
  return {};
}

ArcSetResult words_of(const ArcSet& set) {
  ArcSetResult result;
  result.instance = set.instance;
  result.sealer = set.seal_tags.domain;
  auto value = parse_arc_results(set.results->value);
  auto parsed = value ? parse_authentication_results(value->results)
                      : failure(ErrorCode::invalid_input, value.error());
  if (!parsed) return result;
  result.authserv_id = parsed->authserv_id;
  for (const AuthenticationResult& one : parsed->results) {
    if (!result.results.empty()) result.results += "; ";
    result.results += one.text;
  }
  return result;
}

// Keeps the first: that of the newest hop.
void note_failure(ArcResult& result, unsigned instance, std::string_view what,
                  std::string_view broken, const KeyVerdict& verdict) {
  if (!result.reason.empty()) return;
  result.temporary = verdict.status == DkimStatus::temperror;
  result.reason =
      verdict.reason.empty()
          ? fmt::format("{} of hop {} does not hold: {}", what, instance, broken)
          : fmt::format("{} of hop {} cannot be trusted: {}", what, instance, verdict.reason);
}

ArcFinding finding_of(const KeyVerdict& verdict, bool fits) {
  if (verdict.status == DkimStatus::pass) return fits ? ArcFinding::holds : ArcFinding::broken;
  return verdict.status == DkimStatus::fail ? ArcFinding::broken : ArcFinding::unknown;
}

}  // namespace

std::string sealed_octets(const std::vector<ArcSet>& sets, unsigned first, unsigned last,
                          std::string_view header) {
  std::string canonical;
  for (const ArcSet& set : sets) {
    if (set.instance < first || set.instance > last) continue;
    for (const message::HeaderField* field : {set.results, set.signature})
      append_canonical_field(CanonicalForm::relaxed, *field, header, canonical);
    if (set.instance < last)
      append_canonical_field(CanonicalForm::relaxed, *set.seal, header, canonical);
  }
  return canonical;
}

ArcValidator::ArcValidator(std::string_view octets, const message::HeaderBlock& block)
    : octets_(octets), picker_(block), sets_(collect_arc_sets(block)) {
  if (block.over_limit() && (!sets_ || !sets_->empty()))
    sets_ = tl::unexpected(std::string("the message's header is too large to be checked"));
  if (!sets_) return;
  for (const ArcSet& set : *sets_) {
    // Only the last must fit the message; hashing for each older l= would be work without end.
    const bool is_last = set.instance == sets_->size();
    body_hashes_.push_back(bodies_.want(
        set.signature_tags.body_form,
        is_last ? set.signature_tags.body_octets_max.value_or(whole_body) : whole_body));
  }
}

std::vector<std::string> ArcValidator::key_names() const {
  std::vector<std::string> names;
  if (!sets_ || sets_->empty() || !objection(*sets_).empty()) return names;
  for (const ArcSet& set : *sets_) {
    names.push_back(set.signature_tags.key_name());
    names.push_back(set.seal_tags.key_name());
  }
  return names;
}

ArcFinding ArcValidator::check_message(const ArcSet& set, size_t body_hash, const KeyAnswers& keys,
                                       ArcResult& result) const {
  const DkimSignature& signature = set.signature_tags;
  const KeyVerdict verdict = check_with_key(
      signature, keys, signed_header_hash(signature, *set.signature, octets_, picker_));
  const bool body_holds =
      bodies_.hash(body_hash) == signature.body_hash &&
      signature.body_octets_max.value_or(0) <= bodies_.canonical_octets(body_hash);
  const ArcFinding finding = finding_of(verdict, body_holds);
  if (finding != ArcFinding::holds && set.instance == sets_->size())
    note_failure(result, set.instance, "the signature", "the message was changed since", verdict);
  return finding;
}

ArcFinding ArcValidator::check_seal(const ArcSet& set, const KeyAnswers& keys,
                                    ArcResult& result) const {
  std::string canonical = sealed_octets(*sets_, 1, set.instance, octets_);
  append_canonical_signature(CanonicalForm::relaxed, *set.seal, octets_, set.seal_tags.b_begin,
                             set.seal_tags.b_end, canonical);
  const KeyVerdict verdict = check_with_key(set.seal_tags, keys, sha256(canonical));
  const ArcFinding finding = finding_of(verdict, true);
  if (finding != ArcFinding::holds)
    note_failure(result, set.instance, "the seal", "a field of the chain was changed", verdict);
  return finding;
}

ArcResult ArcValidator::judge(const KeyAnswers& keys) const {
  ArcResult result;
  if (sets_ && sets_->empty()) {
    result.reason = "the message has no ARC chain";
    return result;
  }
  result.status = ChainValidation::fail;
  result.reason = sets_ ? objection(*sets_) : sets_.error();
  if (!sets_) return result;
  for (const ArcSet& set : *sets_) result.sets.push_back(words_of(set));
  if (!result.reason.empty()) return result;

  bool unchanged_since = true;
  for (size_t i = sets_->size(); i-- > 0;) {
    const ArcSet& set = (*sets_)[i];
    ArcSetResult& words = result.sets[i];
    words.message = check_message(set, body_hashes_[i], keys, result);
    unchanged_since = unchanged_since && words.message == ArcFinding::holds;
    if (unchanged_since) result.oldest_pass = i == 0 ? 0 : set.instance;
    words.seal = check_seal(set, keys, result);
  }
  if (!result.reason.empty()) return result;
  result.status = ChainValidation::pass;
  result.reason = sets_->size() == 1
                      ? "its one seal holds, and the message is as hop 1 sent it on"
                      : fmt::format("all {} seals hold, and the message is as hop {} sent it on",
                                    sets_->size(), sets_->size());
  return result;
}

}  // namespace waypost::mailauth
