#include "mailauth/dkim_signature.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/idn.h"
#include "dns/rdata.h"
#include "mailauth/dkim_base64.h"
#include "mailauth/dkim_hash.h"

namespace waypost::mailauth {
namespace {

constexpr size_t time_digits_max = 12;  // RFC 6376 §3.5
constexpr size_t length_digits_max = 19;
constexpr size_t signature_octets_max = rsa_bits_max / 8;

using Fault = tl::unexpected<DkimFault>;
template <class T = void>
using Parsed = tl::expected<T, DkimFault>;

Fault malformed(std::string reason) {
  return Fault(DkimFault{DkimStatus::neutral, std::move(reason)});
}

std::string shown(std::string_view value) { return base::escape_control(value.substr(0, 64)); }

Parsed<const Tag*> required(const TagList& tags, std::string_view name) {
  const Tag* tag = tags.find(name);
  if (!tag) return malformed(fmt::format("the signature has no {}= tag", name));
  if (tag->value.empty()) return malformed(fmt::format("the signature's {}= tag is empty", name));
  return tag;
}

Parsed<> read_algorithm(const TagList& tags, DkimSignature& signature) {
  TRY(const Tag* tag, required(tags, "a"));
  if (tag->value == "rsa-sha256") {
    signature.algorithm = KeyType::rsa;
  } else if (tag->value == "ed25519-sha256") {
    signature.algorithm = KeyType::ed25519;
  } else if (tag->value == "rsa-sha1") {
    return Fault(DkimFault{DkimStatus::policy,
                           "the signature is made with SHA-1, which proves nothing any more "
                           "(RFC 8301)"});
  } else {
    return malformed(fmt::format("its algorithm a={} is not known", shown(tag->value)));
  }
  return {};
}

Parsed<std::string> read_name(const TagList& tags, std::string_view tag_name) {
  TRY(const Tag* tag, required(tags, tag_name));
  auto labels = dns::to_a_labels(tag->value);
  auto name = labels ? dns::normalize_name(*labels) : std::move(labels);
  if (!name || tag->value.ends_with('.'))
    return malformed(
        fmt::format("its {}= \"{}\" is not a domain name", tag_name, shown(tag->value)));
  return *std::move(name);
}

Parsed<> read_number(const TagList& tags, std::string_view tag_name, size_t digits_max,
                     std::optional<uint64_t>& number) {
  const Tag* tag = tags.find(tag_name);
  if (!tag) return {};
  number = parse_number(tag->value, digits_max);
  if (!number)
    return malformed(fmt::format("its {}= \"{}\" is not a number", tag_name, shown(tag->value)));
  return {};
}

Parsed<> read_forms(const TagList& tags, DkimSignature& signature) {
  const Tag* tag = tags.find("c");
  if (!tag) return {};
  const size_t slash = tag->value.find('/');
  auto form = [](std::string_view text) -> std::optional<CanonicalForm> {
    if (text == "simple") return CanonicalForm::simple;
    if (text == "relaxed") return CanonicalForm::relaxed;
    return std::nullopt;
  };
  auto header = form(tag->value.substr(0, slash));
  auto body =
      slash == std::string_view::npos ? CanonicalForm::simple : form(tag->value.substr(slash + 1));
  if (!header || !body)
    return malformed(fmt::format("its canonical form c={} is not known", shown(tag->value)));
  signature.header_form = *header;
  signature.body_form = *body;
  return {};
}

bool is_field_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != ':' && c != ';'; });
}

Parsed<> read_signed_fields(const TagList& tags, DkimSignature& signature) {
  const Tag* tag = tags.find("h");
  if (!tag) return malformed("the signature has no h= tag");
  signature.signed_fields = split_list(tag->value, ':');
  if (signature.signed_fields.size() > signed_fields_max)
    return malformed(fmt::format("its h= names over {} fields", signed_fields_max));
  for (const std::string& field : signature.signed_fields)
    if (!is_field_name(field))
      return malformed(fmt::format("its h= names \"{}\", which is no field", shown(field)));
  return {};
}

bool names_field(const DkimSignature& signature, std::string_view wanted) {
  return std::any_of(
      signature.signed_fields.begin(), signature.signed_fields.end(),
      [wanted](const std::string& field) { return base::equals_ignoring_case(field, wanted); });
}

// i= must be d= or below it (RFC 6376 §6.1.1).
Parsed<> read_identity(const TagList& tags, DkimSignature& signature) {
  const Tag* tag = tags.find("i");
  if (!tag) {
    signature.identity = "@" + signature.domain;
    return {};
  }
  const size_t at = tag->value.rfind('@');
  if (at == std::string_view::npos) return malformed("its i= has no \"@\"");
  auto labels = dns::to_a_labels(tag->value.substr(at + 1));
  const std::string domain = labels ? base::to_lower(*labels) : std::string();
  if (domain != signature.domain && !domain.ends_with("." + signature.domain))
    return malformed(fmt::format("its i= \"{}\" is not in its domain d={}", shown(tag->value),
                                 signature.domain));
  signature.identity = std::string(tag->value.substr(0, at + 1)) + domain;
  return {};
}

Parsed<> check_version(const TagList& tags) {
  TRY(const Tag* tag, required(tags, "v"));
  if (tag->value != "1")
    return malformed(fmt::format("its version v={} is not 1", shown(tag->value)));
  return {};
}

Parsed<> check_query_methods(const TagList& tags) {
  const Tag* tag = tags.find("q");
  if (!tag) return {};
  for (const std::string& method : split_list(tag->value, ':'))
    if (method == "dns/txt" || method == "dns") return {};
  return malformed(fmt::format("its q={} names no way to a key that we know", shown(tag->value)));
}

}  // namespace

std::string_view name(DkimStatus status) {
  switch (status) {
    case DkimStatus::none:
      return "none";
    case DkimStatus::pass:
      return "pass";
    case DkimStatus::fail:
      return "fail";
    case DkimStatus::policy:
      return "policy";
    case DkimStatus::neutral:
      return "neutral";
    case DkimStatus::temperror:
      return "temperror";
    case DkimStatus::permerror:
      return "permerror";
  }
  return "none";
}

std::string DkimSignature::key_name() const { return selector + "._domainkey." + domain; }

Parsed<DkimSignature> parse_common_tags(const TagList& tags) {
  DkimSignature signature;
  TRY_VOID(read_algorithm(tags, signature));
  TRY(const Tag* b, required(tags, "b"));
  auto octets = decode_base64(b->value, signature_octets_max);
  if (!octets) return malformed("its b= is not base64");
  signature.signature = *std::move(octets);
  signature.b_begin = b->begin;
  signature.b_end = b->end;
  TRY(signature.domain, read_name(tags, "d"));
  TRY(signature.selector, read_name(tags, "s"));
  TRY_VOID(read_number(tags, "t", time_digits_max, signature.signed_at));
  return signature;
}

Parsed<> parse_message_tags(const TagList& tags, DkimSignature& signature) {
  TRY_VOID(read_forms(tags, signature));
  TRY(const Tag* hash, required(tags, "bh"));
  auto octets = decode_base64(hash->value, sha256_octets);
  if (!octets || octets->size() != sha256_octets) return malformed("its bh= is no SHA-256 hash");
  signature.body_hash = *std::move(octets);
  TRY_VOID(read_signed_fields(tags, signature));
  TRY_VOID(read_number(tags, "l", length_digits_max, signature.body_octets_max));
  TRY_VOID(read_number(tags, "x", time_digits_max, signature.expires_at));
  if (signature.signed_at && signature.expires_at && *signature.expires_at <= *signature.signed_at)
    return malformed("its end (x=) is not later than the time when it was made (t=)");
  return {};
}

Parsed<DkimSignature> parse_dkim_signature(std::string_view value) {
  auto tags = TagList::parse(value);
  if (!tags)
    return malformed(fmt::format("the signature is malformed: {}", tags.error().message()));
  TRY_VOID(check_version(*tags));
  TRY(DkimSignature signature, parse_common_tags(*tags));
  TRY_VOID(parse_message_tags(*tags, signature));
  if (!names_field(signature, "From")) return malformed("the signature does not cover From (h=)");
  TRY_VOID(read_identity(*tags, signature));
  TRY_VOID(check_query_methods(*tags));
  return signature;
}

}  // namespace waypost::mailauth
