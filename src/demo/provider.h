#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "demo/persona.h"
#include "io/loop.h"
#include "io/network.h"
#include "io/task_group.h"
#include "tls/context.h"

namespace waypost::demo {

// A pretend provider: a small SMTP server that behaves as its persona says and keeps nothing.
// Thread: the loop's.
class Provider {
 public:
  Provider(io::Loop& loop, Persona persona, std::shared_ptr<tls::ServerContext> certificate);
  ~Provider();

  void start(std::unique_ptr<io::Listener> listener);
  // Ends every connection.
  io::Task<void> stop();

  const Persona& persona() const { return persona_; }

  // What the persona says to a recipient, and to a message as a whole; nothing is consent.
  std::optional<smtp::Reply> refuse_recipient(const std::string& local_part);
  std::optional<smtp::Reply> refuse_pace();
  std::optional<smtp::Reply> refuse_message(const std::string& mail_and_rcpt);

 private:
  io::Task<void> accept();
  io::Task<void> serve(std::unique_ptr<io::Stream> stream);

  io::Loop& loop_;
  Persona persona_;
  std::shared_ptr<tls::ServerContext> certificate_;
  std::unique_ptr<io::Listener> listener_;
  std::map<std::string, Instant> first_seen_;  // recipients, for greylisting
  std::set<std::string> put_off_;              // what was refused once and will not be again
  Instant second_began_;
  unsigned messages_this_second_ = 0;
  std::set<io::Stream*> open_;
  io::TaskGroup tasks_;
};

}  // namespace waypost::demo
