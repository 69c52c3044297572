#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// How DKIM and ARC see the body of a message (RFC 6376 §3.4.3, §3.4.4).
namespace waypost::mailauth {

enum class CanonicalForm { simple, relaxed };

// "simple" or "relaxed", as tags and reports spell it.
std::string_view name(CanonicalForm form);

// Turns a body that comes in pieces into its canonical octets. Lines end with CRLF or with LF and
// leave with CRLF; a CR without an LF is an octet like any other. Keeps a buffer of a few KB and
// the number of empty lines that may turn out to be the last; linear in time, whatever the body
// holds.
class CanonicalBody {
 public:
  // `sink` gets the canonical octets, in order, in pieces; views are valid during the call.
  CanonicalBody(CanonicalForm form, std::function<void(std::string_view)> sink);

  void add(std::string_view piece);
  // The body is over. Nothing may be added any more.
  void finish();

 private:
  size_t take_whole_lines(std::string_view piece);
  bool take_plain_line(std::string_view line);
  void take_octet(char octet);
  void end_line();
  void put_held();
  void put_line_ends();
  void put(std::string_view octets);
  void put_octet(char octet);
  void drain();

  CanonicalForm form_;
  std::function<void(std::string_view)> sink_;
  std::string buffer_;
  uint64_t line_ends_ = 0;  // not put yet: they count only when something follows
  bool space_ = false;      // relaxed: blanks that count only when something follows in the line
  bool carriage_return_ = false;  // the last octet, unless an LF follows
  bool in_line_ = false;          // octets of the line were taken
  bool any_ = false;              // something was put
};

// For BodyHashes::want(): every octet counts.
inline constexpr uint64_t whole_body = UINT64_MAX;

// The SHA-256 hashes of one body that several signatures ask for: each form is made once, and each
// hash ends at its own length.
class BodyHashes {
 public:
  BodyHashes();
  ~BodyHashes();
  BodyHashes(BodyHashes&&) noexcept;
  BodyHashes& operator=(BodyHashes&&) noexcept;

  // Before the first octet. `octets_max` is the l= tag: how many canonical octets count. Returns
  // the number to ask for the hash with; the same wish gets the same number.
  size_t want(CanonicalForm form, uint64_t octets_max);

  void add(std::string_view piece);
  void finish();

  // After finish(): 32 octets.
  const std::string& hash(size_t number) const;
  // How many octets the canonical body of that hash has in all, those past its length included.
  uint64_t canonical_octets(size_t number) const;

 private:
  struct Form;
  struct Wish;

  Form& form_for(CanonicalForm form);

  std::vector<std::unique_ptr<Form>> forms_;
  std::vector<std::unique_ptr<Wish>> wishes_;
};

}  // namespace waypost::mailauth
