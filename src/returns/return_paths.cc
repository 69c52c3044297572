#include "returns/return_paths.h"

#include <algorithm>

#include "base/ascii.h"
#include "guard/address.h"

namespace waypost::returns {
namespace {

bool is_one_of(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& one) { return base::equals_ignoring_case(one, name); });
}

bool wants_to_hear_of_success(const spool::Envelope& envelope, uint32_t recipient) {
  const auto asked = envelope.recipient_dsn.find(recipient);
  return asked != envelope.recipient_dsn.end() && asked->second.notify.success;
}

// "prvs=0123abcdef=LOCAL" -> "LOCAL".
std::string_view without_tag(std::string_view local_part) {
  constexpr std::string_view tag = "prvs=";
  constexpr size_t tag_octets_max = 20;
  if (!base::starts_with_ignoring_case(local_part, tag)) return local_part;
  const size_t end = local_part.find('=', tag.size());
  return end < tag_octets_max ? local_part.substr(end + 1) : local_part;
}

Reach reach_of(const spool::Envelope& envelope, std::span<const uint32_t> recipients) {
  if (recipients.size() == 1) return Reach::recipient;
  const std::string& domain = envelope.recipients[recipients.front()].domain;
  const bool is_one_domain = std::all_of(
      recipients.begin(), recipients.end(),
      [&](uint32_t recipient) { return envelope.recipients[recipient].domain == domain; });
  return is_one_domain ? Reach::domain : Reach::message;
}

}  // namespace

std::optional<smtp::Mailbox> ReturnPaths::reverse_path(const spool::Envelope& envelope,
                                                       std::span<const uint32_t> recipients) const {
  if (!envelope.sender || envelope.inbound || recipients.empty()) return std::nullopt;
  const ReturnPath* path = path_of_sender(guard::domain_key(envelope.sender->domain));
  if (!path || recipients.front() >= ReturnAddresses::recipients_max) return std::nullopt;
  for (uint32_t recipient : recipients)
    if (wants_to_hear_of_success(envelope, recipient)) return std::nullopt;
  const Reference reference{envelope.id, reach_of(envelope, recipients), recipients.front()};
  return smtp::Mailbox{addresses_.make(reference), path->domain};
}

std::optional<smtp::Mailbox> ReturnPaths::unsubscribe_address(
    const spool::Envelope& envelope) const {
  if (!envelope.sender || envelope.inbound || envelope.recipients.size() != 1) return std::nullopt;
  const ReturnPath* path = path_of_sender(guard::domain_key(envelope.sender->domain));
  if (!path || path->unsubscribe.empty() || !is_one_of(path->unsubscribe_streams, envelope.stream))
    return std::nullopt;
  const Reference reference{envelope.id, Reach::recipient, 0};
  return smtp::Mailbox{path->unsubscribe.front() + "-" + addresses_.make(reference), path->domain};
}

// What such an address names.
std::optional<Reference> ReturnPaths::unsubscribing(const ReturnPath& path,
                                                    std::string_view local_part) const {
  if (local_part.size() <= ReturnAddresses::local_part_octets) return std::nullopt;
  std::string_view name =
      local_part.substr(0, local_part.size() - ReturnAddresses::local_part_octets);
  if (!name.ends_with('-') || !is_one_of(path.unsubscribe, name.substr(0, name.size() - 1)))
    return std::nullopt;
  return addresses_.read(local_part.substr(name.size()));
}

std::optional<smtp::Reply> ReturnPaths::refuse(const smtp::Mailbox& recipient) const {
  if (arrived(recipient)) return std::nullopt;
  return smtp::reply(550, {5, 1, 1}, "There is no such mailbox here");
}

std::optional<Arrived> ReturnPaths::arrived(const smtp::Mailbox& recipient) const {
  const ReturnPath* path = find(recipient.domain);
  if (!path) return std::nullopt;
  if (auto reference = addresses_.read(without_tag(recipient.local_part)))
    return Arrived{path, reference, false};
  if (auto reference = unsubscribing(*path, recipient.local_part))
    return Arrived{path, reference, true};
  const bool is_name = base::equals_ignoring_case(recipient.local_part, "postmaster") ||
                       is_one_of(path->complaints, recipient.local_part) ||
                       is_one_of(path->reports, recipient.local_part);
  const bool unsubscribes = is_one_of(path->unsubscribe, recipient.local_part);
  if (!is_name && !unsubscribes) return std::nullopt;
  return Arrived{path, std::nullopt, unsubscribes};
}

std::optional<Reference> ReturnPaths::reference_in(const smtp::Mailbox& address) const {
  const std::optional<Arrived> found = arrived(address);
  return found ? found->reference : std::nullopt;
}

std::optional<Reference> ReturnPaths::rewritten_reference_in(const smtp::Mailbox& address) const {
  const std::string_view local_part = address.local_part;
  if (!base::starts_with_ignoring_case(local_part, "SRS")) return std::nullopt;
  const size_t end = local_part.rfind('=');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const size_t begin = local_part.rfind('=', end - 1);
  if (begin == std::string_view::npos) return std::nullopt;
  return reference_in({std::string(local_part.substr(end + 1)),
                       base::to_lower(local_part.substr(begin + 1, end - begin - 1))});
}

bool ReturnPaths::sends_as(std::string_view domain) const {
  // A report about a parent is about its subdomains, but everybody's name is below "com".
  const bool may_be_parent = domain.find('.') != domain.npos;
  const auto is_related = [&](std::string_view ours) {
    return guard::is_at_or_below(domain, ours) ||
           (may_be_parent && guard::is_at_or_below(ours, domain));
  };
  return std::any_of(paths_.begin(), paths_.end(), [&](const ReturnPath& path) {
    return is_related(path.domain) ||
           std::any_of(path.sender_domains.begin(), path.sender_domains.end(), is_related);
  });
}

bool ReturnPaths::is_named_in(std::string_view reply) const {
  const std::string small = base::to_lower(reply);
  return std::any_of(paths_.begin(), paths_.end(), [&](const ReturnPath& path) {
    return small.find(path.domain) != std::string::npos;
  });
}

const ReturnPath* ReturnPaths::find(std::string_view domain) const {
  for (const ReturnPath& path : paths_)
    if (base::equals_ignoring_case(path.domain, domain)) return &path;
  return nullptr;
}

const ReturnPath* ReturnPaths::path_of_sender(std::string_view domain) const {
  const ReturnPath* of_others = nullptr;
  for (const ReturnPath& path : paths_) {
    if (is_one_of(path.sender_domains, domain)) return &path;
    if (path.sender_domains.empty() && !of_others) of_others = &path;
  }
  return of_others;
}

}  // namespace waypost::returns
