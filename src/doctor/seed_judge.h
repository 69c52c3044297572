#pragma once

#include <string>
#include <string_view>

#include "doctor/rung_result.h"
#include "seeds/mailbox.h"

// What a look into a mailbox of our own tells. No I/O.
namespace waypost::doctor {

// What the receiver itself found out about the sender (RFC 8601 §2.2): for each method the topmost
// result of the fields of one server, which is the one named, or else that of the topmost field.
// Lower down stands what came with the message.
struct ReceiverWord {
  std::string authserv_id;  // "" where there is nothing
  std::string spf = {};     // "pass", "fail" ...; "" for none
  std::string dkim = {};    // pass where one of several signatures passes
  std::string dmarc = {};
  std::string failing = {};  // what does not pass, as it stood: "spf=fail ..., dkim=fail ..."
};
ReceiverWord word_of_receiver(std::string_view header, std::string_view authserv_id);

// How long the message was waited for, and what counts as slow.
struct SeedWait {
  Duration wait;
  Duration slow_after;
};

// Each fills `seen` and adds what it finds to `result`; `seen.id` and the times are there already.
void judge_sighting(const seeds::Sighting& sighting, std::string_view authserv_id, SeedWait wait,
                    SeedResult& seen, RungResult& result);
void judge_absence(SeedWait wait, SeedResult& seen, RungResult& result);
// The seed itself could not be looked into, which says nothing about the way of mail. `words` are
// without secrets.
void judge_closed_seed(const Error& error, std::string words, SeedResult& seen, RungResult& result);

// "inbox at 2 of 3 seeds, junk at 1"
std::string line_of_seeds(const std::vector<SeedResult>& seeds);

}  // namespace waypost::doctor
