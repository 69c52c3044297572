#include "api/asked_limit_json.h"

#include <cmath>
#include <type_traits>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace waypost::api {

namespace json = boost::json;
using queue::AskedKey;

json::object to_json(const queue::AskedLimit& limit) {
  json::object object{{"site", limit.site}};
  queue::each_asked([&](const auto& key) {
    if (limit.*key.asked != 0) object[key.name] = limit.*key.asked;
  });
  object["by"] = limit.by;
  object["reason"] = limit.reason;
  object["since"] = base::to_rfc3339(limit.since);
  object["until"] = base::to_rfc3339(limit.until);
  return object;
}

template <class T>
std::optional<T> amount_of(const AskedKey<T>& key, const json::value& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.to_number<double>();
  const bool is_one = number >= double(key.least) && number <= double(key.most);
  if (!is_one || (std::is_integral_v<T> && number != std::floor(number))) return std::nullopt;
  return static_cast<T>(number);
}

template <class T>
std::string amount_problem(const AskedKey<T>& key) {
  return fmt::format("is no {}number from {} to {}", std::is_integral_v<T> ? "whole " : "",
                     key.least, key.most);
}

template std::optional<unsigned> amount_of(const AskedKey<unsigned>&, const json::value&);
template std::optional<double> amount_of(const AskedKey<double>&, const json::value&);
template std::string amount_problem(const AskedKey<unsigned>&);
template std::string amount_problem(const AskedKey<double>&);

}  // namespace waypost::api
