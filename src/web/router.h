#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/task.h"
#include "web/message.h"

namespace waypost::web {

// Which function answers what. Thread: the loop's.
class Router {
 public:
  using Handler = std::function<io::Task<Response>(Request)>;
  // Asked when only the header of a request is there: why it is not to be answered, or nothing. May
  // set Request::caller. The request outlives the task.
  using Guard = std::function<io::Task<std::optional<Response>>(Request& head)>;
  struct Route {
    Handler handler;
    Guard guard = {};              // none: anybody may ask
    uint64_t body_octets_max = 0;  // 0: a request has none
  };
  // A request whose path and method are known.
  struct Match {
    const Route* route = nullptr;
    std::optional<Response> refusal;  // where there is no route: 404, or 405 with Allow
  };

  // `path` is matched whole. A part in braces, "/mail/{id}", matches any part that is not empty,
  // which the handler finds decoded in Request::parameters; a path without braces comes before one
  // with them. GET answers HEAD as well; the server leaves the body out.
  void on(const std::string& method, const std::string& path, Route route);
  void on(const std::string& method, const std::string& path, Handler handler) {
    on(method, path, Route{std::move(handler)});
  }

  // What a request gets whose path nothing else has; nothing: the 404 for programs. One is enough.
  using Otherwise = std::function<std::optional<Response>(const Request& head)>;
  void otherwise(Otherwise answer) { otherwise_ = std::move(answer); }

  // Sets the request's parameters.
  Match match(Request& request) const;

  // "GET /readyz", in no order.
  std::vector<std::string> routes() const;

 private:
  using Methods = std::map<std::string, Route>;
  struct Pattern {
    std::vector<std::string> parts;
    std::string path;
    Methods methods;
  };
  const Methods* find(Request& request) const;

  std::map<std::string, Methods> exact_;
  std::vector<Pattern> patterns_;
  Otherwise otherwise_;
};

}  // namespace waypost::web
