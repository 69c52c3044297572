#include "dashboard/pages.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dashboard/shipped_dashboard.h"
#include "tests/fakes/virtual_loop.h"

namespace waypost::dashboard {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

class PagesTest : public testing::Test {
 protected:
  // What is served at a path; 404 where nothing is.
  web::Response ask(const std::string& path, const std::string& accepted = "",
                    const std::string& type = "") {
    web::Request request;
    request.method = "GET";
    request.path = path;
    if (!accepted.empty()) request.fields.emplace_back("accept-encoding", accepted);
    if (!type.empty()) request.fields.emplace_back("accept", type);
    web::Router::Match match = router_.match(request);
    if (!match.route) return *std::move(match.refusal);
    web::Response response;
    tasks_.start(answer(match.route->handler, std::move(request), response));
    loop_.settle();
    return response;
  }
  static io::Task<void> answer(web::Router::Handler handler, web::Request request,
                               web::Response& into) {
    into = co_await handler(std::move(request));
  }

  fakes::VirtualLoop loop_;
  io::TaskGroup tasks_;
  web::Router router_;
  const std::vector<File> files_{{"/index.html", "<html>", "packed page"},
                                 {"/assets/a-1.js", "run()", "packed script"},
                                 {"/assets/mark-1.svg", "<svg>mark", ""},
                                 {"/favicon.svg", "<svg>", ""}};
};

TEST_F(PagesTest, answers_every_page_with_the_one_that_knows_them) {
  add_pages(router_, files_, {});
  for (const char* path : {"/", "/activity", "/messages/019fa50c", "/providers/gmail.com",
                           "/domains/shop.example", "/login"}) {
    const web::Response page = ask(path);
    EXPECT_EQ(page.body, "<html>") << path;
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_THAT(page.fields,
                AllOf(Contains(Pair("Cache-Control", "no-cache")),
                      Contains(Pair("Content-Security-Policy", HasSubstr("default-src 'none'"))),
                      Contains(Pair("Content-Security-Policy", Not(HasSubstr("unsafe")))),
                      Contains(Pair("Referrer-Policy", "no-referrer"))));
  }
}

TEST_F(PagesTest, has_nothing_but_its_files) {
  add_pages(router_, files_, {});
  for (const char* path : {"/index.html", "/assets/", "/assets/../index.html",
                           "/assets/..%2fetc%2fpasswd", "//etc/passwd", "/messages/",
                           "/messages/a/b", "/activity/x", "/assets/a-1.js/", "/nothing"})
    EXPECT_EQ(ask(path).code, 404u) << path;
}

TEST_F(PagesTest, tells_people_that_there_is_no_such_page_and_programs_in_their_form) {
  add_pages(router_, files_, {});
  constexpr const char* of_a_browser = "text/html,application/xhtml+xml,*/*;q=0.8";
  const web::Response page = ask("/nowhere", "", of_a_browser);
  EXPECT_EQ(page.code, 404u);
  EXPECT_EQ(page.body, "<html>");
  EXPECT_THAT(page.fields, Contains(Key("Content-Security-Policy")));
  for (const auto& [path, type] : {std::pair{"/nowhere", "*/*"}, {"/v1/nowhere", of_a_browser}}) {
    const web::Response problem = ask(path, "", type);
    EXPECT_EQ(problem.code, 404u) << path;
    EXPECT_EQ(problem.content_type, "application/problem+json") << path;
  }
}

TEST_F(PagesTest, refuses_a_page_that_is_not_there_as_it_refuses_others) {
  add_pages(router_, files_, [](const web::Request&) {
    return std::optional(web::Response{.code = 421, .body = "not ours"});
  });
  EXPECT_EQ(ask("/nowhere", "", "text/html").code, 421u);
}

TEST_F(PagesTest, has_the_mark_where_browsers_look_for_it) {
  add_pages(router_, files_, {});
  const web::Response mark = ask("/favicon.ico");
  EXPECT_EQ(mark.body, "<svg>mark");
  EXPECT_EQ(mark.content_type, "image/svg+xml");
  EXPECT_THAT(mark.fields, Contains(Pair("Cache-Control", Not(HasSubstr("immutable")))));
}

TEST_F(PagesTest, lets_browsers_keep_what_has_a_hash_in_its_name) {
  add_pages(router_, files_, {});
  const web::Response script = ask("/assets/a-1.js");
  EXPECT_EQ(script.body, "run()");
  EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
  EXPECT_THAT(script.fields, Contains(Pair("Cache-Control", HasSubstr("immutable"))));
  EXPECT_THAT(ask("/favicon.svg").fields, Contains(Pair("Cache-Control", "no-cache")));
}

TEST_F(PagesTest, packs_only_for_who_unpacks) {
  add_pages(router_, files_, {});
  for (const char* accepted : {"gzip", "br, GZIP;q=0.5", "deflate,gzip , br"}) {
    const web::Response script = ask("/assets/a-1.js", accepted);
    EXPECT_EQ(script.body, "packed script") << accepted;
    EXPECT_THAT(script.fields, Contains(Pair("Content-Encoding", "gzip")));
  }
  for (const char* accepted : {"", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"}) {
    const web::Response script = ask("/assets/a-1.js", accepted);
    EXPECT_EQ(script.body, "run()") << accepted;
    EXPECT_THAT(script.fields, Not(Contains(Key("Content-Encoding"))));
  }
  EXPECT_EQ(ask("/favicon.svg", "gzip").body, "<svg>");
}

TEST_F(PagesTest, is_not_there_without_its_page) {
  add_pages(router_, {{"/assets/a-1.js", "run()", ""}}, {});
  EXPECT_EQ(ask("/").code, 404u);
  EXPECT_EQ(ask("/assets/a-1.js").code, 404u);
}

TEST_F(PagesTest, carries_only_a_whole_build) {
  const std::vector<File>& shipped = shipped_dashboard();
  for (const File& file : shipped) {
    EXPECT_FALSE(file.octets.empty()) << file.path;
    EXPECT_EQ(file.gzip.substr(0, 2), "\x1f\x8b") << file.path;
  }
  if (!shipped.empty()) {
    add_pages(router_, shipped, {});
    EXPECT_EQ(ask("/").code, 200u);
  }
}

}  // namespace
}  // namespace waypost::dashboard
