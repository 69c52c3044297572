#include "mailauth/arc_seal.h"

#include <algorithm>

#include <fmt/format.h>

#include "mailauth/arc_validate.h"
#include "mailauth/dkim_base64.h"
#include "mailauth/dkim_field.h"
#include "mailauth/dkim_tags.h"

namespace waypost::mailauth {
namespace {

constexpr size_t columns_max = 78;

// Folded in front of blanks, so that unfolding gives the same text.
void append_folded(std::string_view text, std::string& field) {
  size_t column = columns_max;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at + 1), text.size());
    if (column + (end - at) > columns_max) {
      field += "\r\n";
      if (text[at] != ' ') field += '\t';
      column = 1;
    }
    field.append(text, at, end - at);
    column += end - at;
    at = end;
  }
}

std::string results_field(unsigned instance, const ArcSealPlan& plan,
                          const std::vector<std::string>& results) {
  std::string field =
      fmt::format("ARC-Authentication-Results: i={}; {}", instance, plan.authserv_id);
  if (results.empty()) field += "; none";
  for (const std::string& result : results) {
    field += ';';
    append_folded(result, field);
  }
  field += "\r\n";
  return field;
}

void append_canonical_octets(const std::string& field, std::string& canonical) {
  const message::HeaderBlock block = message::scan_header_block(field);
  for (const message::HeaderField& one : block.fields)
    append_canonical_field(CanonicalForm::relaxed, one, field, canonical);
}

}  // namespace

Result<ArcSealPlan> ArcSealPlan::create(std::string domain, SigningKey key,
                                        std::string authserv_id) {
  std::vector<SigningKey> keys;
  keys.push_back(std::move(key));
  TRY(SigningPlan checked, SigningPlan::create(std::move(domain), std::move(keys)));
  TRY(SigningPlan server, SigningPlan::create(std::move(authserv_id), checked.keys));
  ArcSealPlan plan;
  plan.domain = std::move(checked.domain);
  plan.key = std::move(checked.keys.front());
  plan.authserv_id = std::move(server.domain);
  plan.fields = std::move(checked.sealed_fields);
  plan.fields.insert(plan.fields.end(), checked.other_fields.begin(), checked.other_fields.end());
  plan.fields.emplace_back("DKIM-Signature");
  return plan;
}

Result<ArcSealing> ArcSealing::start(const ArcSealPlan& plan, std::string_view octets,
                                     const message::HeaderBlock& block, ChainValidation chain,
                                     const std::vector<std::string>& results, WallTime now) {
  if (block.over_limit())
    return failure(ErrorCode::invalid_input, "the message's header is too large to be signed");
  ArcSealing sealing(plan, now);
  const unsigned highest = highest_arc_instance(block);
  if (arc_chain_was_ended(block) || highest >= arc_sets_max) return sealing;
  sealing.instance_ = highest + 1;
  sealing.chain_ = chain;
  sealing.results_field_ = results_field(sealing.instance_, plan, results);
  sealing.take_message(octets, block);
  return sealing;
}

void ArcSealing::take_message(std::string_view octets, const message::HeaderBlock& block) {
  for (const std::string& name : plan_.fields) names_.insert(names_.end(), block.count(name), name);
  for (const message::HeaderField* field : FieldPicker(block).pick(names_))
    append_canonical_field(CanonicalForm::relaxed, *field, octets, canonical_);
  body_hash_ = bodies_.want(CanonicalForm::relaxed, whole_body);
  // Nothing of a broken chain is worth a seal (RFC 8617 §5.1.2).
  auto sets = collect_arc_sets(block);
  if (chain_ == ChainValidation::pass && sets)
    sealed_before_ = sealed_octets(*sets, 1, instance_, octets);
}

Result<std::string> ArcSealing::message_signature() {
  TagFieldWriter writer("ARC-Message-Signature");
  writer.add("i", fmt::format("{}", instance_));
  writer.add("a", algorithm_name(plan_.key.key->type()));
  writer.add("c", "relaxed/relaxed");
  writer.add("d", plan_.domain);
  writer.add("s", plan_.key.selector);
  writer.add("t", fmt::format("{}", tag_seconds(now_)));
  writer.add_list("h", names_);
  writer.add("bh", encode_base64(bodies_.hash(body_hash_)));
  TRY(std::string signature, plan_.key.key->sign(hash_with_field(CanonicalForm::relaxed, canonical_,
                                                                 writer.unsigned_octets())));
  return std::move(writer).finish(signature);
}

Result<std::string> ArcSealing::seal(const std::string& message_signature) {
  TagFieldWriter writer("ARC-Seal");
  writer.add("i", fmt::format("{}", instance_));
  writer.add("a", algorithm_name(plan_.key.key->type()));
  writer.add("cv", name(chain_));
  writer.add("d", plan_.domain);
  writer.add("s", plan_.key.selector);
  writer.add("t", fmt::format("{}", tag_seconds(now_)));
  std::string canonical = sealed_before_;
  append_canonical_octets(results_field_, canonical);
  append_canonical_octets(message_signature, canonical);
  TRY(std::string signature,
      plan_.key.key->sign(
          hash_with_field(CanonicalForm::relaxed, std::move(canonical), writer.unsigned_octets())));
  return std::move(writer).finish(signature);
}

Result<std::string> ArcSealing::finish() {
  if (!adds_set()) return std::string();
  bodies_.finish();
  TRY(std::string signature, message_signature());
  TRY(std::string fields, seal(signature));
  return fields + signature + results_field_;
}

}  // namespace waypost::mailauth
