#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message_id.h"
#include "base/time.h"
#include "bounces/incoming.h"
#include "classify/classifier.h"
#include "events/event.h"
#include "returns/return_address.h"

namespace waypost::returns {

// A recipient whose server took the message, and sent no bounce since.
struct Taken {
  std::string recipient;
  std::string site;
  WallTime at;
};

// What is known of a message that we sent.
struct SentMessage {
  MessageId id;
  std::string sender;
  std::string tenant;
  std::string stream;
  std::vector<std::string> recipients;  // all, in the order of the envelope
  std::vector<Taken> taken = {};        // as far as the records tell
};

// What came to be known of one recipient of a message.
struct Finding {
  events::EventKind kind = events::EventKind::late_bounced;
  std::string recipient;  // as the message named it
  std::string reply;      // what was said; hostile
  std::string host;       // who said it; empty: not told
  events::Cause cause;
  // The address is not to be written to any more: never unless what came names this very recipient
  // and no other, and came with proof that it is from where its mail goes.
  bool condemns = false;
};

// What a person asks for and nobody has proved: another person has to decide.
bool is_left_to_people(const Finding& finding);

// What something that came back tells of the recipients of the message that it is about, each once.
// Empty: nothing, or it is about others. `reference` is what the address says that it came to, or
// that it quotes; none: the message is known by its Message-ID alone, which strangers can know, so
// that it must name the recipient and condemns nobody. Nor does a reference to several recipients,
// which each of them has. Pure but for the reader's memory.
std::vector<Finding> findings_of(const bounces::Incoming& incoming,
                                 const std::optional<Reference>& reference, const SentMessage& sent,
                                 classify::Reader& replies);

// What somebody says who writes to the address of List-Unsubscribe.
struct Letter {
  std::string from;        // an address
  std::string message_id;  // that its subject names, with angle brackets
};

// None when it is none: no Message-ID in its subject. `octets` is the whole message or its start.
std::optional<Letter> read_letter(std::string_view octets);

// Who asks for it: the one who wrote it where they are among the recipients of the message that it
// names, else its only recipient. It condemns nobody: a Message-ID can be guessed or read in
// archives, and anybody can write in the name of another.
std::optional<Finding> unsubscription_of(const Letter& letter, const SentMessage& sent);

// The same for a letter to an address that was made for one recipient: who has it has the message.
// None when the message has no such recipient.
std::optional<Finding> unsubscription_of(const Reference& reference, const SentMessage& sent);

// Whether it is a complaint of a person; a report that mail is no spam, or did not prove who sent
// it, is none.
bool is_complaint(const bounces::Incoming& incoming);

}  // namespace waypost::returns
