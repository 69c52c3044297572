#pragma once

#include <memory>
#include <optional>
#include <string>

#include "doctor/walk.h"
#include "tls/certificate_report.h"
#include "tls/tls_stream.h"

namespace waypost::doctor {

// How an SMTP session is to be opened.
struct DoorKey {
  std::string host;  // for SNI and the certificate
  Endpoint at;
  Encryption encryption = Encryption::starttls;
  std::string hello;                  // our name in EHLO; "" for our address
  tls::ClientContext* tls = nullptr;  // null: the context's own
  // With starttls: goes on in the clear where it is not offered, instead of stopping.
  bool tls_optional = false;
  Duration connect_patience = std::chrono::seconds(10);
  Duration greeting_patience = std::chrono::seconds(30);
  Duration reply_patience = std::chrono::seconds(30);
  Duration handshake_patience = std::chrono::seconds(15);
  // After so long a silence in the place of a greeting: does the port want TLS at once? Zero: never
  // asked.
  Duration silence_before_probe{0};
};

// What came of it. Every step that was reached has its time; whatever went wrong is told by the
// step and by either `error` (no reply came) or `reply` (one came that is no yes).
struct Opening {
  enum class Step { connect, greeting, hello, starttls, handshake, hello_again, open };

  Step step = Step::connect;  // the one that failed; open: none did
  Endpoint at;
  std::optional<Error> error = {};
  std::optional<smtp::Reply> reply = {};  // the last
  smtp::Reply greeting = {};              // behind the step of that name
  unsigned evidence = 0;                  // of the last reply or note
  std::string seen = {};           // the first octets that came, or the first after STARTTLS' 220
  bool wants_tls_at_once = false;  // silent, and a handshake works: asked by the probe
  // A reply had begun when the patience with it ended: its octets were still coming, or had
  // stopped.
  enum class Drip { none, goes_on, stopped };
  Drip drip = Drip::none;
  bool starttls_missing = false;   // EHLO did not list it
  std::string starttls_mask = {};  // the row of X that EHLO has in its place
  bool starttls_anyway = false;    // not listed, and yet answered with 220
  // The first line that came in the clear behind STARTTLS' 220, where only a handshake may begin.
  std::string behind_yes = {};
  Duration connect_took{0};
  Duration greeting_took{0};
  Duration hello_took{0};  // the last EHLO
  Duration tls_took{0};
  std::optional<tls::TlsFacts> tls = {};
  tls::CertificateReport certificate = {};
  tls::PeerSigns signs = {};              // why TLS ended, where it did
  std::unique_ptr<Session> session = {};  // null where the connection is gone

  bool is_open() const { return step == Step::open; }
};

// Connects, or goes on over `connected` where that is not null.
io::Task<Opening> open_door(Context& context, DoorKey key, std::unique_ptr<io::Stream> connected);

// Says QUIT and closes; waits for the answer a short time.
io::Task<void> close_door(Opening& opening);

}  // namespace waypost::doctor
