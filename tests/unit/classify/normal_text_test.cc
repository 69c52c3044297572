#include "classify/normal_text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace waypost::classify {
namespace {

KnownHosts known_hosts() {
  KnownHosts known;
  for (const char* host : {"google.com", "support.google.com", "zen.spamhaus.org"}) known.add(host);
  return known;
}

NormalText normal_of(std::string_view input, const OwnNames& own = {}) {
  static const KnownHosts known = known_hosts();
  NormalText normal;
  normalise(input, known, own, normal);
  EXPECT_EQ(normal.origin.size(), normal.text.size() + 1) << input;
  EXPECT_TRUE(std::is_sorted(normal.origin.begin(), normal.origin.end())) << input;
  return normal;
}

struct Case {
  std::string input;
  std::string normal;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(normal_of(c.input).text, c.normal) << c.input;
}

TEST(NormalText, is_lower_case_on_one_line_with_single_spaces) {
  expect_all({
      {"", ""},
      {" \r\n\t ", ""},
      {"  User\tUNKNOWN \v\f here  ", "user unknown here"},
      {std::string("a\0b", 3), "a b"},
      {"one\rtwo\nthree\r\nfour", "one two three four"},
  });
}

TEST(NormalText, drops_the_codes_that_following_lines_repeat) {
  expect_all({
      {"550-5.1.1 No such\r\n550-5.1.1 user\r\n550 5.1.1 here", "550 5.1.1 no such user here"},
      {"550-No such\n550 user", "550 no such user"},
      {"550-5.7.1 one\n550-two\n550 5.7.1 three", "550 5.7.1 one two three"},
      {"550-5.7.1 one\n550 5.7.26 two", "550 5.7.1 one 5.7.26 two"},
      {"550-5.7.1 one\n554 5.7.1 two", "550 5.7.1 one 554 5.7.1 two"},
      {"\r\n550-5.7.1 one\r\n550 5.7.1 two", "550 5.7.1 one two"},
      {"550 5.7.1 one\ntwo\n  three", "550 5.7.1 one two three"},
  });
}

TEST(NormalText, drops_repeated_codes_that_a_log_has_put_on_one_line) {
  expect_all({
      {"550-5.1.1 No such 550-5.1.1 user. 550 5.1.1 See there",
       "550 5.1.1 no such user. see there"},
      {"550 5.1.1 limit is 550 messages", "550 5.1.1 limit is 550 messages"},
      {"550-5.1.1 No such\\r\\n550 5.1.1 user", "550 5.1.1 no such user"},
      {"550-5.1.1 No such\\n550 5.1.1 user\\n", "550 5.1.1 no such user"},
      {"path c:\\new", "path c:\\new"},
  });
}

TEST(NormalText, puts_a_mark_in_the_place_of_an_address) {
  expect_all({
      {"<Bob.Smith+tag@Example.COM>: unknown", "<{addr}>: unknown"},
      {"bob@[192.0.2.1] and bob@[IPv6:2001:db8::1].", "{addr} and {addr}."},
      {"no bob@example.com.", "no {addr}."},
      {"to=<j\xc3\xbcrgen@b\xc3\xbc"
       "cher.example>",
       "to=<{addr}>"},
      {"(bob@example.com)", "({addr})"},
      {"bob@localhost,ann@x", "{addr},{addr}"},
      {"@ home", "@ home"},
      {"not allowed...ann@example.com", "not allowed...{addr}"},
      {"a..b@example.com", "a..{addr}"},
  });
}

TEST(NormalText, puts_a_mark_in_the_place_of_an_ip_but_not_of_what_a_list_answers) {
  expect_all({
      {"[192.0.2.1] ip=198.51.100.20;", "[{ip}] ip={ip};"},
      {"2001:DB8::1 ipv6:2001:db8:0:0:0:0:0:1", "{ip} ipv6:{ip}"},
      {"[64:ff9b::192.0.2.1]:25", "[{ip}]:{n}"},
      {"::1 and fe80:: end", "{ip} and {ip} end"},
      {"::ffff:192.0.2.1 here", "{ip} here"},
      {"127.0.0.2 and 127.255.255.254", "127.0.0.2 and 127.255.255.254"},
      {"5.1.1.10", "{ip}"},
      {"at 12:34:56", "at {n}"},
      {"1:2:3:4:5:6:7:8: is, 1:2:3:4:5:6:7:8:9 is none", "{ip}: is, {n} is none"},
      {":::::::::::: no", ":::::::::::: no"},
  });
}

TEST(NormalText, puts_a_mark_in_the_place_of_host_names_that_say_nothing) {
  expect_all({
      {"mx1.Example.org said", "{host} said"},
      {"see https://www.example.com/why?x=1", "see https://{host}/why?x={n}"},
      {"mail.protection.example.", "{host}."},
      {"192-0-2-1.dynamic.example.net", "{host}"},
      {"a file.txt is not one", "a file.txt is not one"},
  });
}

TEST(NormalText, keeps_the_known_part_of_a_host_name) {
  expect_all({
      {"https://support.google.com/mail", "https://support.google.com/mail"},
      {"mx.google.com", "{host}.google.com"},
      {"2.2.0.192.zen.spamhaus.org", "{host}.zen.spamhaus.org"},
      {"notgoogle.com", "{host}"},
  });
}

TEST(NormalText, does_not_take_two_sentences_without_a_space_for_a_host_name) {
  expect_all({
      {"message rejected.To send", "message rejected.to send"},
      {"mail is blocked.In short", "mail is blocked.in short"},
      {"mail.example.to", "{host}"},
  });
}

TEST(NormalText, puts_marks_in_the_place_of_ids_and_numbers) {
  expect_all({
      {"queued as 4XyZ12abc9", "queued as {id}"},
      {"d9443c01a7336-23c3.5 - gsmtp", "{id} - gsmtp"},
      {"ab.c-123456 ab.c-12345", "{id} ab.c-12345"},
      {"limit is 12345 of 1,000", "limit is {n} of {n}"},
      {"2026-11-21 08:07", "{n} {n}"},
      {"wait 300s or 5min", "wait {n}s or {n}min"},
      {"size 70 kb", "size {n} kb"},
      {"no 8bitmime", "no 8bitmime"},
  });
}

TEST(NormalText, is_what_the_format_of_rule_files_shows) {
  expect_all(
      {{"550-5.7.1 <Bob@Example.com>: Client mx7.example.org [192.0.2.7]\n"
        "550 5.7.1 is   LISTED; id 4XyZ12abc9, code TSS04",
        "550 5.7.1 <{addr}>: client {host} [{ip}] is listed; id {id}, code tss04"}});
}

TEST(NormalText, keeps_codes_and_short_tokens) {
  expect_all({
      {"550 5.7.26 x", "550 5.7.26 x"},
      {"421 4.7.0 [TSS04] Messages", "421 4.7.0 [tss04] messages"},
      {"OFR_416 AUP#1310 S3150 (IB607) AS(1510)", "ofr_416 aup#1310 s3150 (ib607) as(1510)"},
      {"554.30 and 0x800CCC0E and 10060", "554.30 and 0x800ccc0e and 10060"},
      {"LPN105_4", "lpn105_4"},
  });
}

TEST(NormalText, puts_a_mark_in_the_place_of_json_in_base64) {
  expect_all({
      {"334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoi", "{n} {json64}"},
      {"eyjafjalla", "eyjafjalla"},
  });
}

TEST(NormalText, lowers_the_letters_in_which_servers_speak) {
  expect_all({
      {"BO\xc3\x8eTE \xc3\x89T\xc3\x89", "bo\xc3\xaete \xc3\xa9t\xc3\xa9"},
      {"\xd0\x9f\xd0\xaf\xd0\x81", "\xd0\xbf\xd1\x8f\xd1\x91"},
      {"\xce\x91\xce\xa9", "\xce\xb1\xcf\x89"},
      {"2 \xc3\x97 3", "{n} \xc3\x97 {n}"},
      {"\xe5\x9c\xb0\xe5\x9d\x80", "\xe5\x9c\xb0\xe5\x9d\x80"},
  });
}

TEST(NormalText, is_utf8_whatever_the_octets) {
  expect_all({
      {"a\xff"
       "b",
       "a?b"},
      {"a\xc3", "a?"},
      {"\xc0\xaf \xed\xa0\x80 x", "?? ??? x"},
  });
  std::string all;
  for (int first = 0; first < 256; ++first)
    for (int second = 0; second < 256; ++second) (all += char(first)) += char(second);
  for (size_t at = 0; at < all.size(); at += 997)
    EXPECT_TRUE(base::is_utf8(normal_of(std::string_view(all).substr(at)).text)) << at;
}

// What the first place of `part` in the normal text stands for.
std::string in_input(std::string_view input, std::string_view part) {
  NormalText normal = normal_of(input);
  size_t begin = normal.text.find(part);
  if (begin == std::string::npos) return "not in " + normal.text;
  NormalText::Span span = normal.in_input(input, {begin, begin + part.size()});
  return std::string(input.substr(span.begin, span.end - span.begin));
}

TEST(NormalText, leads_back_to_the_input) {
  struct Back {
    std::string_view input, part, stands_for;
  };
  for (const Back& c : std::vector<Back>{
           {"550 5.1.1 User  UNKNOWN", "user unknown", "User  UNKNOWN"},
           {"<Bob@Example.com>: no", "{addr}", "Bob@Example.com"},
           {"<Bob@Example.com>: no", "<{addr}>: n", "<Bob@Example.com>: n"},
           {"550-5.1.1 No such\r\n550 5.1.1 user", "such user", "such\r\n550 5.1.1 user"},
           {"550-5.1.1 No such\r\n550 5.1.1 user", "no such", "No such"},
           {"550-5.1.1 No such\\r\\n550 5.1.1 user", "no such ", "No such"},
           {"user unknown\\r\\n", "user unknown", "user unknown"},
           {"user unknown  \r\n", "unknown", "unknown"},
           {"x.mx.google.com no", "{host}.google.com", "x.mx.google.com"},
           {"bo\xc3\x8eTE pleine", "te p", "TE p"},
           {"a\xff"
            "b",
            "?", "\xff"},
           // Half a mark stands for the whole of it: evidence is never empty.
           {"host mx.example.com said", "{ho", "mx.example.com"},
           {"host mx.example.com said", "host}", "mx.example.com"},
           {"a b", "b", "b"},
           {"one \t two", " two", "two"},
           {"one \t two", " ", ""},
       })
    EXPECT_EQ(in_input(c.input, c.part), c.stands_for) << c.input << " | " << c.part;
}

TEST(NormalText, gives_nothing_for_a_span_that_is_not_in_the_text) {
  NormalText normal = normal_of("550 no");
  for (NormalText::Span span : {NormalText::Span{0, 0}, {3, 2}, {0, 7}, {100, 200}})
    EXPECT_EQ(normal.in_input("550 no", span).end, 0u);
}

TEST(NormalText, knows_when_it_quotes_our_own_names) {
  const OwnNames own{"192.0.2.1", "example.com"};
  for (const char* input : {"client host [192.0.2.1] blocked", "your domain example.com is bad",
                            "helo mail.Example.COM", "spf for example.com."})
    EXPECT_TRUE(normal_of(input, own).quotes_own_names) << input;
  for (const char* input : {"[192.0.2.10] blocked", "notexample.com", "example.com.au", "",
                            "<bob@example.com> unknown", "192.0.2.1.example.net"})
    EXPECT_FALSE(normal_of(input, own).quotes_own_names) << input;
  EXPECT_TRUE(normal_of("from 2001:DB8::1 no", {"2001:db8::1", ""}).quotes_own_names);
  EXPECT_TRUE(normal_of("[::ffff:192.0.2.1] no", own).quotes_own_names);
  EXPECT_FALSE(normal_of("192.0.2.1 example.com").quotes_own_names);
}

TEST(NormalText, reads_no_more_than_its_limit) {
  std::string input(input_octets_max - 2, 'a');
  EXPECT_EQ(normal_of(input + " bcd").text, input + " b");
  EXPECT_EQ(normal_of(std::string(input_octets_max - 1, 'a') + "\xc3\xa9").text,
            std::string(input_octets_max - 1, 'a') + "?");
}

TEST(NormalText, forgets_the_text_before) {
  NormalText normal;
  normalise("192.0.2.1 a long text that is there before", {}, {"192.0.2.1", ""}, normal);
  normalise("short", {}, {}, normal);
  EXPECT_EQ(normal.text, "short");
  EXPECT_EQ(normal.origin.size(), 6u);
  EXPECT_FALSE(normal.quotes_own_names);
}

TEST(KnownHosts, finds_the_longest_domain_that_a_host_is_under) {
  KnownHosts known = known_hosts();
  EXPECT_EQ(known.suffix_of("a.support.google.com"), "support.google.com");
  EXPECT_EQ(known.suffix_of("google.com"), "google.com");
  EXPECT_EQ(known.suffix_of("com"), "");
  EXPECT_EQ(known.suffix_of(""), "");
}

}  // namespace
}  // namespace waypost::classify
