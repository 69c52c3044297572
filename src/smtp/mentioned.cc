#include "smtp/mentioned.h"

#include <algorithm>

#include "base/ascii.h"

namespace waypost::smtp {
namespace {

// Of atext (RFC 5321 §4.1.2), without what stands in front of addresses in words: "to=", "'", "/".
bool is_of_local_part(char c) {
  return base::is_alnum(c) ||
         std::string_view("!#$%&*+-.=?^_{|}~").find(c) != std::string_view::npos;
}

bool is_of_domain(char c) { return base::is_alnum(c) || c == '-' || c == '.' || c == '_'; }

std::string blanked(std::string_view text, std::string_view address) {
  std::string small = base::to_lower(text);
  const std::string wanted = base::to_lower(address);
  if (wanted.empty()) return small;
  for (size_t at = 0; (at = small.find(wanted, at)) != std::string::npos; ++at) {
    const size_t end = at + wanted.size();
    const bool begins = at == 0 || !is_of_local_part(small[at - 1]);
    const bool goes_on =
        end < small.size() &&
        (base::is_alnum(small[end]) || small[end] == '-' ||
         (small[end] == '.' && end + 1 < small.size() && base::is_alnum(small[end + 1])));
    if (begins && !goes_on) std::fill_n(small.begin() + std::ptrdiff_t(at), wanted.size(), ' ');
  }
  return small;
}

}  // namespace

std::vector<std::string_view> mentioned_addresses(std::string_view text) {
  std::vector<std::string_view> found;
  size_t from = 0;
  for (size_t at = 0; found.size() < mentioned_addresses_max; ++at) {
    at = text.find('@', at);
    if (at == std::string_view::npos) break;
    size_t begin = at;
    while (begin > from && is_of_local_part(text[begin - 1])) --begin;
    while (begin < at && std::string_view(".=|").find(text[begin]) != std::string_view::npos)
      ++begin;
    size_t end = at + 1;
    while (end < text.size() && is_of_domain(text[end])) ++end;
    while (end > at + 1 && !base::is_alnum(text[end - 1])) --end;
    from = end;
    if (begin < at && end > at + 1) found.push_back(text.substr(begin, end - begin));
  }
  return found;
}

bool mentions_another(std::string_view text, std::string_view address) {
  if (text.find('@') == std::string_view::npos) return false;
  const std::string others = blanked(text, address);
  const size_t at = address.rfind('@');
  const std::string postmaster = at == std::string_view::npos
                                     ? std::string()
                                     : "postmaster" + base::to_lower(address.substr(at));
  const auto found = mentioned_addresses(others);
  return std::any_of(found.begin(), found.end(),
                     [&](std::string_view one) { return one != postmaster; });
}

}  // namespace waypost::smtp
