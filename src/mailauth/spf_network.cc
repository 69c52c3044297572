#include "mailauth/spf_network.h"

#include <algorithm>

#include <fmt/format.h>

namespace waypost::mailauth {
namespace {

// The bits of an address that may differ inside a network.
AddressNumber host_mask(unsigned width, unsigned bits) {
  const AddressNumber all = width == 32 ? AddressNumber(0xffffffff) : ~AddressNumber(0);
  return bits == width ? 0 : all >> bits;
}

// How many networks of twice the size each can start at `first` without leaving the range.
unsigned fitting_bits(AddressNumber first, AddressNumber last, unsigned width) {
  unsigned bits = width;
  while (bits > 0) {
    const AddressNumber mask = host_mask(width, bits - 1);
    if ((first & mask) != 0 || mask > last - first) break;
    --bits;
  }
  return bits;
}

}  // namespace

AddressNumber to_number(const IpAddress& address) {
  AddressNumber number = 0;
  for (char octet : address.octets()) number = number << 8 | static_cast<unsigned char>(octet);
  return number;
}

IpAddress to_address(AddressNumber number, bool v4) {
  std::array<uint8_t, 16> octets{};
  for (size_t i = octets.size(); i-- > 0; number >>= 8) octets[i] = static_cast<uint8_t>(number);
  if (v4) return IpAddress::v4({octets[12], octets[13], octets[14], octets[15]});
  return IpAddress::v6(octets);
}

Network network_around(AddressNumber number, bool v4, unsigned bits) {
  Network network{v4, number, bits};
  network.first &= ~host_mask(network.width(), bits);
  return network;
}

Network network_around(const IpAddress& address, unsigned bits) {
  return network_around(to_number(address), address.is_v4(), bits);
}

AddressNumber Network::last() const { return first | host_mask(width(), bits); }

bool Network::contains(const IpAddress& address) const {
  if (address.is_v4() != v4) return false;
  const AddressNumber number = to_number(address);
  return first <= number && number <= last();
}

std::string Network::text() const {
  const std::string address = to_address(first, v4).text();
  return bits == width() ? address : fmt::format("{}/{}", address, bits);
}

AddressSet AddressSet::everything() {
  AddressSet set;
  set.add({true, 0, 0});
  set.add({false, 0, 0});
  return set;
}

void AddressSet::add(const Network& network) {
  Ranges& ranges = network.v4 ? v4_ : v6_;
  ranges = joined(ranges, {{network.first, network.last()}});
}

void AddressSet::add(const AddressSet& other) {
  v4_ = joined(v4_, other.v4_);
  v6_ = joined(v6_, other.v6_);
}

void AddressSet::remove(const AddressSet& other) {
  v4_ = without(v4_, other.v4_);
  v6_ = without(v6_, other.v6_);
}

AddressSet AddressSet::common_with(const AddressSet& other) const {
  AddressSet set;
  set.v4_ = common(v4_, other.v4_);
  set.v6_ = common(v6_, other.v6_);
  return set;
}

bool AddressSet::contains(const IpAddress& address) const {
  const AddressNumber number = to_number(address);
  const Ranges& ranges = address.is_v4() ? v4_ : v6_;
  return std::any_of(ranges.begin(), ranges.end(), [number](const Range& range) {
    return range.first <= number && number <= range.last;
  });
}

std::vector<Network> AddressSet::networks() const {
  std::vector<Network> found;
  for (bool v4 : {true, false}) {
    const unsigned width = v4 ? 32 : 128;
    for (Range range : v4 ? v4_ : v6_) {
      while (true) {
        const Network network{v4, range.first, fitting_bits(range.first, range.last, width)};
        found.push_back(network);
        if (network.last() == range.last) break;
        range.first = network.last() + 1;
      }
    }
  }
  return found;
}

AddressSet::Ranges AddressSet::joined(const Ranges& a, const Ranges& b) {
  Ranges all = a;
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end(),
            [](const Range& x, const Range& y) { return x.first < y.first; });
  Ranges result;
  for (const Range& range : all) {
    // The range before ends next to this one, or inside of it; the last address has no next.
    const bool touches = !result.empty() && (result.back().last >= range.first ||
                                             result.back().last + 1 == range.first);
    if (touches)
      result.back().last = std::max(result.back().last, range.last);
    else
      result.push_back(range);
  }
  return result;
}

AddressSet::Ranges AddressSet::without(const Ranges& a, const Ranges& b) {
  Ranges result;
  for (Range range : a) {
    bool left = true;
    for (const Range& hole : b) {
      if (hole.last < range.first) continue;
      if (hole.first > range.last) break;
      if (hole.first > range.first) result.push_back({range.first, hole.first - 1});
      left = hole.last < range.last;
      if (!left) break;
      range.first = hole.last + 1;
    }
    if (left) result.push_back(range);
  }
  return result;
}

AddressSet::Ranges AddressSet::common(const Ranges& a, const Ranges& b) {
  Ranges result;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const AddressNumber first = std::max(a[i].first, b[j].first);
    const AddressNumber last = std::min(a[i].last, b[j].last);
    if (first <= last) result.push_back({first, last});
    (a[i].last < b[j].last ? i : j) += 1;
  }
  return result;
}

}  // namespace waypost::mailauth
