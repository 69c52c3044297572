#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "demo/come_back.h"
#include "demo/persona.h"
#include "io/loop.h"
#include "io/network.h"
#include "io/task_group.h"
#include "smtp/address.h"
#include "tls/context.h"

namespace waypost::demo {

// A pretend provider: a small SMTP server that does as its persona says and keeps nothing. What it
// leaves to chance follows from the seed and the recipient, so that it does not depend on the order
// of what comes. Thread: the loop's.
class Provider {
 public:
  struct Surroundings {
    io::Loop& loop;
    std::shared_ptr<tls::ServerContext> certificate;  // null: it offers no TLS
    uint64_t seed = 1;
    std::function<void(ComeBack)> send_back;  // what it took, and is not done with
  };
  // The persona outlives it.
  Provider(Surroundings surroundings, const Persona& persona);
  ~Provider();

  void start(std::unique_ptr<io::Listener> listener);
  // Ends every connection.
  io::Task<void> stop();

  const Persona& persona() const { return persona_; }
  unsigned taken_into_spam() const { return taken_into_spam_; }

  // What it says in a session; nothing is consent.
  std::optional<smtp::Reply> refuse_connection(const std::string& ip) const;
  std::optional<smtp::Reply> refuse_mail(bool secured, const std::string& ip);
  struct RecipientAnswer {
    std::optional<smtp::Reply> refusal;
    bool is_silent = false;  // says nothing, and ends the connection
  };
  RecipientAnswer answer_recipient(const smtp::Mailbox& recipient);
  struct Content {
    std::string reverse_path;  // empty: the null one
    std::vector<std::string> recipients;
    std::string header;
    std::string ip;
  };
  smtp::Reply judge(const Content& content);

 private:
  io::Task<void> accept();
  io::Task<void> serve(std::unique_ptr<io::Stream> stream);
  bool is_first(Trigger trigger, const std::string& recipient);
  bool happens(std::string_view what, const std::string& recipient, double share) const;
  uint64_t draw(std::string_view what, const std::string& recipient) const;
  std::optional<smtp::Reply> refuse_content(const Content& content);
  void look_after(const Content& content, const std::string& recipient);

  Surroundings around_;
  const Persona& persona_;
  std::unique_ptr<io::Listener> listener_;
  std::map<std::string, Instant> first_seen_;  // recipients, for greylisting
  std::set<std::pair<Trigger, std::string>>
      put_off_;                               // what was refused once and will not be again
  std::map<std::string, unsigned> deferred_;  // how often, for magic mailboxes
  Instant second_began_;
  unsigned messages_this_second_ = 0;
  unsigned taken_into_spam_ = 0;
  std::set<io::Stream*> open_;
  io::TaskGroup tasks_;
};

}  // namespace waypost::demo
