#pragma once

#include <memory>

#include "config/config.h"
#include "delivery/settings.h"
#include "dns/unbound_resolver.h"
#include "domains/signers.h"
#include "intake/intake.h"
#include "notices/reporter.h"
#include "queue/queue.h"
#include "records/event_log.h"
#include "records/recorder.h"
#include "submission/settings.h"

// What each folder wants of the configuration, in its own words: no folder but this one and the
// command line knows the file.
namespace waypost::daemon {

// How many shards there are to be, at least 1. Each that carries mail needs one connection at
// least, and where there are several the first carries none.
size_t shards_wanted(const config::Config& config);
// `own_addresses` are this machine's, for listeners on all of them.
delivery::Settings delivery_settings(const config::Config& config,
                                     const std::vector<IpAddress>& own_addresses);
// Whether mail may have to wait until a certificate can be checked.
bool needs_certificates(const config::Config& config);
// The files with the secrets of logins at next hops.
std::vector<std::string> secret_files(const config::Config& config);
// `signers` are those of signer_sources().
intake::Limits intake_limits(const config::Config& config,
                             std::shared_ptr<const domains::Signers> signers);
// `folder` is where the keys are; a reload cannot move it.
domains::SignerSources signer_sources(const config::Config& config, const std::string& folder);
notices::Settings notice_settings(const config::Config& config,
                                  std::shared_ptr<const domains::Signers> signers);
queue::Settings queue_settings(const config::Config& config);
submission::Settings submission_settings(const config::Config& config,
                                         const config::Listener& listener);
submission::TlsMode tls_mode(const config::Listener& listener);
dns::ResolverOptions resolver_options(const config::Config& config);
records::EventLogOptions event_log_options(const config::Config& config);
records::RecorderOptions recorder_options(const config::Config& config);

}  // namespace waypost::daemon
