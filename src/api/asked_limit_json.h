#pragma once

#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "queue/asked_limit.h"

namespace waypost::api {

// {"site": "google", "connections": 2, "messages_per_second": 0.5, "by", "reason", "since",
// "until"}; of the limits, those that it sets. For the control socket, the API and the file.
boost::json::object to_json(const queue::AskedLimit& limit);

// What a request asks of one of them; empty where it takes no such value.
template <class T>
std::optional<T> amount_of(const queue::AskedKey<T>& key, const boost::json::value& value);
// "is no whole number from 1 to 10000"
template <class T>
std::string amount_problem(const queue::AskedKey<T>& key);

}  // namespace waypost::api
