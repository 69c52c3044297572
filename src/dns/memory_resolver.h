#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/resolver.h"
#include "io/loop.h"

namespace waypost::dns {

// Answers from a table, in the time of its loop: for the simulator and for tests. A name that is
// not in the table does not exist; one that is there without the asked type has no such record.
// Names are compared without case and final dot. Thread: the loop's.
class MemoryResolver final : public Resolver {
 public:
  explicit MemoryResolver(io::Loop& loop) : loop_(loop) {}

  // "" as `host` is the null MX (RFC 7505 §3).
  void add_mx(std::string_view domain, uint16_t preference, std::string_view host);
  void add_address(std::string_view host, const IpAddress& address);
  // One record, of one string or of several.
  void add_txt(std::string_view name, std::vector<std::string> strings);
  // A CNAME: questions about `name` are answered with what `target` has.
  void add_alias(std::string_view name, std::string_view target);
  // `name` as reverse_name() gives it.
  void add_ptr(std::string_view name, std::string_view host);
  // SrvRecord::host "" says that the service is not offered (RFC 2782).
  void add_srv(std::string_view service, SrvRecord record);
  // Every question about `name` fails with `error` until clear_failure().
  void set_failure(std::string_view name, Error error);
  void clear_failure(std::string_view name);
  // How long each answer takes. When the deadline comes first, the question ends as timed_out.
  void set_latency(Duration latency) { latency_ = latency; }
  // The same for questions about AAAA alone, beside the others.
  void set_v6_latency(Duration latency) { v6_latency_ = latency; }

  io::Task<Result<MxAnswer>> mx(std::string domain, Instant deadline) override;
  io::Task<Result<AddressAnswer>> addresses(std::string host, AddressFamily family,
                                            Instant deadline) override;
  io::Task<Result<TxtAnswer>> txt(std::string name, Instant deadline) override;
  io::Task<Result<PtrAnswer>> ptr(IpAddress address, Instant deadline) override;
  io::Task<Result<SrvAnswer>> srv(std::string service, Instant deadline) override;

 private:
  struct Entry {
    std::vector<MxRecord> mx;
    std::vector<IpAddress> addresses;
    std::vector<TxtRecord> txt;
    std::vector<std::string> hosts;
    std::vector<SrvRecord> services;
    std::optional<Error> failure;
  };
  // Where an alias leads.
  std::string followed(std::string name) const;
  // Waits for the latency; then nullptr is a name that does not exist.
  io::Task<Result<const Entry*>> look_up(std::string name, Instant deadline,
                                         Duration more_latency = Duration(0));

  io::Loop& loop_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, std::string> aliases_;
  Duration latency_{0};
  Duration v6_latency_{0};
};

}  // namespace waypost::dns
