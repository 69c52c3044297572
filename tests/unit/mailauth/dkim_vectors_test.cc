#include <map>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "mailauth/arc_set.h"
#include "mailauth/authentication_results.h"
#include "mailauth/canonical_body.h"
#include "mailauth/canonical_header.h"
#include "mailauth/dkim_base64.h"
#include "mailauth/dkim_hash.h"
#include "mailauth/dkim_tags.h"
#include "tests/unit/mailauth/test_data.h"

// What another implementation was asked in its own tests, and what it had to answer: 102 rows in
// six files. Rows that are about something else than mail say so below, one by one.
namespace waypost::mailauth {
namespace {

namespace json = boost::json;

using Row = json::object;
using Reasons = std::map<int, std::string_view>;

constexpr std::string_view own_writing =
    "how that library writes a signature's field; ours are verified in dkim_sign_test.cc";
constexpr std::string_view no_fixture = "its message is not a part of the data";
constexpr std::string_view sha1 = "SHA-1 is neither made nor taken (RFC 8301)";
constexpr std::string_view bimi = "BIMI records are not read";
constexpr std::string_view own_options = "an option of that library";
constexpr std::string_view javascript = "about values of JavaScript";

const json::object* event(const Row& row, std::string_view key, std::string_view ends) {
  for (const json::value& one : row.at("events").as_array()) {
    const json::value* found = one.as_object().if_contains(key);
    if (found && found->is_string() && std::string_view(found->get_string()).ends_with(ends))
      return &one.as_object();
  }
  return nullptr;
}

// The texts that the row makes buffers of, by the name that it gives them.
std::map<std::string, std::string> buffers(const Row& row) {
  std::map<std::string, std::string> texts;
  for (const json::value& one : row.at("events").as_array()) {
    const json::value* call = one.as_object().if_contains("call");
    if (call && std::string_view(call->as_string()).ends_with("Buffer.from"))
      texts[std::string(one.at("ret").as_string())] = one.at("args").as_array()[0].as_string();
  }
  return texts;
}

struct Expectation {
  std::string of;    // "r1.tags.v"
  std::string verb;  // "equal"
  bool negated = false;
  json::value wanted;
};

std::vector<Expectation> expectations(const Row& row) {
  std::vector<Expectation> all;
  for (const json::value& one : row.at("events").as_array()) {
    const json::value* of = one.as_object().if_contains("expect");
    if (!of) continue;
    Expectation& made = all.emplace_back();
    if (of->is_string()) made.of = of->as_string();
    if (of->is_object() && of->as_object().contains("$ref"))
      made.of = of->as_object().at("$ref").as_string();
    for (const json::value& link : one.at("chain").as_array()) {
      if (link.is_string() && link.as_string() == "not") made.negated = true;
      if (link.is_string() && link.as_string() != "not") made.verb = link.as_string();
      if (link.is_object() && !link.at("args").as_array().empty())
        made.wanted = link.at("args").as_array()[0];
    }
  }
  return all;
}

// Gives each row to `ask`, but for those with a reason. Both kinds together must be all.
void ask_rows(const std::string& file, size_t rows, const Reasons& reasons,
              const std::function<void(const Row&)>& ask) {
  const auto text = read_test_data("dkim/" + file);
  if (!text) NO_TEST_DATA("dkim/" + file);
  std::istringstream lines(*text);
  int number = 0;
  size_t asked = 0;
  for (std::string line; std::getline(lines, line);) {
    if (reasons.contains(++number)) continue;
    const Row row = json::parse(line).as_object();
    SCOPED_TRACE(std::string(row.at("id").as_string()) + ": " +
                 std::string(row.at("name").as_string()));
    ask(row);
    ++asked;
  }
  EXPECT_EQ(size_t(number), rows) << file;
  EXPECT_EQ(asked + reasons.size(), rows) << file;
}

// "/subject:Test\r\n/" is the only kind of pattern there is: a text.
std::string wanted_text(const json::value& wanted) {
  if (wanted.is_string()) return std::string(wanted.as_string());
  std::string text(wanted.at("$re").as_string());
  text = text.substr(1, text.rfind('/') - 1);
  for (const auto& [escape, octet] : {std::pair("\\r", "\r"), {"\\n", "\n"}})
    if (const size_t at = text.find(escape); at != std::string::npos) text.replace(at, 2, octet);
  return text;
}

void ask_header(const Row& row, CanonicalForm form) {
  const json::object* call = event(row, "call", "Headers");
  ASSERT_TRUE(call);
  const json::object& given = call->at("args").as_array()[1].as_object();
  auto texts = buffers(row);
  std::string octets;
  for (const json::value& header : given.at("headers").as_array())
    octets += texts[std::string(header.at("line").at("$ref").as_string())] + "\r\n";
  const message::HeaderBlock block = message::scan_header_block(octets);
  std::string canonical;
  const auto keys = split_list(given.at("keys").as_string(), ':');
  for (const message::HeaderField* field : FieldPicker(block).pick(keys))
    append_canonical_field(form, *field, octets, canonical);
  size_t checked = 0;
  for (const Expectation& one : expectations(row)) {
    const std::string text = wanted_text(one.wanted);
    EXPECT_EQ(canonical.find(text) == std::string::npos, one.negated) << text;
    ++checked;
  }
  EXPECT_GT(checked, 0u);
}

TEST(DkimVectors, of_relaxed_headers) {
  Reasons reasons{{21, javascript}, {22, own_writing}, {23, own_writing}};
  for (int number : {8, 9, 10, 11, 12, 13, 14, 15, 18}) reasons[number] = own_writing;
  ask_rows("mailauth-canon-header-relaxed.jsonl", 23, reasons,
           [](const Row& row) { ask_header(row, CanonicalForm::relaxed); });
}

TEST(DkimVectors, of_simple_headers) {
  Reasons reasons{{15, javascript}};
  for (int number : {5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17}) reasons[number] = own_writing;
  ask_rows("mailauth-canon-header-simple.jsonl", 17, reasons,
           [](const Row& row) { ask_header(row, CanonicalForm::simple); });
}

std::string hash_of(CanonicalForm form, const std::vector<std::string_view>& pieces,
                    uint64_t octets_max = whole_body) {
  BodyHashes hashes;
  const size_t number = hashes.want(form, octets_max);
  for (std::string_view piece : pieces) hashes.add(piece);
  hashes.finish();
  return encode_base64(hashes.hash(number));
}

void expect_same_hash_in_pieces(CanonicalForm form, std::string_view body) {
  const std::string whole = hash_of(form, {body});
  for (size_t first = 0; first <= body.size(); ++first)
    for (size_t second = first; second <= body.size(); ++second)
      EXPECT_EQ(hash_of(form, {body.substr(0, first), body.substr(first, second - first),
                               body.substr(second)}),
                whole)
          << first << ", " << second;
}

// A row whose body is a file has l=0, which any body serves for; one without an answer asks for the
// same hash in whatever pieces the body comes; one with two texts has what l= leaves as the second.
void ask_body(const Row& row, CanonicalForm form) {
  const auto texts = buffers(row);
  const json::object* made = event(row, "new", "Hash");
  ASSERT_TRUE(made);
  const json::array& arguments = made->at("args").as_array();
  const uint64_t octets_max =
      arguments.size() > 1 ? arguments[1].to_number<uint64_t>() : whole_body;
  const std::string& body = texts.begin()->second;
  const auto wanted = expectations(row);
  if (wanted.empty()) return expect_same_hash_in_pieces(form, body);
  const std::string answer = wanted[0].wanted.is_string()
                                 ? std::string(wanted[0].wanted.as_string())
                                 : encode_base64(sha256(texts.rbegin()->second));
  EXPECT_EQ(hash_of(form, {body}, octets_max), answer);
}

TEST(DkimVectors, of_relaxed_bodies) {
  ask_rows("mailauth-canon-body-relaxed.jsonl", 10,
           {{2, sha1}, {3, no_fixture}, {4, no_fixture}, {8, no_fixture}, {10, "asked below"}},
           [](const Row& row) { ask_body(row, CanonicalForm::relaxed); });
}

TEST(DkimVectors, of_simple_bodies) {
  ask_rows("mailauth-canon-body-simple.jsonl", 6, {{2, sha1}, {3, no_fixture}, {4, no_fixture}},
           [](const Row& row) { ask_body(row, CanonicalForm::simple); });
}

TEST(DkimVectors, of_a_very_long_line) {
  const std::string line(10'485'760, '\0');
  BodyHashes hashes;
  const size_t number = hashes.want(CanonicalForm::relaxed, whole_body);
  hashes.add(line);
  hashes.finish();
  EXPECT_EQ(hashes.canonical_octets(number), line.size() + 2);
}

void ask_tags(const Row& row) {
  const json::object* call = event(row, "call", "parseTagValueRecord");
  ASSERT_TRUE(call);
  const std::string text(call->at("args").as_array()[0].as_string());
  const auto tags = TagList::parse(text);
  for (const Expectation& one : expectations(row)) {
    if (one.of.ends_with(".isValid")) {
      EXPECT_EQ(tags.has_value(), one.verb == "true") << text;
    } else if (const size_t at = one.of.find(".tags."); at != std::string::npos && tags) {
      const Tag* tag = tags->find(std::string_view(one.of).substr(at + 6));
      ASSERT_TRUE(tag) << one.of;
      EXPECT_EQ(tag->value, std::string_view(one.wanted.as_string())) << one.of;
    }
  }
}

TEST(DkimVectors, of_tag_lists) {
  Reasons reasons{{9, "a text with \\n written out, which no record has"},
                  {11, "a tag that stands twice: asked below"},
                  {13, "an empty list: asked below"},
                  {14, javascript},
                  {19, own_options},
                  {20, own_options},
                  {21, own_options},
                  {22, "a tag that stands twice: asked below"}};
  for (int number = 23; number <= 37; ++number) reasons[number] = bimi;
  ask_rows("mailauth-tag-record-parse.jsonl", 37, reasons, ask_tags);
}

TEST(DkimVectors, of_tag_lists_that_another_reader_lets_pass) {
  // RFC 6376 §3.2: no name stands twice, and a list has one tag at least.
  EXPECT_FALSE(TagList::parse("v=BIMI1; v=BIMI2; l=x"));
  EXPECT_FALSE(TagList::parse(""));
  const auto tags = TagList::parse("V=BIMI1; L=x");
  ASSERT_TRUE(tags);
  EXPECT_TRUE(tags->find("V"));
  EXPECT_FALSE(tags->find("v")) << "names have a case";
}

std::optional<AuthenticationResults> results_in(std::string_view field) {
  const size_t colon = field.find(": ");
  const std::string_view value = colon == std::string_view::npos ? field : field.substr(colon + 2);
  if (!value.starts_with("i=")) {
    auto parsed = parse_authentication_results(value);
    return parsed ? std::optional(*parsed) : std::nullopt;
  }
  const auto of_hop = parse_arc_results(value);
  if (!of_hop) return std::nullopt;
  auto parsed = parse_authentication_results(of_hop->results);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

const AuthenticationResult* result_of(const AuthenticationResults& results, std::string_view of) {
  for (const AuthenticationResult& one : results.results)
    if (one.method == of) return &one;
  return nullptr;
}

std::string property(const AuthenticationResult& result, std::string_view type,
                     std::string_view name) {
  for (const AuthenticationProperty& one : result.properties)
    if (one.type == type && one.name == name) return one.value;
  return "";
}

// What a crafted field must not reach is the result, the server's name and the good properties.
void ask_results(const Row& row) {
  size_t calls = 0;
  for (const json::value& one : row.at("events").as_array()) {
    if (!one.as_object().contains("call")) continue;
    ++calls;
    const std::string field(one.at("args").as_array()[0].as_string());
    const auto results = results_in(field);
    if (!results) continue;  // refusing the whole field lets nothing in
    EXPECT_EQ(results->authserv_id,
              field.find("microsoft") != std::string::npos ? "mx.microsoft.com" : "mx.example.com");
    if (const auto* dkim = result_of(*results, "dkim"); dkim && field.starts_with("Auth")) {
      EXPECT_EQ(dkim->result, "pass") << field;
      EXPECT_EQ(property(*dkim, "header", "i"), "") << field;
      if (field.find("header.d=") != std::string::npos) {
        EXPECT_EQ(property(*dkim, "header", "d"), "example.com") << field;
        EXPECT_EQ(property(*dkim, "header", "s"), "sel1") << field;
      }
    }
  }
  EXPECT_GT(calls, 0u);
}

TEST(DkimVectors, of_authentication_results) {
  ask_rows("mailauth-parse-dkim-headers.jsonl", 9, {}, ask_results);
  const auto microsoft = results_in(
      "i=1; mx.microsoft.com 1; spf=fail (sender ip is 192.0.2.1) smtp.mailfrom=sender.example; "
      "dkim=none (message not signed); arc=none (0)");
  ASSERT_TRUE(microsoft);
  const AuthenticationResult* arc = result_of(*microsoft, "arc");
  ASSERT_TRUE(arc);
  EXPECT_EQ(arc->result, "none");
  const auto plain =
      results_in("Authentication-Results: mx.example.com; dkim=pass header.d=example.com");
  ASSERT_TRUE(plain);
  EXPECT_EQ(property(plain->results.at(0), "header", "d"), "example.com");
}

}  // namespace
}  // namespace waypost::mailauth
