#include "web/router.h"

namespace waypost::web {

void Router::on(const std::string& method, const std::string& path, Handler handler) {
  handlers_[path][method] = std::move(handler);
}

io::Task<Response> Router::answer(Request request) const {
  auto path = handlers_.find(request.path);
  if (path == handlers_.end()) co_return refusal(404, "there is nothing here");
  auto handler = path->second.find(request.method == "HEAD" ? "GET" : request.method);
  if (handler != path->second.end()) co_return co_await handler->second(std::move(request));
  Response refused = refusal(405, "this takes another method");
  std::string allowed;
  for (const auto& [method, ignored] : path->second)
    allowed += (allowed.empty() ? "" : ", ") + method + (method == "GET" ? ", HEAD" : "");
  refused.fields.emplace_back("Allow", allowed);
  co_return refused;
}

Response refusal(unsigned code, const std::string& text) {
  return {.code = code, .body = "{\"error\":\"" + text + "\"}\n"};
}

}  // namespace waypost::web
