#include "oauth/token.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "base/ascii.h"
#include "sasl/base64.h"

namespace waypost::oauth {
namespace {

tl::unexpected<Error> refuse(const char* why) { return failure(ErrorCode::invalid_input, why); }

std::optional<Algorithm> algorithm_named(std::string_view name) {
  if (name == "RS256") return Algorithm::rs256;
  if (name == "ES256") return Algorithm::es256;
  if (name == "EdDSA") return Algorithm::eddsa;
  return std::nullopt;
}

// RFC 9068 §2.1 and RFC 7519 §5.1: what is signed by the same keys for another purpose says so
// here.
bool is_fit_type(std::string_view type) {
  constexpr std::string_view prefix = "application/";
  if (base::starts_with_ignoring_case(type, prefix)) type.remove_prefix(prefix.size());
  return base::equals_ignoring_case(type, "JWT") || base::equals_ignoring_case(type, "at+jwt");
}

Result<void> read_header(std::string_view json, Token& into) {
  boost::system::error_code error;
  const boost::json::value header = boost::json::parse(json, error);
  if (error || !header.is_object()) return refuse("its header is not JSON");
  const boost::json::object& fields = header.get_object();
  const auto* algorithm = fields.if_contains("alg");
  const auto known = algorithm && algorithm->is_string()
                         ? algorithm_named(std::string_view(algorithm->get_string()))
                         : std::nullopt;
  if (!known) return refuse("it is not signed by RS256, ES256 or EdDSA");
  into.algorithm = *known;
  if (fields.contains("crit")) return refuse("its header demands what is not understood here");
  if (const auto* type = fields.if_contains("typ"))
    if (!type->is_string() || !is_fit_type(std::string_view(type->get_string())))
      return refuse("it is of another type than JWT and at+jwt");
  if (const auto* id = fields.if_contains("kid")) {
    if (!id->is_string()) return refuse("the name of its key is not text");
    into.key_id = std::string_view(id->get_string());
  }
  return {};
}

// The three parts between the two dots.
std::optional<std::array<std::string_view, 3>> split(std::string_view compact) {
  const size_t first = compact.find('.');
  if (first == compact.npos) return std::nullopt;
  const size_t second = compact.find('.', first + 1);
  if (second == compact.npos || compact.find('.', second + 1) != compact.npos) return std::nullopt;
  return std::array{compact.substr(0, first), compact.substr(first + 1, second - first - 1),
                    compact.substr(second + 1)};
}

}  // namespace

Result<std::string> base64url_decode(std::string_view text, size_t octets_max) {
  if (text.find_first_of("+/=") != text.npos)
    return failure(ErrorCode::invalid_input, "not base64url");
  std::string base64(text);
  std::replace(base64.begin(), base64.end(), '-', '+');
  std::replace(base64.begin(), base64.end(), '_', '/');
  base64.append((4 - base64.size() % 4) % 4, '=');
  return sasl::base64_decode(base64, octets_max);
}

Result<Token> parse_token(std::string_view compact) {
  if (compact.size() > token_octets_max) return refuse("it is too long");
  const auto parts = split(compact);
  if (!parts) return refuse("it is not a signed JSON Web Token");
  auto header = base64url_decode((*parts)[0], token_octets_max);
  auto payload = base64url_decode((*parts)[1], token_octets_max);
  auto signature = base64url_decode((*parts)[2], token_octets_max);
  if (!header || !payload || !signature) return refuse("it is not a signed JSON Web Token");
  Token token;
  TRY_VOID(read_header(*header, token));
  token.signed_part = compact.substr(0, (*parts)[0].size() + 1 + (*parts)[1].size());
  token.payload = *std::move(payload);
  token.signature = *std::move(signature);
  return token;
}

}  // namespace waypost::oauth
