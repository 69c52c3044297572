#include "mailauth/canonical_body.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "mailauth/dkim_hash.h"

namespace waypost::mailauth {
namespace {

constexpr size_t buffer_octets = 8192;
constexpr std::string_view line_end = "\r\n";

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

constexpr uint64_t each_octet = 0x0101010101010101;
constexpr uint64_t high_bits = 0x80 * each_octet;

uint64_t load(const char* at) {
  uint64_t octets;
  std::memcpy(&octets, at, sizeof octets);
  return octets;
}

// The high bit of each octet that is a space.
constexpr uint64_t spaces(uint64_t octets) {
  const uint64_t differs = octets ^ (' ' * each_octet);
  return ~(((differs & ~high_bits) + ~high_bits) | differs) & high_bits;
}

// Not 0 when an octet is under 0x20, as a tab is.
constexpr uint64_t controls(uint64_t octets) {
  return (octets - 0x20 * each_octet) & ~octets & high_bits;
}

// Whether relaxing leaves a line without its end as it is. Control octets ask for a closer look.
// Eight octets at a time: this is the only thing that is done with every octet of a body but
// hashing.
bool is_relaxed(std::string_view line) {
  if (line.empty()) return true;
  uint64_t changes = is_blank(line.back());
  size_t at = 0;
  for (; at + sizeof(uint64_t) < line.size(); at += sizeof(uint64_t)) {
    const uint64_t octets = load(line.data() + at);
    changes |= controls(octets) | (spaces(octets) & spaces(load(line.data() + at + 1)));
  }
  for (; at < line.size(); ++at) {
    changes |= uint64_t(static_cast<unsigned char>(line[at]) < 0x20);
    changes |= uint64_t(line[at] == ' ' && at + 1 < line.size() && line[at + 1] == ' ');
  }
  return changes == 0;
}

}  // namespace

std::string_view name(CanonicalForm form) {
  return form == CanonicalForm::simple ? "simple" : "relaxed";
}

CanonicalBody::CanonicalBody(CanonicalForm form, std::function<void(std::string_view)> sink)
    : form_(form), sink_(std::move(sink)) {
  buffer_.reserve(buffer_octets);
}

void CanonicalBody::add(std::string_view piece) {
  while (!piece.empty()) {
    const bool between_lines = !in_line_ && !carriage_return_ && !space_;
    if (between_lines) piece.remove_prefix(take_whole_lines(piece));
    // What is left is the rest of a line that began before, or a line that takes a closer look.
    size_t taken = 0;
    while (taken < piece.size()) {
      const char octet = piece[taken++];
      take_octet(octet);
      if (octet == '\n') break;
    }
    piece.remove_prefix(taken);
  }
}

// Takes lines from the start of `piece` that are in their canonical form already; returns how many
// octets those have.
size_t CanonicalBody::take_whole_lines(std::string_view piece) {
  size_t at = 0;
  while (at < piece.size()) {
    const void* found = std::memchr(piece.data() + at, '\n', piece.size() - at);
    if (!found) break;
    const size_t end = size_t(static_cast<const char*>(found) - piece.data());
    if (!take_plain_line(piece.substr(at, end - at))) break;
    at = end + 1;
  }
  return at;
}

bool CanonicalBody::take_plain_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (form_ == CanonicalForm::relaxed && !is_relaxed(line)) return false;
  if (!line.empty()) {
    put_line_ends();
    put(line);
  }
  ++line_ends_;
  return true;
}

void CanonicalBody::take_octet(char octet) {
  if (octet == '\n') {
    carriage_return_ = false;
    return end_line();
  }
  if (carriage_return_) {
    carriage_return_ = false;
    put_held();
    put_octet('\r');
  }
  in_line_ = true;
  if (octet == '\r') {
    carriage_return_ = true;
  } else if (form_ == CanonicalForm::relaxed && is_blank(octet)) {
    space_ = true;
  } else {
    put_held();
    put_octet(octet);
  }
}

void CanonicalBody::end_line() {
  space_ = false;
  in_line_ = false;
  ++line_ends_;
}

// What only counts because an octet follows.
void CanonicalBody::put_held() {
  put_line_ends();
  if (space_) put_octet(' ');
  space_ = false;
}

void CanonicalBody::put_line_ends() {
  for (; line_ends_ > 0; --line_ends_) put(line_end);
}

void CanonicalBody::finish() {
  if (carriage_return_) {
    put_held();
    put_octet('\r');
  }
  // One line end stays at the end, of however many. An empty body has one in the simple form only.
  if (any_ || form_ == CanonicalForm::simple) put(line_end);
  drain();
}

void CanonicalBody::put(std::string_view octets) {
  any_ = true;
  if (buffer_.size() + octets.size() > buffer_octets) drain();
  if (octets.size() > buffer_octets)
    sink_(octets);
  else
    buffer_.append(octets);
}

void CanonicalBody::put_octet(char octet) { put(std::string_view(&octet, 1)); }

void CanonicalBody::drain() {
  if (!buffer_.empty()) sink_(buffer_);
  buffer_.clear();
}

struct BodyHashes::Wish {
  Form* form;
  uint64_t octets_max;
  uint64_t octets_left;
  Sha256 digest;
  std::string hash;
};

struct BodyHashes::Form {
  explicit Form(CanonicalForm the_form)
      : form(the_form), body(form, [this](std::string_view octets) { put(octets); }) {}

  void put(std::string_view octets) {
    canonical_octets += octets.size();
    for (Wish* wish : wishes) {
      const uint64_t counted = std::min<uint64_t>(wish->octets_left, octets.size());
      wish->digest.add(octets.substr(0, size_t(counted)));
      wish->octets_left -= counted;
    }
  }

  CanonicalForm form;
  CanonicalBody body;
  uint64_t canonical_octets = 0;
  std::vector<Wish*> wishes;
};

BodyHashes::BodyHashes() = default;
BodyHashes::~BodyHashes() = default;
BodyHashes::BodyHashes(BodyHashes&&) noexcept = default;
BodyHashes& BodyHashes::operator=(BodyHashes&&) noexcept = default;

BodyHashes::Form& BodyHashes::form_for(CanonicalForm form) {
  for (const auto& known : forms_)
    if (known->form == form) return *known;
  return *forms_.emplace_back(std::make_unique<Form>(form));
}

size_t BodyHashes::want(CanonicalForm form, uint64_t octets_max) {
  for (size_t i = 0; i < wishes_.size(); ++i)
    if (wishes_[i]->form->form == form && wishes_[i]->octets_max == octets_max) return i;
  Form& wanted = form_for(form);
  wishes_.push_back(
      std::make_unique<Wish>(Wish{&wanted, octets_max, octets_max, Sha256(), std::string()}));
  wanted.wishes.push_back(wishes_.back().get());
  return wishes_.size() - 1;
}

void BodyHashes::add(std::string_view piece) {
  for (const auto& form : forms_) form->body.add(piece);
}

void BodyHashes::finish() {
  for (const auto& form : forms_) form->body.finish();
  for (const auto& wish : wishes_) wish->hash = wish->digest.finish();
}

const std::string& BodyHashes::hash(size_t number) const { return wishes_[number]->hash; }

uint64_t BodyHashes::canonical_octets(size_t number) const {
  return wishes_[number]->form->canonical_octets;
}

}  // namespace waypost::mailauth
