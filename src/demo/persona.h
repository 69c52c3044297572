#pragma once

#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "smtp/reply.h"

namespace waypost::demo {

// How a pretend provider behaves. The texts are what its model says in such a case.
struct Persona {
  std::string name;       // "Gmail"
  std::string domain;     // "gmail.test"
  std::string mail_host;  // "mx.gmail.test"
  IpAddress address;      // on loopback

  smtp::Reply unknown;  // to RCPT, for mailboxes that begin with "nobody"
  smtp::Reply full;     // to RCPT, the first time, for mailboxes that begin with "full"

  // A message over this rate is put off at MAIL, and the connection closed. 0: no limit.
  double messages_per_second_max = 0;
  smtp::Reply too_fast;
  // A recipient that is seen for the first time is put off for so long. Zero: no greylisting.
  Duration greylisted_for{0};
  smtp::Reply greylisted;
  // This share of the messages is put off at the final dot, the first time.
  double busy_share = 0;
  smtp::Reply busy;
};

// Pretend Gmail, pretend Outlook and a company that greylists.
std::vector<Persona> personas();

}  // namespace waypost::demo
