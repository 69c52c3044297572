#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/rdata.h"
#include "mailauth/dkim_base64.h"
#include "publish/tsig.h"

namespace waypost::publish {
namespace {

constexpr size_t secret_octets_max = 512;
constexpr size_t tokens_max = 64;

tl::unexpected<Error> no_key_file(std::string_view what) {
  return failure(ErrorCode::invalid_input,
                 fmt::format("this is no TSIG key file: {}. Make one with: tsig-keygen -a "
                             "hmac-sha256 NAME",
                             what));
}

// Past blanks and comments of the three kinds that BIND knows; false for one without an end.
bool skip_blanks(std::string_view& rest) {
  while (!rest.empty()) {
    if (std::string_view(" \t\r\n").find(rest.front()) != std::string_view::npos) {
      rest.remove_prefix(1);
    } else if (rest.starts_with("//") || rest.starts_with('#')) {
      rest.remove_prefix(std::min(rest.find('\n'), rest.size()));
    } else if (rest.starts_with("/*")) {
      const size_t end = rest.find("*/", 2);
      if (end == rest.npos) return false;
      rest.remove_prefix(end + 2);
    } else {
      return true;
    }
  }
  return true;
}

// Words, strings without their quotes, and the signs { } ;.
Result<std::vector<std::string_view>> tokens_of(std::string_view rest) {
  std::vector<std::string_view> tokens;
  while (true) {
    if (!skip_blanks(rest)) return no_key_file("a comment has no end");
    if (rest.empty()) return tokens;
    if (tokens.size() == tokens_max) return no_key_file("it holds more than one key");
    size_t length = 1;
    if (rest.front() == '"') {
      length = rest.find('"', 1);
      if (length == rest.npos) return no_key_file("a string has no end");
      tokens.push_back(rest.substr(1, length - 1));
      rest.remove_prefix(length + 1);
      continue;
    }
    constexpr std::string_view signs = "{};";
    if (signs.find(rest.front()) == signs.npos)
      length = std::min(rest.find_first_of(" \t\r\n{};\""), rest.size());
    tokens.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
}

Result<TsigAlgorithm> algorithm_of(std::string_view word) {
  for (TsigAlgorithm algorithm :
       {TsigAlgorithm::hmac_sha256, TsigAlgorithm::hmac_sha384, TsigAlgorithm::hmac_sha512})
    if (base::equals_ignoring_case(word, name(algorithm))) return algorithm;
  // What does not look like one is not quoted: it may be the secret at the wrong place.
  const bool looks_like_one = base::starts_with_ignoring_case(word, "hmac-");
  return failure(
      ErrorCode::invalid_input,
      fmt::format(
          "the key's algorithm{} is not hmac-sha256, hmac-sha384 or "
          "hmac-sha512; make another key with: tsig-keygen -a hmac-sha256 NAME",
          looks_like_one ? fmt::format(" \"{}\"", base::escape_control(word.substr(0, 40))) : ""));
}

}  // namespace

Result<TsigKey> parse_tsig_key(std::string_view text) {
  if (text.size() > tsig_file_octets_max) return no_key_file("it is too long");
  TRY(auto tokens, tokens_of(text));
  // key NAME { word value ; word value ; } ;
  constexpr size_t whole = 11;
  if (tokens.size() < 2 || tokens[0] != "key") return no_key_file("it does not start with \"key\"");
  if (tokens.size() != whole && tokens.size() != whole - 1)
    return no_key_file("it does not hold exactly one key");
  if (tokens[2] != "{" || tokens[5] != ";" || tokens[8] != ";" || tokens[9] != "}" ||
      tokens.back() != (tokens.size() == whole ? ";" : "}"))
    return no_key_file("it is not of the form key \"NAME\" { algorithm ...; secret \"...\"; };");
  TsigKey key;
  auto name_of_key = dns::normalize_name(tokens[1]);
  if (!name_of_key) return no_key_file("the key's name is no domain name");
  key.name = *std::move(name_of_key);
  std::string_view algorithm;
  std::string_view secret;
  for (size_t at : {size_t{3}, size_t{6}}) {
    if (tokens[at] == "algorithm") algorithm = tokens[at + 1];
    if (tokens[at] == "secret") secret = tokens[at + 1];
  }
  if (algorithm.empty() || secret.empty()) return no_key_file("it has no algorithm or no secret");
  TRY(key.algorithm, algorithm_of(algorithm));
  auto octets = mailauth::decode_base64(secret, secret_octets_max);
  if (!octets || octets->empty()) return no_key_file("its secret is no base64");
  key.secret = Secret::take(*octets);
  return key;
}

}  // namespace waypost::publish
