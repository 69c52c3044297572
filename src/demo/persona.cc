#include "demo/persona.h"

namespace waypost::demo {
namespace {

using smtp::reply;

Persona gmail() {
  Persona persona;
  persona.name = "Gmail";
  persona.domain = "gmail.test";
  persona.mail_host = "mx.gmail.test";
  persona.address = IpAddress::v4({127, 0, 0, 11});
  persona.unknown = reply(550, {5, 1, 1},
                          "The email account that you tried to reach does not exist. Please try\n"
                          "double-checking the recipient's email address for typos or\n"
                          "unnecessary spaces.");
  persona.full = reply(452, {4, 2, 2}, "The recipient's inbox is out of storage space.");
  persona.messages_per_second_max = 20;
  persona.too_fast = reply(421, {4, 7, 28},
                           "Gmail has detected an unusual rate of email originating from your IP\n"
                           "address. To protect our users from spam, email has been temporarily\n"
                           "rate limited.");
  return persona;
}

Persona outlook() {
  Persona persona;
  persona.name = "Outlook";
  persona.domain = "outlook.test";
  persona.mail_host = "outlook-test.olc.outlook.test";
  persona.address = IpAddress::v4({127, 0, 0, 12});
  persona.unknown = reply(550, {5, 5, 0}, "Requested action not taken: mailbox unavailable.");
  persona.full = reply(452, {4, 2, 2}, "Mailbox full.");
  persona.busy_share = 0.2;
  persona.busy = reply(451, {4, 7, 500}, "Server busy. Please try again later.");
  return persona;
}

Persona company() {
  Persona persona;
  persona.name = "Acme Corp";
  persona.domain = "acme-corp.test";
  persona.mail_host = "mail.acme-corp.test";
  persona.address = IpAddress::v4({127, 0, 0, 13});
  persona.unknown =
      reply(550, {5, 1, 1}, "Recipient address rejected: User unknown in virtual mailbox table");
  persona.full = reply(452, {4, 2, 2}, "Mailbox size limit exceeded");
  persona.greylisted_for = std::chrono::seconds(3);
  persona.greylisted =
      reply(450, {4, 2, 0}, "Recipient address rejected: Greylisted, see our postmaster page");
  return persona;
}

}  // namespace

std::vector<Persona> personas() { return {gmail(), outlook(), company()}; }

}  // namespace waypost::demo
