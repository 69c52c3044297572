#include "dashboard/pages.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "base/ascii.h"

namespace waypost::dashboard {
namespace {

// Those that the scripts of /index.html know; the parts in braces are theirs to read.
constexpr std::array<const char*, 12> pages{
    "/",         "/activity", "/messages/{id}",  "/providers", "/providers/{site}",
    "/diagnose", "/domains",  "/domains/{name}", "/bounces",   "/suppressions",
    "/keys",     "/login"};

constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> types{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},
}};

std::string_view type_of(std::string_view path) {
  for (const auto& [ending, type] : types)
    if (path.ends_with(ending)) return type;
  return "application/octet-stream";
}

// RFC 9110 §12.5.3: named with a weight that is not zero.
bool takes_gzip(std::string_view accepted) {
  while (!accepted.empty()) {
    const size_t end = std::min(accepted.find(','), accepted.size());
    std::string_view one = accepted.substr(0, end);
    accepted.remove_prefix(std::min(end + 1, accepted.size()));
    const size_t sign = std::min(one.find(';'), one.size());
    if (!base::equals_ignoring_case(base::trim(one.substr(0, sign)), "gzip")) continue;
    one.remove_prefix(sign);
    const size_t weight = one.find("q=");
    return weight == one.npos || one.find_first_of("123456789", weight) != one.npos;
  }
  return false;
}

// Longer than a visit, and no longer than people mind an old one.
constexpr std::string_view for_a_day = "public, max-age=86400";

web::Response answer(const File& file, const web::Request& request, std::string_view keeping = {}) {
  const bool packed = !file.gzip.empty() && takes_gzip(request.field("accept-encoding"));
  web::Response response;
  response.content_type = type_of(file.path);
  response.body = packed ? file.gzip : file.octets;
  const auto add = [&](const char* name, std::string_view value) {
    response.fields.emplace_back(name, value);
  };
  if (packed) add("Content-Encoding", "gzip");
  add("Vary", "Accept-Encoding");
  if (keeping.empty())
    keeping =
        file.path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  add("Cache-Control", keeping);
  add("Content-Security-Policy", policy);
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Opener-Policy", "same-origin");
  add("Cross-Origin-Resource-Policy", "same-origin");
  return response;
}

// Somebody with a browser is at a path that is none; a program wants to be told so in its own form.
bool is_for_people(const web::Request& request) {
  return (request.method == "GET" || request.method == "HEAD") &&
         !request.path.starts_with("/v1/") &&
         request.field("accept").find("text/html") != std::string_view::npos;
}

io::Task<web::Response> at_once(web::Response response) { co_return response; }

io::Task<std::optional<web::Response>> judged(Judge judge, const web::Request& head) {
  co_return judge(head);
}

}  // namespace

void add_pages(web::Router& router, const std::vector<File>& files, const Judge& judge) {
  const auto serve = [&](const std::string& path, const File& file) {
    web::Router::Route route;
    route.handler = [file](web::Request request) { return at_once(answer(file, request)); };
    if (judge) route.guard = [judge](web::Request& head) { return judged(judge, head); };
    router.on("GET", path, std::move(route));
  };
  const auto index = std::find_if(files.begin(), files.end(),
                                  [](const File& file) { return file.path == "/index.html"; });
  if (index == files.end()) return;
  for (const char* page : pages) serve(page, *index);
  router.otherwise([index = *index, judge](const web::Request& request) {
    std::optional<web::Response> page;
    if (!is_for_people(request)) return page;
    if (judge) page = judge(request);
    if (page) return page;
    page = answer(index, request);
    page->code = 404;
    return page;
  });
  // Browsers ask for it at addresses that are no page, and log an error where there is none.
  for (const File& file : files)
    if (file.path.starts_with("/assets/mark-") && file.path.ends_with(".svg"))
      router.on("GET", "/favicon.ico",
                [file](web::Request request) { return at_once(answer(file, request, for_a_day)); });
  for (const File& file : files)
    if (&file != &*index) serve(std::string(file.path), file);
}

}  // namespace waypost::dashboard
