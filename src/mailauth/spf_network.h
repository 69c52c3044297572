#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"

namespace waypost::mailauth {

// An address as a number: of 32 bits for IPv4, of 128 for IPv6.
__extension__ using AddressNumber = unsigned __int128;

// A network: its first addresses have `bits` leading bits in common. The rest of `first` is zero.
struct Network {
  bool v4 = true;
  AddressNumber first = 0;
  unsigned bits = 32;

  unsigned width() const { return v4 ? 32 : 128; }
  AddressNumber last() const;
  bool contains(const IpAddress& address) const;
  // "192.0.2.0/24"; a single address without its "/32" or "/128".
  std::string text() const;

  bool operator==(const Network&) const = default;
};

AddressNumber to_number(const IpAddress& address);
IpAddress to_address(AddressNumber number, bool v4);

// The network of that many bits that `address` is in.
Network network_around(const IpAddress& address, unsigned bits);
Network network_around(AddressNumber number, bool v4, unsigned bits);

// An exact set of addresses of both families: the sum, the difference and what two have in common
// are computed on ranges, so that two records are compared for every address there is.
class AddressSet {
 public:
  AddressSet() = default;
  static AddressSet everything();

  void add(const Network& network);
  void add(const AddressSet& other);
  void remove(const AddressSet& other);
  AddressSet common_with(const AddressSet& other) const;

  bool empty() const { return v4_.empty() && v6_.empty(); }
  bool contains(const IpAddress& address) const;
  // The fewest networks that make up the set, IPv4 first, in their order.
  std::vector<Network> networks() const;

  bool operator==(const AddressSet&) const = default;

 private:
  struct Range {
    AddressNumber first;
    AddressNumber last;
    bool operator==(const Range&) const = default;
  };
  // In order, with gaps between them.
  using Ranges = std::vector<Range>;

  static Ranges joined(const Ranges& a, const Ranges& b);
  static Ranges without(const Ranges& a, const Ranges& b);
  static Ranges common(const Ranges& a, const Ranges& b);

  Ranges v4_;
  Ranges v6_;
};

}  // namespace waypost::mailauth
