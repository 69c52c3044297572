#include "mailauth/arc_seal.h"

#include <algorithm>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/ascii.h"
#include "mailauth/arc_validate.h"
#include "mailauth/authentication_results.h"
#include "mailauth/dkim_hash.h"
#include "mailauth/dkim_record.h"
#include "mailauth/dkim_verify.h"
#include "tests/unit/mailauth/test_data.h"

namespace waypost::mailauth {
namespace {

ArcResult validate(const std::string& message, const KeyAnswers& keys) {
  const message::HeaderBlock block = message::scan_header_block(message);
  ArcValidator validator(message, block);
  validator.add_body(std::string_view(message).substr(block.body_offset));
  validator.finish_body();
  return validator.judge(keys);
}

Result<std::string> seal(const ArcSealPlan& plan, const std::string& message, ChainValidation chain,
                         const std::vector<std::string>& results, int64_t seconds) {
  const message::HeaderBlock block = message::scan_header_block(message);
  TRY(ArcSealing sealing, ArcSealing::start(plan, message, block, chain, results,
                                            WallTime(std::chrono::seconds(seconds))));
  sealing.add_body(std::string_view(message).substr(block.body_offset));
  return sealing.finish();
}

std::shared_ptr<const PrivateKey> new_key(KeyType type) {
  return std::make_shared<PrivateKey>(*PrivateKey::generate(type, 1024));
}

TEST(ArcSealing, makes_chains_that_hold_hop_after_hop) {
  std::map<std::string, std::string> records;
  std::string message = "From: Ann <ann@shop.example>\r\nSubject: list\r\n\r\nHello\r\n";
  for (unsigned hop = 1; hop <= 4; ++hop) {
    const std::string domain = "hop" + std::to_string(hop) + ".example";
    const SigningKey key{"s", new_key(hop % 2 ? KeyType::rsa : KeyType::ed25519)};
    records[dkim_record_name("s", domain)] = dkim_record_text(*key.key);
    const auto plan = ArcSealPlan::create(domain, key, "mx." + domain);
    ASSERT_TRUE(plan);
    const ArcResult before = validate(message, key_answers(records));
    const auto fields =
        seal(*plan, message, before.status, {"arc=" + std::string(name(before.status)), "spf=pass"},
             1'800'000'000);
    ASSERT_TRUE(fields);
    message = *fields + message;
    const ArcResult after = validate(message, key_answers(records));
    ASSERT_EQ(after.status, ChainValidation::pass) << after.reason << "\n" << message;
    ASSERT_EQ(after.sets.size(), hop);
    EXPECT_EQ(after.sets.back().authserv_id, "mx." + domain);
    EXPECT_EQ(after.sets.back().results, "arc=" + std::string(name(before.status)) + "; spf=pass");
    EXPECT_EQ(after.oldest_pass, 0u);
  }
  const ArcResult changed = validate(message + "footer\r\n", key_answers(records));
  EXPECT_EQ(changed.status, ChainValidation::fail);
  EXPECT_TRUE(changed.reason.starts_with("the signature of hop 4")) << changed.reason;
  records.erase("s._domainkey.hop2.example");
  EXPECT_EQ(validate(message, key_answers(records)).status, ChainValidation::fail);
}

TEST(ArcSealing, says_since_which_hop_the_message_is_unchanged) {
  std::map<std::string, std::string> records;
  std::string message = "From: ann@shop.example\r\n\r\nHello\r\n";
  for (std::string domain : {"one.example", "two.example"}) {
    const SigningKey key{"s", new_key(KeyType::ed25519)};
    records[dkim_record_name("s", domain)] = dkim_record_text(*key.key);
    const auto plan = ArcSealPlan::create(domain, key, domain);
    const ChainValidation chain = validate(message, key_answers(records)).status;
    // A list takes it as it was, adds its line, and seals what it sends on.
    if (domain == "two.example") message += "footer\r\n";
    const auto fields = seal(*plan, message, chain, {"spf=none"}, 1'800'000'000);
    ASSERT_TRUE(fields);
    message = *fields + message;
  }
  const ArcResult result = validate(message, key_answers(records));
  EXPECT_EQ(result.status, ChainValidation::pass) << result.reason;
  EXPECT_EQ(result.oldest_pass, 2u);
  EXPECT_EQ(result.sets[0].message, ArcFinding::broken);
  EXPECT_EQ(result.sets[0].seal, ArcFinding::holds);
  EXPECT_EQ(result.sets[1].message, ArcFinding::holds);
  records.erase(dkim_record_name("s", "one.example"));
  const ArcResult keyless = validate(message, key_answers(records));
  EXPECT_EQ(keyless.status, ChainValidation::fail);
  EXPECT_EQ(keyless.sets[0].message, ArcFinding::unknown) << "nobody knows whether it was changed";
  EXPECT_EQ(keyless.sets[0].seal, ArcFinding::unknown);
}

TEST(ArcSealing, folds_long_results) {
  const auto plan =
      ArcSealPlan::create("a.example", {"s", new_key(KeyType::ed25519)}, "mx.a.example");
  std::string result = "dkim=pass";
  for (int i = 0; i < 60; ++i) result += " header.d=shop.example";
  const auto fields = seal(*plan, "From: x@y.example\r\n\r\n", ChainValidation::none, {result}, 1);
  ASSERT_TRUE(fields);
  for (size_t at = 0; at < fields->size(); at = fields->find("\r\n", at) + 2)
    EXPECT_LE(fields->find("\r\n", at) - at, 78u);
  EXPECT_NE(message::unfold(*fields).find(result), std::string::npos);
}

// Tags by name, without blanks: b= differs by folding and by the order of the tags.
std::map<std::string, std::string> tags_of(std::string_view value) {
  std::map<std::string, std::string> tags;
  for (std::string tag : split_list(value, ';')) {
    std::erase_if(tag, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
    const size_t equals = tag.find('=');
    if (!tag.empty()) tags[tag.substr(0, equals)] = base::to_lower(tag.substr(equals + 1));
  }
  return tags;
}

std::string joined(const std::map<std::string, std::string>& tags) {
  std::string text;
  for (const auto& [name, value] : tags) text += name + "=" + value + "; ";
  return text;
}

// Blanks and line ends in a row are one space, as relaxed has it.
std::string on_one_line(std::string_view text) {
  std::string line;
  for (char c : trim_folding(text)) {
    if (c == '\n') c = ' ';
    if (c != ' ' || !line.ends_with(' ')) line += c;
  }
  return line;
}

// As the suite's README has it: one space behind each semicolon, no other blanks.
std::string suite_field(std::string_view value) {
  std::string field;
  for (std::string tag : split_list(value, ';')) {
    std::erase_if(tag, [](char c) { return c == ' ' || c == '\n'; });
    field += (field.empty() ? "" : "; ") + tag;
  }
  return field;
}

struct Case {
  std::string id;
  std::string message;
  std::string seal;
  std::string signature;
  std::string results;
  KeyAnswers keys;
  std::vector<std::string> fields;
  int64_t seconds = 0;
  std::string authserv_id;
};

// The suite's own seal must hold by our rules, too, or ours would be compared with nothing.
void check_suite_seal(const Case& row) {
  const std::string message = "ARC-Seal: " + suite_field(row.seal) +
                              "\r\nARC-Message-Signature: " + suite_field(row.signature) +
                              "\r\nARC-Authentication-Results: " + on_one_line(row.results) +
                              "\r\n" + row.message;
  const ArcResult result = validate(message, row.keys);
  const bool ended = tags_of(row.seal).at("cv") == "fail";
  EXPECT_EQ(result.status, ended ? ChainValidation::fail : ChainValidation::pass)
      << row.id << ": " << result.reason;
}

void check_case(const Case& row, const ArcSealPlan& plan) {
  const message::HeaderBlock block = message::scan_header_block(row.message);
  const ArcResult chain = validate(row.message, row.keys);
  const auto fields =
      seal(plan, row.message, chain.status, results_of_server(block, row.authserv_id), row.seconds);
  ASSERT_TRUE(fields) << row.id;
  if (row.seal.empty()) {
    EXPECT_TRUE(fields->empty()) << row.id << ": a chain that was ended gets no other set";
    return;
  }
  check_suite_seal(row);
  const message::HeaderBlock added = message::scan_header_block(*fields);
  ASSERT_EQ(added.fields.size(), 3u) << row.id;
  auto ours = tags_of(added.find("ARC-Seal")->value);
  auto theirs = tags_of(row.seal);
  EXPECT_EQ(ours.erase("b") + theirs.erase("b"), 2u);
  EXPECT_EQ(joined(ours), joined(theirs)) << row.id;
  ours = tags_of(added.find("ARC-Message-Signature")->value);
  theirs = tags_of(row.signature);
  EXPECT_EQ(ours.erase("b") + theirs.erase("b"), 2u);
  EXPECT_EQ(joined(ours), joined(theirs)) << row.id;
  std::string results = message::unfold(added.find("ARC-Authentication-Results")->value);
  std::replace(results.begin(), results.end(), '\t', ' ');
  EXPECT_EQ(results, on_one_line(row.results)) << row.id;
  const ArcResult after = validate(*fields + row.message, row.keys);
  EXPECT_EQ(after.status,
            chain.status == ChainValidation::fail ? ChainValidation::fail : ChainValidation::pass)
      << row.id << ": " << after.reason;
}

TEST(ArcSealing, agrees_with_the_signing_suite) {
  const auto text = read_test_data("arc/arc-sign.json");
  if (!text) NO_TEST_DATA("arc/arc-sign.json");
  const boost::json::value suite = boost::json::parse(*text);
  EXPECT_EQ(suite.as_array().size(), 17u);
  for (const auto& entry : suite.as_array()) {
    auto get = [&entry](const char* name) { return std::string(entry.at(name).as_string()); };
    const auto& scenario = entry.at("scenario_data");
    std::map<std::string, std::string> records;
    for (const auto& [name, record] : scenario.at("txt-records").as_object())
      records[name] = record.as_string();
    Case row{get("id"),
             get("message"),
             get("AS"),
             get("AMS"),
             get("AAR"),
             key_answers(records),
             split_list(get("sig-headers"), ':'),
             entry.at("t").as_int64(),
             get("srv-id")};
    auto key = PrivateKey::parse(Secret(scenario.at("privatekey").as_string()));
    ASSERT_TRUE(key);
    auto plan = ArcSealPlan::create(std::string(scenario.at("domain").as_string()),
                                    {std::string(scenario.at("sel").as_string()),
                                     std::make_shared<PrivateKey>(*std::move(key))},
                                    row.authserv_id);
    ASSERT_TRUE(plan);
    plan->fields = row.fields;
    check_case(row, *plan);
  }
}

// RFC 8617 §5.1.2: the seal of a hop that found the chain broken covers its own set alone.
TEST(ArcSealing, of_a_broken_chain_covers_its_own_set) {
  const SigningKey key{"s", new_key(KeyType::rsa)};
  const auto plan = ArcSealPlan::create("a.example", key, "mx.a.example");
  const std::string message =
      "ARC-Authentication-Results: i=1; b.example; none\r\nFrom: x@y.example\r\n\r\nHello\r\n";
  const auto fields = seal(*plan, message, ChainValidation::fail, {"arc=fail"}, 1);
  ASSERT_TRUE(fields);
  const message::HeaderBlock block = message::scan_header_block(*fields);
  ArcSet set;
  set.instance = 2;
  set.results = block.find("ARC-Authentication-Results");
  set.signature = block.find("ARC-Message-Signature");
  set.seal = block.find("ARC-Seal");
  const auto tags = TagList::parse(set.seal->value);
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->find("cv")->value, "fail");
  EXPECT_EQ(tags->find("i")->value, "2");
  const auto signature = parse_common_tags(*tags);
  ASSERT_TRUE(signature);
  std::string canonical = sealed_octets({set}, 2, 2, *fields);
  append_canonical_signature(CanonicalForm::relaxed, *set.seal, *fields, signature->b_begin,
                             signature->b_end, canonical);
  const auto keys = key_answers({{"s._domainkey.a.example", dkim_record_text(*key.key)}});
  EXPECT_EQ(check_with_key(*signature, keys, sha256(canonical)).status, DkimStatus::pass);
  // And the next hop leaves it at that.
  EXPECT_EQ(*seal(*plan, *fields + message, ChainValidation::fail, {}, 2), "");
}

}  // namespace
}  // namespace waypost::mailauth
