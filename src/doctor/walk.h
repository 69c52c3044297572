#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/channel_binding.h"
#include "base/ip_address.h"
#include "base/secret.h"
#include "dns/resolver.h"
#include "doctor/conversation.h"
#include "doctor/evidence.h"
#include "doctor/finding.h"
#include "doctor/rung_result.h"
#include "io/disk.h"
#include "io/loop.h"
#include "io/network.h"
#include "io/worker.h"
#include "seeds/mailbox.h"
#include "smtp/capabilities.h"
#include "tls/context.h"

// The ladder: name, connect, TLS, login, accept, inbox; it stops at the first rung that is broken.
namespace waypost::doctor {

enum class Encryption { starttls, implicit, none };
std::string_view name(Encryption encryption);
enum class Family { both, v4_only, v6_only };

// What is to be walked, and how far.
struct Request {
  std::string host;  // a name or an address, as the user wrote it
  std::optional<uint16_t> port;
  std::optional<Encryption> encryption;  // none: what fits the port
  // The program goes on in the clear where STARTTLS is not offered: no fault without a login.
  bool clear_if_not_offered = false;
  // The host is where the mail of a domain goes (its MX): port 25, no login, TLS where it is
  // offered.
  bool mail_exchanger = false;
  // Where such hosts, and those of a domain, are asked for; another than 25 where they are pretend.
  uint16_t mx_port = 25;
  std::string user;       // "" for no login
  Secret password;        // never trimmed
  std::string mechanism;  // as sasl::ClientLogin has it; "" for the best
  bool by_token = false;  // the password is an access token; its mechanism is the one on offer
  std::string from;       // "" for the user, where that is an address
  std::string to;         // "" for none: rung 5 asks about our own address
  bool send = false;      // really send a message
  bool patient = false;   // waits for each answer as long as RFC 5321 §4.5.3.2 has servers take
  // How large the messages are that are to go this way; none: only the test message.
  std::optional<uint64_t> message_octets = {};
  Family family = Family::both;
  std::string hello;     // our name in EHLO; "" for one that is found
  std::string provider;  // once it was recognised: "gmail", "microsoft"; "" otherwise
  // With `send`: our own mailboxes, that get a message each and are then looked into.
  seeds::Seeds seeds = {};
  // Where no mail host of a domain is visited: one that is nowhere else is passed over.
  std::vector<IpPrefix> forbidden_addresses = {};
};

// What was done outside, told at the end of each report.
struct SideEffects {
  unsigned connections = 0;
  unsigned login_attempts = 0;
  unsigned messages_sent = 0;
  unsigned messages_unknown = 0;  // whose reply was lost
  unsigned mailboxes = 0;         // seeds that were logged in to, or tried
};

struct Report {
  std::string target_host;
  std::string domain;  // whose mail host it is; empty for a server that was named itself
  uint16_t target_port = 0;
  Encryption encryption = Encryption::starttls;
  bool with_login = false;
  WallTime started;
  std::vector<RungResult> rungs;  // six
  std::vector<Evidence> evidence;
  SideEffects effects;

  // The first broken rung; none when all that was asked for passed.
  std::optional<Rung> stopped_at() const;
  // 0, 11 to 16, 2 when something could not be tested, 75 for what may pass by
  // itself.
  int exit_code() const;
};

// What probes and checks work with. All of it outlives the walk. Thread: the loop's.
struct Context {
  io::Loop& loop;
  io::Network& network;
  io::Disk& disk;
  dns::Resolver& resolver;
  // Accepts any certificate, and tells what is wrong with it: what is judged is the report of
  // tls/certificate_report.h. Never a password over one that does not hold.
  tls::ClientContext& tls;
  // The same with TLS 1.0 and 1.1, to tell a server that knows nothing newer; null for none.
  tls::ClientContext* obsolete_tls;
  EvidenceLog& evidence;
  // Whom the resolver asks, to tell a dead one from a broken domain; may be empty.
  std::vector<Endpoint> name_servers;
  SideEffects effects = {};
  // Does what needs the processor while the network is waited for; null: it is done when needed.
  io::Worker* worker = nullptr;
  // How our own mailboxes are opened; needed with seeds alone.
  seeds::MailboxMaker make_mailbox = {};
  // Which ports may be looked at that the target itself names, in its SRV records; empty: all.
  std::function<bool(uint16_t)> may_visit = {};
  // Lets nobody in whose certificate does not hold, for what is fetched over HTTPS; null: nothing
  // is.
  tls::ClientContext* verifying_tls = nullptr;
};

// A message that the server took.
struct SentMessage {
  std::string recipient;
  std::string token;  // what it is found by
  Instant taken;      // when the 250 came
  WallTime taken_at;  // the same, by our clock
};

// An SMTP session that is open, greeted, past EHLO and secured as the settings say: what rungs 4
// and 5 work on.
struct Session {
  Conversation conversation;
  std::string host;
  Endpoint peer;
  Encryption encryption = Encryption::starttls;
  bool encrypted = false;
  bool certificate_holds = false;  // known authority, right name and time
  std::optional<ChannelBinding> binding = {};
  smtp::Capabilities capabilities = {};  // of the last EHLO
  std::vector<std::string> hello_lines = {};
  std::string greeting = {};           // the text of the 220
  std::string hello = {};              // our name in EHLO
  bool logged_in = false;              // set by walk_login()
  std::vector<SentMessage> sent = {};  // by walk_accept()
};

// Rung 4 (RFC 4954): one login attempt, with the patience of RFC 5321. Without a user it is
// skipped, but for what the server offers. `request` is not const: the password is taken out of it.
io::Task<RungResult> walk_login(Context& context, Request& request, Session& session);
// Rung 5: MAIL, RCPT and RSET; the message only with `request.send`.
io::Task<RungResult> walk_accept(Context& context, const Request& request, Session& session);

// All of them. `on_rung` hears each as it is known; it may be empty. What a domain says of its
// submission services is looked at on the first.
io::Task<Report> walk(Context& context, Request request,
                      std::function<void(const RungResult&)> on_rung);

}  // namespace waypost::doctor
