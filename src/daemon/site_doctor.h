#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/failing_sites.h"
#include "daemon/site_question.h"
#include "dns/unbound_resolver.h"
#include "io/disk.h"
#include "io/loop_thread.h"
#include "io/remote.h"
#include "tls/context.h"

namespace waypost::daemon {

// Walks the way of mail that does not arrive, on a thread of its own: rules are compiled there and
// files read, and no mail waits for that. Short: names, a connection to each address, EHLO and TLS;
// other ports are not tried, nobody logs in, and no mail is spoken of.
class SiteDoctor {
 public:
  struct Services {
    dns::UnboundContext& names;
    tls::ClientContext& tls;  // accepts any certificate, and tells what is wrong with it
    io::Disk& disk;
    std::string ca_file;               // PEM; empty: the system's authorities
    std::optional<Endpoint> resolver;  // empty: the system's
  };
  explicit SiteDoctor(Services services);
  ~SiteDoctor() { end(); }

  // What is broken, by the most that can be told from here; none where nothing is. Suspends for
  // as long as the patience of the doctor is, a minute or two. `here` is the caller's loop. One at
  // a time.
  io::Task<std::optional<Diagnosis>> examine(io::Loop& here, SiteQuestion question);

  // What is being walked is dropped, and who waits for it never resumes. Idempotent.
  void end();

 private:
  io::Task<std::optional<Diagnosis>> walk(SiteQuestion& question);

  const Services services_;
  io::LoopThread thread_{"waypost-doctor"};
  std::unique_ptr<dns::Resolver> resolver_;
  std::unique_ptr<tls::ClientContext> obsolete_tls_;  // made when it is first needed
  io::Remote remote_{thread_.loop()};                 // last: what runs there uses all of the above
};

// Whom the resolver asks: the configured one, else the system's.
std::vector<Endpoint> name_servers(io::Disk& disk, const std::optional<Endpoint>& resolver);
// What a report comes to. `failed_at_tls`: warnings about TLS count, too.
std::optional<Diagnosis> diagnosis_of(const doctor::Report& report, bool failed_at_tls);
// What a refused login means, by the words of the server, "535 5.7.8 ...".
std::optional<Diagnosis> diagnosis_of_login(const std::string& reply, const std::string& host,
                                            uint16_t port);

}  // namespace waypost::daemon
