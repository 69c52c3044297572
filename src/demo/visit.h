#pragma once

#include <memory>
#include <string>
#include <vector>

#include "demo/provider.h"
#include "io/loop.h"
#include "io/network.h"
#include "smtp/command.h"
#include "tls/context.h"

namespace waypost::demo {

// One connection to a provider. It answers each command by itself, so pipelining needs no more.
class Visit {
 public:
  Visit(io::Loop& loop, Provider& provider, tls::ServerContext* certificate,
        std::unique_ptr<io::Stream> stream);

  // Until the provider or the visitor ends it.
  io::Task<Result<void>> run();

 private:
  io::Task<Result<void>> say(smtp::Reply reply);
  io::Task<Result<std::string>> next_line();
  io::Task<Result<void>> receive();
  io::Task<Result<void>> answer(const std::string& line);
  smtp::Reply reply_to(const smtp::Command& command);
  smtp::Reply on_mail(std::string_view arguments);
  io::Task<Result<void>> on_rcpt(std::string_view arguments);
  io::Task<Result<void>> on_data();
  io::Task<Result<void>> on_starttls();

  io::Loop& loop_;
  Provider& provider_;
  tls::ServerContext* certificate_;
  std::unique_ptr<io::Stream> stream_;
  const std::string ip_;
  std::string input_;
  Provider::Content content_;
  unsigned messages_ = 0;
  bool secured_ = false;
  bool ended_ = false;
};

}  // namespace waypost::demo
