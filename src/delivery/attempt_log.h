#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/outcome.h"
#include "io/loop.h"
#include "smtp/reply.h"

namespace waypost::delivery {

constexpr size_t transcript_octets_max = 64 * 1024;

// What happens in one attempt, written down meanwhile: how long each phase takes, and where it is
// asked for the conversation, a line for each of theirs (<), of ours (>) and of what was done (*),
// with the seconds since the attempt began:
//
//   +0.000 * connecting to mx.example.net, 192.0.2.1:25
//   +0.021 < 220 mx.example.net ESMTP
//   +0.021 > EHLO mail.example.com
//
// Content and secrets are not in it: whoever sends them says what to write instead.
// Thread: the loop's.
class AttemptLog {
 public:
  AttemptLog(io::Loop& loop, bool with_transcript)
      : loop_(loop), began_(loop.now()), with_transcript_(with_transcript) {}

  // From here on time counts for `phase`. One that is entered again, at another host, goes on.
  void enter(events::Phase phase);
  // From here on for none: we wait for a turn of our own.
  void pause();

  void did(std::string_view what);
  // One or more whole lines.
  void said(std::string_view lines);
  void heard(const smtp::Reply& reply);

  // In the order in which the phases were entered first.
  std::vector<events::Step> steps() const;
  // All of them together.
  Duration took() const;
  // UTF-8 text with a newline behind each line; null without a transcript.
  std::shared_ptr<const std::string> transcript() const;

 private:
  void write(char who, std::string_view line);
  void write_lines(char who, std::string_view lines);

  io::Loop& loop_;
  Instant began_;
  bool with_transcript_;
  bool full_ = false;
  std::string text_;
  std::vector<events::Step> steps_;
  std::optional<size_t> current_;  // index into steps_
  Instant entered_;
};

}  // namespace waypost::delivery
