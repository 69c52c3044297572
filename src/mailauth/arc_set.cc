#include "mailauth/arc_set.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/authentication_results.h"

namespace waypost::mailauth {
namespace {

using message::HeaderField;

constexpr std::string_view results_name = "ARC-Authentication-Results";
constexpr std::string_view signature_name = "ARC-Message-Signature";
constexpr std::string_view seal_name = "ARC-Seal";
constexpr size_t instance_digits_max = 2;

using Fault = tl::unexpected<std::string>;
template <class T = void>
using Parsed = tl::expected<T, std::string>;

bool is_called(const HeaderField& field, std::string_view name) {
  return base::equals_ignoring_case(field.name, name);
}

std::optional<unsigned> instance_of(std::string_view text) {
  auto number = parse_number(text, instance_digits_max);
  if (!number || *number < 1 || *number > arc_sets_max) return std::nullopt;
  return unsigned(*number);
}

Parsed<unsigned> instance_tag(const TagList& tags, std::string_view field) {
  const Tag* tag = tags.find("i");
  auto instance = tag ? instance_of(tag->value) : std::nullopt;
  if (!instance) return Fault(fmt::format("an {} has no i= from 1 to {}", field, arc_sets_max));
  return *instance;
}

template <class T>
Parsed<T> in_words(tl::expected<T, DkimFault> parsed, std::string_view field, unsigned instance) {
  if (parsed) return parsed.value();
  return Fault(fmt::format("{} {}: {}", field, instance, parsed.error().reason));
}

Parsed<TagList> tags_of(const HeaderField& field, std::string_view name) {
  auto tags = TagList::parse(field.value);
  if (!tags) return Fault(fmt::format("an {} is malformed: {}", name, tags.error().message()));
  return *std::move(tags);
}

Parsed<ChainValidation> read_validation(const TagList& tags, unsigned instance) {
  const Tag* tag = tags.find("cv");
  if (tag)
    for (auto known : {ChainValidation::none, ChainValidation::pass, ChainValidation::fail})
      if (tag->value == name(known)) return known;
  return Fault(fmt::format("{} {} has no cv= of none, pass or fail", seal_name, instance));
}

// The sets by instance, while they are put together.
class Collection {
 public:
  Parsed<> add(const HeaderField& field) {
    if (is_called(field, results_name)) return add_results(field);
    if (is_called(field, signature_name)) return add_signature(field);
    if (is_called(field, seal_name)) return add_seal(field);
    return {};
  }

  // Every set whole, and none missing.
  Parsed<std::vector<ArcSet>> finish() && {
    std::vector<ArcSet> sets;
    for (auto& [instance, set] : by_instance_) {
      if (instance != sets.size() + 1)
        return Fault(fmt::format("set {} of the chain is missing", sets.size() + 1));
      for (auto [field, name] :
           {std::pair(set.results, results_name), std::pair(set.signature, signature_name),
            std::pair(set.seal, seal_name)})
        if (!field) return Fault(fmt::format("set {} has no {}", instance, name));
      sets.push_back(std::move(set));
    }
    return sets;
  }

 private:
  Parsed<> put(const HeaderField*& place, const HeaderField& field, unsigned instance,
               std::string_view name) {
    if (place) return Fault(fmt::format("there are two {} with i={}", name, instance));
    place = &field;
    return {};
  }

  ArcSet& set(unsigned instance) {
    ArcSet& set = by_instance_[instance];
    set.instance = instance;
    return set;
  }

  Parsed<> add_results(const HeaderField& field) {
    TRY(const ArcResultsValue value, parse_arc_results(field.value));
    return put(set(value.instance).results, field, value.instance, results_name);
  }

  Parsed<> add_signature(const HeaderField& field) {
    TRY(const TagList tags, tags_of(field, signature_name));
    TRY(const unsigned instance, instance_tag(tags, signature_name));
    ArcSet& to = set(instance);
    TRY_VOID(put(to.signature, field, instance, signature_name));
    TRY(to.signature_tags, in_words(parse_common_tags(tags), signature_name, instance));
    // RFC 8617 names no form for a missing c=; the public suite means this one.
    to.signature_tags.header_form = to.signature_tags.body_form = CanonicalForm::relaxed;
    if (auto parsed = parse_message_tags(tags, to.signature_tags); !parsed)
      return Fault(fmt::format("{} {}: {}", signature_name, instance, parsed.error().reason));
    for (const std::string& signed_field : to.signature_tags.signed_fields)
      if (base::equals_ignoring_case(signed_field, seal_name))
        return Fault(
            fmt::format("{} {} covers a seal, which it must not", signature_name, instance));
    return {};
  }

  Parsed<> add_seal(const HeaderField& field) {
    TRY(const TagList tags, tags_of(field, seal_name));
    TRY(const unsigned instance, instance_tag(tags, seal_name));
    ArcSet& to = set(instance);
    TRY_VOID(put(to.seal, field, instance, seal_name));
    TRY(to.seal_tags, in_words(parse_common_tags(tags), seal_name, instance));
    // RFC 8617 §4.1.3: what it covers is fixed, and a list of its own makes it worthless.
    if (tags.find("h")) return Fault(fmt::format("{} {} has an h=", seal_name, instance));
    TRY(to.validation, read_validation(tags, instance));
    return {};
  }

  std::map<unsigned, ArcSet> by_instance_;
};

// For any of the three kinds of field; nothing where it cannot be told.
std::optional<unsigned> instance_of_field(const HeaderField& field) {
  if (is_called(field, results_name)) {
    auto value = parse_arc_results(field.value);
    return value ? std::optional(value->instance) : std::nullopt;
  }
  if (!is_called(field, signature_name) && !is_called(field, seal_name)) return std::nullopt;
  auto tags = TagList::parse(field.value);
  auto instance = tags ? instance_tag(*tags, "") : Fault("");
  return instance ? std::optional(*instance) : std::nullopt;
}

}  // namespace

std::string_view name(ChainValidation validation) {
  switch (validation) {
    case ChainValidation::none:
      return "none";
    case ChainValidation::pass:
      return "pass";
    case ChainValidation::fail:
      return "fail";
  }
  return "fail";
}

tl::expected<ArcResultsValue, std::string> parse_arc_results(std::string_view value) {
  const size_t end = value.find(';');
  const std::string_view tag = trim_folding(value.substr(0, end));
  const size_t equals = tag.find('=');
  if (end != std::string_view::npos && equals != std::string_view::npos &&
      trim_folding(tag.substr(0, equals)) == "i") {
    if (auto instance = instance_of(trim_folding(tag.substr(equals + 1))))
      return ArcResultsValue{*instance, value.substr(end + 1)};
  }
  return Fault(
      fmt::format("an {} does not begin with i= from 1 to {}", results_name, arc_sets_max));
}

tl::expected<std::vector<ArcSet>, std::string> collect_arc_sets(const message::HeaderBlock& block) {
  Collection collection;
  for (const HeaderField& field : block.fields) TRY_VOID(collection.add(field));
  return std::move(collection).finish();
}

unsigned highest_arc_instance(const message::HeaderBlock& block) {
  unsigned highest = 0;
  for (const HeaderField& field : block.fields)
    highest = std::max(highest, instance_of_field(field).value_or(0));
  return highest;
}

bool arc_chain_was_ended(const message::HeaderBlock& block) {
  const unsigned highest = highest_arc_instance(block);
  return std::any_of(block.fields.begin(), block.fields.end(), [highest](const HeaderField& field) {
    if (!is_called(field, seal_name) || instance_of_field(field) != highest) return false;
    auto tags = TagList::parse(field.value);
    const Tag* validation = tags ? tags->find("cv") : nullptr;
    return validation && validation->value == name(ChainValidation::fail);
  });
}

}  // namespace waypost::mailauth
