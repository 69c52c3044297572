#pragma once

#include <deque>

#include "base/http_url.h"
#include "base/ip_address.h"
#include "dns/resolver.h"
#include "io/loop.h"
#include "io/network.h"
#include "tls/context.h"
#include "web/answer_reader.h"
#include "web/message.h"

namespace waypost::web {

// Asks others over HTTP/1.1 (RFC 9112), with a connection of its own for each question. Over https
// the certificate must hold and carry the host's name. No redirect is followed: an answer is an
// answer. Thread: the loop's.
class Client {
 public:
  struct Surroundings {
    io::Loop& loop;
    io::Network& network;
    dns::Resolver& resolver;
    // Null where the system has no authorities to check a certificate by: then https fails.
    tls::ClientContext* verifying_tls;
  };

  explicit Client(Surroundings surroundings, AnswerLimits limits = {})
      : surroundings_(surroundings), limits_(limits) {}

  // Sends `request` to where `url` leads: its path and query are the URL's, its fields and body as
  // they are; Host, Content-Length and Connection are added. Failures name the host and what went
  // wrong: dns, timed_out, refused, unreachable, peer_gone, tls; protocol for an answer that is no
  // HTTP, resource_exhausted for one beyond the limits. Waits until `deadline` at most.
  io::Task<Result<Response>> exchange(base::HttpUrl url, Request request, Instant deadline);

 private:
  io::Task<Result<std::unique_ptr<io::Stream>>> open(const base::HttpUrl& url, Instant deadline);
  io::Task<Result<std::deque<IpAddress>>> find(std::string host, Instant deadline);
  io::Task<Result<Response>> read_answer(io::Stream& stream, Instant deadline);

  Surroundings surroundings_;
  AnswerLimits limits_;
};

}  // namespace waypost::web
