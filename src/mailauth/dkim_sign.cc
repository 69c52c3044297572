#include "mailauth/dkim_sign.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/check.h"
#include "dns/idn.h"
#include "dns/rdata.h"
#include "mailauth/dkim_base64.h"
#include "mailauth/dkim_field.h"
#include "mailauth/dkim_hash.h"
#include "mailauth/dkim_tags.h"

namespace waypost::mailauth {
namespace {

const std::vector<std::string>& usual_sealed_fields() {
  static const std::vector<std::string> names = {"From",       "To",           "Cc",
                                                 "Subject",    "Date",         "Reply-To",
                                                 "Message-ID", "MIME-Version", "Content-Type"};
  return names;
}

const std::vector<std::string>& usual_other_fields() {
  static const std::vector<std::string> names = {"Sender",
                                                 "In-Reply-To",
                                                 "References",
                                                 "Content-Transfer-Encoding",
                                                 "Content-Disposition",
                                                 "List-Id",
                                                 "List-Help",
                                                 "List-Owner",
                                                 "List-Post",
                                                 "List-Archive",
                                                 "List-Subscribe",
                                                 "List-Unsubscribe",
                                                 "List-Unsubscribe-Post",
                                                 "Feedback-ID",
                                                 "Auto-Submitted",
                                                 "Resent-From",
                                                 "Resent-To",
                                                 "Resent-Cc",
                                                 "Resent-Date",
                                                 "Resent-Message-ID"};
  return names;
}

Result<std::string> checked_name(std::string_view name, std::string_view what) {
  auto labels = dns::to_a_labels(name);
  auto normal = labels ? dns::normalize_name(*labels) : std::move(labels);
  if (normal && normal->find('\\') == std::string::npos) return normal;
  return failure(ErrorCode::invalid_input, fmt::format("the {} \"{}\" is not a domain name", what,
                                                       base::escape_control(name)));
}

}  // namespace

Result<SigningPlan> SigningPlan::create(std::string domain, std::vector<SigningKey> keys) {
  SigningPlan plan;
  TRY(plan.domain, checked_name(domain, "domain"));
  if (keys.empty()) return failure(ErrorCode::invalid_input, "there is no key to sign with");
  for (SigningKey& key : keys) {
    CHECK(key.key);
    TRY(key.selector, checked_name(key.selector, "selector"));
  }
  plan.keys = std::move(keys);
  plan.sealed_fields = usual_sealed_fields();
  plan.other_fields = usual_other_fields();
  return plan;
}

std::string hash_with_field(CanonicalForm form, std::string canonical_fields,
                            const std::string& unsigned_field) {
  const message::HeaderBlock block = message::scan_header_block(unsigned_field);
  CHECK(block.fields.size() == 1);
  const message::HeaderField& field = block.fields.front();
  append_canonical_signature(form, field, unsigned_field, field.value.size(), field.value.size(),
                             canonical_fields);
  return sha256(canonical_fields);
}

Result<DkimSigning> DkimSigning::start(const SigningPlan& plan, std::string_view octets,
                                       const message::HeaderBlock& block, WallTime now) {
  if (block.over_limit())
    return failure(ErrorCode::invalid_input, "the message's header is too large to be signed");
  if (!block.find("From"))
    return failure(ErrorCode::invalid_input, "the message has no From field to sign");
  return DkimSigning(plan, octets, block, now);
}

DkimSigning::DkimSigning(const SigningPlan& plan, std::string_view octets,
                         const message::HeaderBlock& block, WallTime now)
    : plan_(plan), now_(now), body_hash_(bodies_.want(plan.body_form, whole_body)) {
  auto add = [&](const std::vector<std::string>& names, size_t more) {
    for (const std::string& name : names)
      names_.insert(names_.end(), block.count(name) + more, name);
  };
  add(plan.sealed_fields, 1);
  add(plan.other_fields, 0);
  for (const message::HeaderField* field : FieldPicker(block).pick(names_))
    append_canonical_field(plan.header_form, *field, octets, canonical_);
}

Result<std::string> DkimSigning::finish() {
  bodies_.finish();
  std::string fields;
  for (const SigningKey& key : plan_.keys) {
    TagFieldWriter writer("DKIM-Signature");
    writer.add("v", "1");
    writer.add("a", algorithm_name(key.key->type()));
    writer.add("c", fmt::format("{}/{}", name(plan_.header_form), name(plan_.body_form)));
    writer.add("d", plan_.domain);
    writer.add("s", key.selector);
    writer.add("t", fmt::format("{}", tag_seconds(now_)));
    if (plan_.valid_for)
      writer.add("x", fmt::format("{}", tag_seconds(now_) + uint64_t(plan_.valid_for->count())));
    writer.add_list("h", names_);
    writer.add("bh", encode_base64(bodies_.hash(body_hash_)));
    TRY(std::string signature,
        key.key->sign(hash_with_field(plan_.header_form, canonical_, writer.unsigned_octets())));
    fields += std::move(writer).finish(signature);
  }
  return fields;
}

}  // namespace waypost::mailauth
