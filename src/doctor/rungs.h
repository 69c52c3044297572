#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "doctor/door.h"
#include "doctor/trial.h"
#include "doctor/walk.h"

// The first three rungs, one function each; ladder.cc joins them.
namespace waypost::doctor {

// A mail host of a domain with its addresses.
struct MailHost {
  std::string name;
  std::vector<IpAddress> v4 = {};
  std::vector<IpAddress> v6 = {};
};

// What the rungs below leave to those above.
struct Ground {
  std::string host;  // lower case, without a final dot; what the certificate is to carry
  bool is_address = false;
  std::vector<IpAddress> v4 = {};
  std::vector<IpAddress> v6 = {};
  bool mail_exchanger = false;  // the host is an MX; `domain` is whose
  std::string domain = {};
  std::vector<std::string> mail_hosts = {};    // of the domain, as its MX records name them
  std::vector<MailHost> next_mail_hosts = {};  // those behind `host`, in the order of preference

  uint16_t port = 0;
  Encryption encryption = Encryption::starttls;
  bool port_given = false;
  bool encryption_given = false;
  // Whether other ports and modes of the host are tried, to recommend or to compare them.
  bool tries_other_ways = true;
  Endpoint at = {};                            // whom the connection leads to
  std::unique_ptr<io::Stream> connected = {};  // by walk_connect(), for walk_tls()
  std::vector<IpAddress> also_connected = {};  // other addresses that take connections, too
  std::string over = {};                       // " (over IPv4)" where the other family is dead
  std::unique_ptr<Session> session = {};       // by walk_tls()
  tls::CertificateReport certificate = {};  // by walk_tls(); not shown where nothing is encrypted

  Parameters parameters() const;  // host, port, address, where they are known
};

io::Task<RungResult> walk_name(Context& context, const Request& request, Ground& ground);
io::Task<RungResult> walk_connect(Context& context, const Request& request, Ground& ground);
// `connect` is the rung below: the greeting counts for it, wherever it comes.
io::Task<RungResult> walk_tls(Context& context, const Request& request, Ground& ground,
                              RungResult& connect);

}  // namespace waypost::doctor
