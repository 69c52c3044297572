#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "doctor/finding.h"
#include "io/loop.h"

namespace waypost::doctor {

// What happened in one walk, as it happens. A line is kept in at most 1,000 octets, and at most
// 2,000 lines; what follows is left out. Thread: the loop's.
class EvidenceLog {
 public:
  explicit EvidenceLog(io::Loop& loop) : loop_(loop), began_(loop.now()) {}

  // From now on no line shows these octets, whoever says them and however he writes them
  // (secret_forms.h), forwards or backwards: a server may repeat a login. Shorter ones than 4
  // octets would be found in every text.
  void withhold(std::string_view secret);
  // The same for a secret in base64, of which no part of 8 octets or more is shown either: servers
  // quote a command that they do not understand only as far as their line goes.
  void withhold_encoded(std::string_view base64);
  // Both, for a secret as it is: also as a part of something else in base64.
  void withhold_password(std::string_view password);
  // With what was withheld replaced by "[hidden]", and without terminal controls.
  std::string without_secrets(std::string text) const;

  // Whether the lines hold what was withheld over several of them, or with other octets between its
  // own, so that without_secrets() line by line would show it.
  bool spread_in(const std::vector<std::string>& lines) const;

  // The number of the line, for Finding::evidence; the last one when there is no room.
  unsigned add(Evidence::Kind kind, std::string_view connection, std::string_view text);
  unsigned note(std::string_view text) { return add(Evidence::Kind::note, {}, text); }

  const std::vector<Evidence>& all() const { return lines_; }
  Instant began() const { return began_; }

 private:
  void take_out_parts(std::string& text) const;

  io::Loop& loop_;
  Instant began_;
  std::vector<Evidence> lines_;
  std::vector<Secret> withheld_;
  std::vector<Secret> encoded_;
  std::vector<Secret> packed_;  // letters and digits of a password
};

}  // namespace waypost::doctor
