#pragma once

#include <memory>
#include <string>

#include "base/secret.h"
#include "config/config.h"
#include "io/disk.h"
#include "io/worker.h"
#include "oauth/introspector.h"
#include "submission/authenticator.h"
#include "web/client.h"

namespace waypost::daemon {

// Says whose a token is, without keeping the loop from other work.
class TokenJudge {
 public:
  virtual ~TokenJudge() = default;
  // As oauth::Introspector::check().
  virtual io::Task<Result<oauth::Bearer>> judge(std::string name, Secret token) = 0;
  virtual const oauth::Rules& rules() const = 0;
  // Another has taken its place. Whoever waits still gets a verdict, but of trouble with it nobody
  // hears any more: nobody would hear of its end.
  virtual void retire() {}
};

// What `judge`, which may be replaced meanwhile, says of a login; null: tokens are not taken (any
// more).
io::Task<Result<submission::TokenVerdict>> verdict_of(std::shared_ptr<TokenJudge> judge,
                                                      std::string name, Secret token);

// What judges work with; all of it outlives them.
struct TokenServices {
  io::Loop& loop;
  io::Worker& worker;  // for signatures
  io::Disk& disk;
  web::Client& client;
  oauth::Introspector::Told told;  // on the loop's thread
};

// As [oauth] has it, with the keys or the secret that it names, which are read here; null where
// tokens are not taken. Failures name the file.
Result<std::shared_ptr<TokenJudge>> load_token_judge(const config::Config& config,
                                                     TokenServices services);

}  // namespace waypost::daemon
