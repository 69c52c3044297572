#pragma once

#include <span>
#include <string>
#include <string_view>

#include "settings/providers.h"

namespace waypost::settings {

// The three questions that stand in for a settings file: the server, its port, the user name. It
// reads and writes nothing: whoever has the terminal shows prompt() and hands in each line.
//   while (!questions.is_done()) { show(questions.prompt()); questions.answer(line); }
class Questions {
 public:
  // `providers` must outlive it.
  explicit Questions(std::span<const Provider> providers) : providers_(providers) {}

  enum class Step { server, port, user, done };
  Step step() const { return step_; }
  bool is_done() const { return step_ == Step::done; }
  // One line, with the answer that an empty line takes in brackets. Empty when done.
  std::string prompt() const;
  // One line without its end, 1,000 octets at most. What cannot be understood fails with
  // invalid_input, whose message says what belongs there, and the question stays. Spaces around an
  // answer are dropped: they were typed here, and are in no file.
  Result<void> answer(std::string_view line);

  // A host or, where an address of no known provider was given, its domain.
  const std::string& server() const { return server_; }
  bool is_domain() const { return is_domain_; }
  unsigned port() const { return port_; }
  Encryption encryption() const { return encryption_; }
  const std::string& user() const { return user_; }  // empty: no login

 private:
  Result<void> take_server(std::string_view text);
  Result<void> take_port(std::string_view text);
  void take_user(std::string_view text);

  std::span<const Provider> providers_;
  Step step_ = Step::server;
  std::string server_;
  std::string address_;  // given as the server; the user name that is proposed
  bool is_domain_ = false;
  unsigned port_ = 587;
  Encryption encryption_ = Encryption::starttls;
  std::string user_;
};

}  // namespace waypost::settings
