#include "classify/top_level_domains.h"

#include <algorithm>
#include <array>

namespace waypost::classify {
namespace {

template <size_t n>
constexpr std::array<std::string_view, n> sorted(std::array<std::string_view, n> names) {
  std::sort(names.begin(), names.end());
  return names;
}

// From IANA's root zone, RFC 2606 and RFC 6761, and what private networks use.
constexpr auto plain = sorted(std::to_array<std::string_view>({
    "ae",   "al",    "app",         "ar",       "arpa", "asia",    "au",      "az",   "ba",
    "bd",   "be",    "bg",          "biz",      "br",   "ca",      "cat",     "cc",   "ch",
    "cl",   "cloud", "cn",          "co",       "com",  "corp",    "cr",      "cx",   "cy",
    "cz",   "de",    "dev",         "dk",       "ec",   "edu",     "ee",      "eg",   "es",
    "eu",   "fi",    "fm",          "fr",       "ga",   "ge",      "gov",     "gr",   "gt",
    "hk",   "hr",    "hu",          "ie",       "il",   "info",    "int",     "io",   "ir",
    "jp",   "ke",    "kr",          "kz",       "lan",  "lt",      "lu",      "lv",   "ly",
    "mil",  "mk",    "mobi",        "mx",       "net",  "ng",      "nl",      "nu",   "nz",
    "org",  "pe",    "ph",          "pk",       "pl",   "pt",      "pw",      "qa",   "ro",
    "rs",   "ru",    "sa",          "se",       "sg",   "si",      "sk",      "su",   "th",
    "tk",   "tn",    "tr",          "tv",       "tw",   "ua",      "uk",      "uy",   "uz",
    "ve",   "vn",    "ws",          "xyz",      "za",   "example", "invalid", "tech", "localhost",
    "shop", "local", "localdomain", "internal",
}));
constexpr auto words = sorted(std::to_array<std::string_view>({
    "by",   "email", "host",   "id",  "in",   "it",    "jobs",  "link", "live", "ma",  "me", "my",
    "name", "no",    "online", "pro", "site", "space", "store", "test", "to",   "top", "us",
}));

template <class Names>
bool has(const Names& names, std::string_view name) {
  return std::binary_search(names.begin(), names.end(), name);
}

}  // namespace

bool ends_host_name(std::string_view last_label, size_t labels) {
  if (labels < 2) return false;
  return has(plain, last_label) || (labels > 2 && has(words, last_label));
}

}  // namespace waypost::classify
