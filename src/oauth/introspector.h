#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/http_url.h"
#include "base/secret.h"
#include "io/completion.h"
#include "io/loop.h"
#include "io/task.h"
#include "oauth/claims.h"
#include "web/message.h"

namespace waypost::oauth {

// Judges tokens by asking who issued them (RFC 7662), so that one that was withdrawn is none. What
// the issuer said of a good token is kept for a short time; of a bad one nothing is kept, since
// anybody can make up any number of those. Thread: the loop's.
class Introspector {
 public:
  struct Settings {
    base::HttpUrl url;
    std::string client_id;  // who asks
    Secret client_secret;
    Rules rules;
    // How long a withdrawn token may go on; 0: every login is a question.
    Duration cache_for = std::chrono::minutes(1);
    size_t cached_max = 4096;  // at least 1
    Duration answer_timeout = std::chrono::seconds(5);
    size_t questions_max = 32;  // on their way at once; one more fails with resource_exhausted
  };
  // As web::Client::exchange(); outlives this.
  using Ask = std::function<io::Task<Result<web::Response>>(base::HttpUrl, web::Request, Instant)>;
  // Hears after each question what kept us from an answer, if something did.
  using Told = std::function<void(std::optional<std::string> trouble)>;

  Introspector(io::Loop& loop, Settings settings, Ask ask, Told told);
  Introspector(const Introspector&) = delete;
  Introspector& operator=(const Introspector&) = delete;

  // Whose token it is; `name` as check_name() has it. Failures are verdicts with permission_denied;
  // all others mean that nobody could tell, and say why to the operator. Those who show the same
  // token at the same time share one question. Not cancellable, and over in `answer_timeout`: the
  // caller waits for it, and keeps this alive meanwhile.
  io::Task<Result<Bearer>> check(std::string name, Secret token);

  const Rules& rules() const { return settings_.rules; }

 private:
  using Answer = Result<Introspected>;
  using Waiter = io::Completion<Answer>;
  struct Known {
    Bearer bearer;
    Instant good_until;
  };

  io::Task<Answer> find_out(const std::string& digest, const Secret& token);
  io::Task<Answer> ask_issuer(const Secret& token);
  web::Request question_about(const Secret& token) const;
  Answer judge(const web::Response& response) const;
  const Bearer* recall(const std::string& digest) const;
  void remember(const std::string& digest, const Introspected& introspected);

  io::Loop& loop_;
  Settings settings_;
  Ask ask_;
  Told told_;
  // By the SHA-256 of the token, which is itself not kept.
  std::unordered_map<std::string, Known> known_;
  std::deque<std::string> oldest_first_;  // of known_, each once
  std::unordered_map<std::string, std::vector<Waiter*>> asking_;
};

}  // namespace waypost::oauth
