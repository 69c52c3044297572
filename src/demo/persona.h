#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"
#include "smtp/reply.h"

// The pretend providers as a table: what each of them allows, and what it says to the rest. Pure.
namespace waypost::demo {

// What makes a provider speak up, in the order of a session.
enum class Trigger : uint8_t {
  too_many_connections,     // at the greeting, which ends the connection
  in_the_clear,             // at MAIL, without TLS
  too_fast,                 // at MAIL, over its pace; ends the connection
  no_such_mailbox,          // at RCPT, where the mailbox begins with "nobody"
  mailbox_full,             // at RCPT, the first time, where the mailbox begins with "full"
  seen_for_the_first_time,  // at RCPT: greylisting
  nobody_signed,            // at the final dot, without a DKIM signature
  busy,                     // at the final dot, by chance, the first time
  found_out_later,          // in a bounce, after it was taken
};

struct Habit {
  Trigger trigger = Trigger::busy;
  // "550 5.1.1 No such user": the code, the enhanced code where there is one, and the text, '\n'
  // between its lines. {to} is the recipient, {from} the domain of the sender, {ip} our address.
  std::string_view says;
  std::string_view reply_class;  // what the rules make of it
};

// Whether there is a server behind a domain.
enum class Presence : uint8_t {
  server,
  nobody_listens,  // DNS names a mail host, and nothing answers there
  takes_no_mail,   // a null MX (RFC 7505)
  no_such_domain,
};

struct Persona {
  std::string_view name;            // "Gmail"
  std::string_view domain;          // "gmail.test"
  std::string_view mail_host = {};  // "mx.gmail.test"; empty where DNS names none
  uint8_t loopback = 0;             // 127.0.0.x; 0 where DNS names no mail host
  unsigned weight = 1;              // its part of the demo's mail
  std::string_view about;           // what there is to see, in a few words
  std::span<const Habit> habits;
  Presence presence = Presence::server;

  // What it allows; 0 is no limit.
  unsigned connections_max = 0;
  unsigned messages_per_second_max = 0;
  unsigned messages_per_connection_max = 0;  // the connection ends without a word
  Duration greylisted_for{0};
  // By chance, of the messages that it takes: put off the first time, sent back later, called spam
  // by the recipient.
  double busy_share = 0;
  double bounced_later_share = 0;
  double complaint_share = 0;
  bool into_spam = false;  // what it takes is not seen by anybody

  // How the relay is set up for it: the id of what is known of the real one in rules/sites, and a
  // pace of its own; empty and 0 where there is none.
  std::string_view known_site = {};
  unsigned relay_messages_per_second = 0;

  IpAddress address() const { return IpAddress::v4({127, 0, 0, loopback}); }
  const Habit* habit(Trigger trigger) const;
};

// Ten with a server, then three that mail cannot reach.
std::span<const Persona> personas();

// What a habit fills in.
struct Occasion {
  std::string_view to;
  std::string_view from;
  std::string_view ip;
};
// `says` of a habit as a reply.
smtp::Reply reply_of(const Habit& habit, const Occasion& occasion);

}  // namespace waypost::demo
