#include "mailauth/authentication_results.h"

#include <gtest/gtest.h>

namespace waypost::mailauth {
namespace {

AuthenticationResults parse(std::string_view value) {
  auto parsed = parse_authentication_results(value);
  EXPECT_TRUE(parsed) << value << ": " << (parsed ? "" : parsed.error().message());
  return parsed ? *std::move(parsed) : AuthenticationResults();
}

std::string property(const AuthenticationResult& result, std::string_view name) {
  for (const auto& one : result.properties)
    if (one.type + "." + one.name == name) return one.value;
  return "(none)";
}

TEST(AuthenticationResults, reads_the_examples_of_the_rfc) {
  // RFC 8601 appendix B.
  EXPECT_TRUE(parse("example.org 1; none").results.empty());
  const auto spf = parse("example.com;\r\n spf=pass smtp.mailfrom=example.net");
  ASSERT_EQ(spf.results.size(), 1u);
  EXPECT_EQ(spf.authserv_id, "example.com");
  EXPECT_EQ(property(spf.results[0], "smtp.mailfrom"), "example.net");

  const auto two = parse(
      "example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
      " spf=pass smtp.mailfrom=example.net");
  ASSERT_EQ(two.results.size(), 2u);
  EXPECT_EQ(two.results[0].comment, "cram-md5");
  EXPECT_EQ(property(two.results[0], "smtp.auth"), "sender@example.net");
  EXPECT_EQ(two.results[0].text, "auth=pass (cram-md5) smtp.auth=sender@example.net");

  const auto reason = parse(
      "example.com; dkim=pass reason=\"good signature\" header.i=@mail-router.example.net;"
      " dkim=fail reason=\"bad signature\" header.i=@newyork.example.com");
  ASSERT_EQ(reason.results.size(), 2u);
  EXPECT_EQ(reason.results[1].reason, "bad signature");
  EXPECT_EQ(property(reason.results[0], "header.i"), "@mail-router.example.net");

  const auto comments = parse(
      "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for "
      "it) fail\r\n policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as "
      "I wasn't expecting it) 1362471462");
  ASSERT_EQ(comments.results.size(), 1u);
  EXPECT_EQ(comments.results[0].method, "dkim");
  EXPECT_EQ(comments.results[0].result, "fail");
  EXPECT_EQ(property(comments.results[0], "policy.expired"), "1362471462");
}

TEST(AuthenticationResults, reads_what_is_written_in_the_wild) {
  const auto microsoft = parse(
      "mx.microsoft.com 1; spf=fail (sender ip is 52.138.216.130) smtp.rcpttodomain=recipient.com "
      "smtp.mailfrom=sender.com; dmarc=fail (p=reject sp=reject pct=100) action=oreject "
      "header.from=sender.com; dkim=none (message not signed); arc=none (0)");
  ASSERT_EQ(microsoft.results.size(), 4u);
  EXPECT_EQ(property(microsoft.results[1], ".action"), "oreject");
  EXPECT_EQ(property(microsoft.results[1], "header.from"), "sender.com");
  EXPECT_EQ(microsoft.results[3].result, "none");

  const auto google = parse(
      "mx.google.com;\r\n       dkim=pass header.i=@shop.example header.s=s1 "
      "header.b=\"a/b+c=d;\";\r\n       dmarc=pass (p=NONE sp=NONE (really) dis=NONE) "
      "header.from=shop.example;");
  ASSERT_EQ(google.results.size(), 2u);
  EXPECT_EQ(property(google.results[0], "header.b"), "a/b+c=d;");
  EXPECT_EQ(property(parse("a; x=y smtp.m=\"joe smith\"@b.example").results[0], "smtp.m"),
            "joe smith@b.example");
}

TEST(AuthenticationResults, refuses_what_is_none) {
  for (std::string_view value :
       {"", ";", "example.com", "example.com 2; none", "example.com;", "example.com; spf",
        "example.com; spf=", "example.com; spf=pass smtp.mailfrom", "example.com; =pass",
        "example.com; spf=pass (open", "example.com; spf=pass reason=\"open", "a b; spf=pass",
        "example.com; spf=pass \"x\"", "example.com; none; spf=pass"})
    EXPECT_FALSE(parse_authentication_results(value)) << value;
  EXPECT_FALSE(parse_authentication_results(std::string("a; x=y ") + std::string(100, '(')));
  std::string many = "a";
  for (size_t i = 0; i <= authentication_results_max; ++i) many += "; x=y";
  EXPECT_FALSE(parse_authentication_results(many));
}

TEST(AuthenticationResults, writes_what_it_reads) {
  AuthenticationResults results;
  results.authserv_id = "mx.shop.example";
  EXPECT_EQ(authentication_results_field(results),
            "Authentication-Results: mx.shop.example; none\r\n");
  results.results.resize(2);
  AuthenticationResult& dkim = results.results[0];
  dkim.method = "dkim";
  dkim.result = "pass";
  dkim.comment = "2048-bit (rsa) \\ key\r\nX: y";
  dkim.reason = "holds; \"really\"";
  dkim.properties = {{"header", "i", "@shop.example"},
                     {"header", "b", "a/b+c="},
                     {"smtp", "mailfrom", "joe smith@shop.example"}};
  results.results[1] = {"spf", 2, "fail", "", "", {{"smtp", "mailfrom", "x.example"}}, ""};
  const std::string value = authentication_results_value(results);
  EXPECT_EQ(value,
            "mx.shop.example;\r\n\tdkim=pass (2048-bit \\(rsa\\) \\\\ key??X: y) reason=\"holds; "
            "\\\"really\\\"\" header.i=@shop.example header.b=\"a/b+c=\" "
            "smtp.mailfrom=\"joe smith@shop.example\";\r\n\tspf/2=fail "
            "smtp.mailfrom=x.example");
  const AuthenticationResults again = parse(value);
  ASSERT_EQ(again.results.size(), 2u);
  EXPECT_EQ(again.results[0].reason, dkim.reason);
  EXPECT_EQ(again.results[1].method_version, 2u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(again.results[0].properties[i].value, dkim.properties[i].value);
}

TEST(AuthenticationResults, of_one_server_are_put_together) {
  const std::string octets =
      "Authentication-Results: lists.example.org; arc=none;\r\n"
      "  spf=pass smtp.mfrom=jqd@d1.example\r\n"
      "Authentication-Results: nobody.example.org; something=ignored\r\n"
      "Authentication-Results: LISTS.example.org; dkim=pass (1024-bit key) header.i=@d1.example\r\n"
      "\r\n";
  const std::vector<std::string> expected = {"arc=none", "spf=pass smtp.mfrom=jqd@d1.example",
                                             "dkim=pass (1024-bit key) header.i=@d1.example"};
  EXPECT_EQ(results_of_server(message::scan_header_block(octets), "lists.example.org"), expected);
}

}  // namespace
}  // namespace waypost::mailauth
