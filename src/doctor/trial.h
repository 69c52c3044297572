#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "doctor/walk.h"
#include "tls/certificate_report.h"

namespace waypost::doctor {

// How far a short visit came: connect, greeting, EHLO, TLS with a certificate that holds, EHLO,
// QUIT. Nothing is sent that a stranger may not say.
struct Trial {
  enum class Reached { nothing, connected, greeted, secured };

  Endpoint at;
  Encryption encryption = Encryption::starttls;
  Reached reached = Reached::nothing;
  bool works = false;  // all of it, so that a login may follow
  bool certificate_holds = false;
  std::string words;  // what the host said last, or what happened instead
  std::string greeting = {};
  std::vector<std::string> mechanisms = {};
  tls::CertificateReport certificate = {};
};

// Tries another way before it is recommended. `patience` is for each step. Several may run side by
// side.
io::Task<Trial> try_way(Context& context, std::string host, Endpoint at, Encryption encryption,
                        Duration patience);

}  // namespace waypost::doctor
