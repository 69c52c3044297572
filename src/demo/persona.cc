#include "demo/persona.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace waypost::demo {
namespace {

using enum Trigger;

// The texts are those that rules/replies has as what these providers say.
constexpr std::array google{
    Habit{too_fast,
          "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\n"
          "from your IP address [{ip}]. To protect our users from spam, mail sent\n"
          "from your IP address has been temporarily rate limited. For more\n"
          "information, go to https://support.google.com/mail/?p=UnsolicitedRateLimitError\n"
          "pretend - gsmtp",
          "rate-limited"},
    Habit{no_such_mailbox,
          "550 5.1.1 The email account that you tried to reach does not exist. Please try\n"
          "double-checking the recipient's email address for typos or\n"
          "unnecessary spaces. For more information, go to\n"
          " https://support.google.com/mail/?p=NoSuchUser pretend - gsmtp",
          "recipient-unknown"},
    Habit{mailbox_full,
          "452 4.2.2 The email account that you tried to reach is over quota. Please direct\n"
          "the recipient to https://support.google.com/mail/?p=OverQuotaTemp pretend - gsmtp",
          "mailbox-full"},
    Habit{nobody_signed,
          "550 5.7.26 This mail has been blocked because the sender is unauthenticated.\n"
          "Gmail requires all senders to authenticate with either SPF or DKIM.\n"
          " Authentication results:\n"
          " DKIM = did not pass\n"
          " SPF [{from}] with ip: [{ip}] = did not pass\n"
          " https://support.google.com/mail/answer/81126#authentication pretend - gsmtp",
          "sender-unauthenticated"},
};

constexpr std::array microsoft{
    Habit{no_such_mailbox,
          "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).\n"
          "[BN8NAM12FT054.eop-nam12.prod.protection.outlook.com]",
          "recipient-unknown"},
    Habit{mailbox_full,
          "452 4.2.2 The recipient's mailbox is full\n"
          "[BN8NAM12FT054.eop-nam12.prod.protection.outlook.com]",
          "mailbox-full"},
    Habit{nobody_signed,
          "550 5.7.515 Access denied, sending domain {from} doesn't meet the required\n"
          "authentication level. The sender's domain in the 5322.From address doesn't meet\n"
          "the authentication requirements defined for the sender. Spf= Fail , Dkim= Fail ,\n"
          "DMARC= Fail",
          "sender-unauthenticated"},
    Habit{busy,
          "451 4.7.500 Server busy. Please try again later from [{ip}]. (S77719)\n"
          "[DB5EUR01FT017.eop-EUR01.prod.protection.outlook.com]",
          "rate-limited"},
};

constexpr std::array yahoo{
    Habit{too_fast,
          "421 4.7.0 [TSS04] Messages from {ip} temporarily deferred due to unexpected\n"
          "volume or user complaints - 4.16.55.1; see\n"
          "https://postmaster.yahooinc.com/error-codes",
          "rate-limited"},
    Habit{no_such_mailbox,
          "554 delivery error: dd This user doesn't have a yahoo.com account ({to}) [0] -\n"
          "mta1173.mail.yahoo.com",
          "recipient-unknown"},
    Habit{nobody_signed,
          "554 5.7.9 [AUTH005] Message not accepted due to failed authentication, see\n"
          "https://postmaster.yahooinc.com/error-codes",
          "dmarc-fail"},
};

constexpr std::array apple{
    Habit{too_many_connections,
          "421 4.7.1 Messages from {ip} temporarily deferred, see\n"
          "https://support.apple.com/en-us/HT204137",
          "rate-limited"},
    Habit{no_such_mailbox,
          "550 5.1.1 <{to}>: user does not exist, see https://support.apple.com/en-us/HT204137",
          "recipient-unknown"},
    Habit{mailbox_full,
          "452 4.2.2 mailbox full <{to}>, see https://support.apple.com/en-us/HT204137",
          "mailbox-full"},
};

constexpr std::array gmx{
    Habit{too_fast,
          "421 Rate limit reached. Please try again later.\n"
          "For explanation visit https://postmaster.gmx.net/en/error-messages",
          "rate-limited"},
    Habit{no_such_mailbox,
          "550 Requested action not taken: mailbox unavailable\n"
          "For explanation visit https://postmaster.gmx.net/en/error-messages?ip={ip}&c=mu",
          "recipient-unknown"},
};

constexpr std::array orange{
    Habit{too_many_connections,
          "421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration.\n"
          "Too many connections, slow down. OFR_104 [104]",
          "too-many-connections"},
    Habit{no_such_mailbox,
          "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient.\n"
          "OFR_416 [416]",
          "recipient-unknown"},
    Habit{mailbox_full,
          "552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]",
          "mailbox-full"},
};

constexpr std::array company{
    Habit{no_such_mailbox,
          "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table",
          "recipient-unknown"},
    Habit{seen_for_the_first_time,
          "450 4.2.0 <{to}>: Recipient address rejected: Greylisted, see\n"
          "http://postgrey.schweikert.ch/help/",
          "greylisted"},
};

constexpr std::array bank{
    Habit{in_the_clear, "530 5.7.0 Must issue a STARTTLS command first", "tls-required"},
    Habit{no_such_mailbox, "550 5.1.1 <{to}>: User unknown", "recipient-unknown"},
};

constexpr std::array late{
    Habit{found_out_later,
          "550 5.1.1 <{to}>: Recipient address rejected: User unknown in local recipient table",
          "recipient-unknown"},
};

constexpr std::array<Persona, 13> table{{
    {.name = "Gmail",
     .domain = "gmail.test",
     .mail_host = "mx.gmail.test",
     .loopback = 11,
     .weight = 30,
     .about = "421 over its pace, 550 5.7.26 without a signature",
     .habits = google,
     .messages_per_second_max = 8,
     .known_site = "google"},
    {.name = "Outlook",
     .domain = "outlook.test",
     .mail_host = "mx.outlook.test",
     .loopback = 12,
     .weight = 18,
     .about = "451 when busy; the relay keeps to a pace of its own",
     .habits = microsoft,
     .busy_share = 0.2,
     .known_site = "outlook",
     .relay_messages_per_second = 6},
    {.name = "Yahoo",
     .domain = "yahoo.test",
     .mail_host = "mx.yahoo.test",
     .loopback = 13,
     .weight = 12,
     .about = "20 messages a connection, TSS04, complaints",
     .habits = yahoo,
     .messages_per_second_max = 6,
     .messages_per_connection_max = 20,
     .complaint_share = 0.12,
     .known_site = "yahoo"},
    {.name = "iCloud",
     .domain = "icloud.test",
     .mail_host = "mx.icloud.test",
     .loopback = 14,
     .weight = 6,
     .about = "few connections at a time",
     .habits = apple,
     .connections_max = 3,
     .known_site = "apple"},
    {.name = "GMX",
     .domain = "gmx.test",
     .mail_host = "mx.gmx.test",
     .loopback = 15,
     .weight = 6,
     .about = "a slow pace",
     .habits = gmx,
     .messages_per_second_max = 3,
     .known_site = "gmx"},
    {.name = "Orange",
     .domain = "orange.test",
     .mail_host = "mx.orange.test",
     .loopback = 16,
     .weight = 6,
     .about = "two connections, as its page says; the relay knows",
     .habits = orange,
     .connections_max = 2,
     .messages_per_connection_max = 100,
     .known_site = "orange"},
    {.name = "Acme Corp",
     .domain = "acme-corp.test",
     .mail_host = "mx.acme-corp.test",
     .loopback = 17,
     .weight = 7,
     .about = "greylists",
     .habits = company,
     .greylisted_for = std::chrono::seconds(3)},
    {.name = "Bank",
     .domain = "bank.test",
     .mail_host = "mx.bank.test",
     .loopback = 18,
     .weight = 4,
     .about = "takes nothing without TLS",
     .habits = bank},
    {.name = "Late",
     .domain = "late.test",
     .mail_host = "mx.late.test",
     .loopback = 19,
     .weight = 3,
     .about = "says 250, and sends a bounce later",
     .habits = late,
     .bounced_later_share = 1},
    {.name = "Black hole",
     .domain = "blackhole.test",
     .mail_host = "mx.blackhole.test",
     .loopback = 20,
     .weight = 3,
     .about = "says 250, and puts it into spam",
     .habits = {},
     .into_spam = true},
    {.name = "Dead",
     .domain = "dead.test",
     .mail_host = "mx.dead.test",
     .loopback = 21,
     .weight = 2,
     .about = "nothing answers",
     .habits = {},
     .presence = Presence::nobody_listens},
    {.name = "No MX",
     .domain = "nomx.test",
     .about = "no such domain",
     .habits = {},
     .presence = Presence::no_such_domain},
    {.name = "Null MX",
     .domain = "nullmx.test",
     .about = "says in DNS that it takes no mail",
     .habits = {},
     .presence = Presence::takes_no_mail},
}};

std::string filled_in(std::string_view text, const Occasion& occasion) {
  std::string filled(text);
  for (auto [mark, value] : {std::pair(std::string_view("{to}"), occasion.to),
                             std::pair(std::string_view("{from}"), occasion.from),
                             std::pair(std::string_view("{ip}"), occasion.ip)})
    for (size_t at = filled.find(mark); at != std::string::npos;
         at = filled.find(mark, at + value.size()))
      filled.replace(at, mark.size(), value);
  return filled;
}

}  // namespace

const Habit* Persona::habit(Trigger trigger) const {
  auto found = std::find_if(habits.begin(), habits.end(),
                            [&](const Habit& habit) { return habit.trigger == trigger; });
  return found == habits.end() ? nullptr : &*found;
}

std::span<const Persona> personas() { return table; }

smtp::Reply reply_of(const Habit& habit, const Occasion& occasion) {
  constexpr size_t code_digits = 3;
  int code = 0;
  std::from_chars(habit.says.data(), habit.says.data() + code_digits, code);
  std::string_view rest = habit.says.substr(code_digits + 1);
  const std::string_view word = rest.substr(0, rest.find(' '));
  const auto enhanced = smtp::EnhancedCode::parse(word);
  if (!enhanced) return smtp::reply(code, filled_in(rest, occasion));
  return smtp::reply(code, *enhanced, filled_in(rest.substr(word.size() + 1), occasion));
}

}  // namespace waypost::demo
