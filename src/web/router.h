#pragma once

#include <functional>
#include <map>
#include <string>

#include "io/task.h"
#include "web/message.h"

namespace waypost::web {

// Which function answers what. Thread: the loop's.
class Router {
 public:
  using Handler = std::function<io::Task<Response>(Request)>;

  // `path` is matched whole. GET answers HEAD as well; the server leaves the body out.
  void on(const std::string& method, const std::string& path, Handler handler);

  // 404 for a path that nobody has, 405 with Allow for another method.
  io::Task<Response> answer(Request request) const;

 private:
  std::map<std::string, std::map<std::string, Handler>> handlers_;  // by path, then method
};

// {"error": "..."}; `text` is ours: nothing from outside.
Response refusal(unsigned code, const std::string& text);

}  // namespace waypost::web
