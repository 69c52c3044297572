#pragma once

#include <list>
#include <map>
#include <string>
#include <variant>

#include "dns/resolver.h"
#include "io/loop.h"

namespace waypost::dns {

// Keeps the answers of another resolver on the shard for their time to live, at most an hour: what
// is asked again and again (SPF's records of a few large providers) needs no other thread. That a
// name or record does not exist is kept for a minute at most, failures are not kept.
// The least recently used answer goes first. Thread: the loop's.
class CachingResolver final : public Resolver {
 public:
  // `inner` and `loop` outlive it.
  CachingResolver(Resolver& inner, io::Loop& loop, size_t answers_max)
      : inner_(inner), loop_(loop), answers_max_(answers_max) {}

  io::Task<Result<MxAnswer>> mx(std::string domain, Instant deadline) override;
  io::Task<Result<AddressAnswer>> addresses(std::string host, AddressFamily family,
                                            Instant deadline) override;
  io::Task<Result<TxtAnswer>> txt(std::string name, Instant deadline) override;
  io::Task<Result<PtrAnswer>> ptr(IpAddress address, Instant deadline) override;
  io::Task<Result<SrvAnswer>> srv(std::string service, Instant deadline) override;

  size_t size() const { return entries_.size(); }

 private:
  using AnyAnswer = std::variant<MxAnswer, AddressAnswer, TxtAnswer, PtrAnswer, SrvAnswer>;
  struct Entry {
    AnyAnswer answer;
    Instant until;
    std::list<const std::string*>::iterator use;
  };

  // The kept answer, or nullptr.
  template <class A>
  const A* find(const std::string& key);
  template <class A>
  void keep(std::string key, const Result<A>& answer);

  Resolver& inner_;
  io::Loop& loop_;
  const size_t answers_max_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::list<const std::string*> uses_;  // the latest first
};

}  // namespace waypost::dns
