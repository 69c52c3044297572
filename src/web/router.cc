#include "web/router.h"

#include <algorithm>

namespace waypost::web {
namespace {

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at + 1), path.size());
    parts.push_back(path.substr(at + 1, end - at - 1));
    at = end;
  }
  return parts;
}

bool is_open(const std::string& part) { return part.starts_with('{'); }

}  // namespace

void Router::on(const std::string& method, const std::string& path, Route route) {
  if (path.find('{') == path.npos) {
    exact_[path][method] = std::move(route);
    return;
  }
  auto pattern = std::find_if(patterns_.begin(), patterns_.end(),
                              [&](const Pattern& other) { return other.path == path; });
  if (pattern == patterns_.end())
    pattern = patterns_.insert(pattern, Pattern{parts_of(path), path, {}});
  pattern->methods[method] = std::move(route);
}

const Router::Methods* Router::find(Request& request) const {
  auto exact = exact_.find(request.path);
  if (exact != exact_.end()) return &exact->second;
  const std::vector<std::string> parts = parts_of(request.path);
  for (const Pattern& pattern : patterns_) {
    const bool fits =
        std::equal(parts.begin(), parts.end(), pattern.parts.begin(), pattern.parts.end(),
                   [](const std::string& part, const std::string& wanted) {
                     return is_open(wanted) ? !part.empty() : part == wanted;
                   });
    if (!fits) continue;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!is_open(pattern.parts[i])) continue;
      auto decoded = percent_decode(parts[i]);
      if (!decoded) return nullptr;
      const std::string& name = pattern.parts[i];
      request.parameters[name.substr(1, name.size() - 2)] = *std::move(decoded);
    }
    return &pattern.methods;
  }
  return nullptr;
}

Router::Match Router::match(Request& request) const {
  const Methods* methods = find(request);
  if (methods == nullptr && otherwise_) {
    std::optional<Response> page = otherwise_(request);
    if (page) return {nullptr, std::move(page)};
  }
  if (methods == nullptr)
    return {nullptr, problem(404, "not-found", "There is nothing here",
                             "No page has this path: /v1/openapi.json lists all that there are.")};
  auto route = methods->find(request.method == "HEAD" ? "GET" : request.method);
  if (route != methods->end()) return {&route->second, std::nullopt};
  std::string allowed;
  for (const auto& [method, ignored] : *methods)
    allowed += (allowed.empty() ? "" : ", ") + method + (method == "GET" ? ", HEAD" : "");
  Response refused = problem(405, "method-not-allowed", "This takes another method",
                             "This path takes " + allowed + ".");
  refused.fields.emplace_back("Allow", allowed);
  return {nullptr, std::move(refused)};
}

std::vector<std::string> Router::routes() const {
  std::vector<std::string> routes;
  for (const auto& [path, methods] : exact_)
    for (const auto& [method, ignored] : methods) routes.push_back(method + " " + path);
  for (const Pattern& pattern : patterns_)
    for (const auto& [method, ignored] : pattern.methods)
      routes.push_back(method + " " + pattern.path);
  return routes;
}

}  // namespace waypost::web
