#include "mailauth/dkim_sign.h"

#include <gtest/gtest.h>

#include "mailauth/dkim_record.h"
#include "mailauth/dkim_verify.h"
#include "mailauth/txt_strings.h"
#include "tests/unit/mailauth/test_data.h"

namespace waypost::mailauth {
namespace {

using namespace std::chrono_literals;

const WallTime now{std::chrono::seconds(1'800'000'000)};

std::shared_ptr<const PrivateKey> new_key(KeyType type) {
  auto key = PrivateKey::generate(type, 1024);
  EXPECT_TRUE(key);
  return std::make_shared<PrivateKey>(*std::move(key));
}

// One of each for all tests: making them takes time.
const std::vector<SigningKey>& both_keys() {
  static const std::vector<SigningKey> keys = {{"e1", new_key(KeyType::ed25519)},
                                               {"r1", new_key(KeyType::rsa)}};
  return keys;
}

SigningPlan plan() {
  auto made = SigningPlan::create("Shop.Example", both_keys());
  EXPECT_TRUE(made);
  return *std::move(made);
}

Result<std::string> sign(const SigningPlan& plan, const std::string& message) {
  const message::HeaderBlock block = message::scan_header_block(message);
  TRY(DkimSigning signing, DkimSigning::start(plan, message, block, now));
  const std::string_view body = std::string_view(message).substr(block.body_offset);
  signing.add_body(body.substr(0, body.size() / 2));
  signing.add_body(body.substr(body.size() / 2));
  return signing.finish();
}

std::vector<DkimResult> verify(const std::string& message, WallTime at = now) {
  const message::HeaderBlock block = message::scan_header_block(message);
  DkimVerifier verifier(message, block, at);
  verifier.add_body(std::string_view(message).substr(block.body_offset));
  verifier.finish_body();
  std::map<std::string, std::string> records;
  for (const SigningKey& key : both_keys())
    records[dkim_record_name(key.selector, "shop.example")] = dkim_record_text(*key.key);
  return verifier.judge(key_answers(records));
}

const std::string message =
    "Received: by mx.shop.example;  Mon, 1 Jan\r\n"
    "From: Ann  <ann@shop.example>\r\n"
    "To: bob@customer.example,\r\n"
    "  carl@customer.example\r\n"
    "Subject :  your order \r\n"
    "List-Unsubscribe: <https://shop.example/u>\r\n"
    "\r\n"
    "Hello  Bob \r\n"
    "\r\n"
    "Bye\r\n"
    "\r\n\r\n";

TEST(DkimSigning, makes_what_the_verifier_takes_in_every_form) {
  for (CanonicalForm header : {CanonicalForm::simple, CanonicalForm::relaxed})
    for (CanonicalForm body : {CanonicalForm::simple, CanonicalForm::relaxed}) {
      SigningPlan forms = plan();
      forms.header_form = header;
      forms.body_form = body;
      const auto fields = sign(forms, message);
      ASSERT_TRUE(fields);
      const auto results = verify(*fields + message);
      ASSERT_EQ(results.size(), 2u);
      for (const DkimResult& result : results) {
        EXPECT_EQ(result.status, DkimStatus::pass) << result.reason << "\n" << *fields;
        EXPECT_EQ(result.domain, "shop.example");
      }
      EXPECT_EQ(results[0].algorithm, "ed25519-sha256");
      EXPECT_EQ(results[1].algorithm, "rsa-sha256");
    }
}

TEST(DkimSigning, writes_folded_lines) {
  const auto fields = sign(plan(), message);
  ASSERT_TRUE(fields);
  ASSERT_TRUE(fields->ends_with("\r\n"));
  const message::HeaderBlock block = message::scan_header_block(*fields);
  ASSERT_EQ(block.fields.size(), 2u);
  for (const auto& field : block.fields) EXPECT_EQ(field.name, "DKIM-Signature");
  for (size_t at = 0; at < fields->size();) {
    const size_t end = fields->find("\r\n", at);
    const std::string line = fields->substr(at, end - at);
    const size_t columns = line.size() + (line.starts_with('\t') ? 7 : 0);
    EXPECT_LE(columns, 78u) << line;
    at = end + 2;
  }
}

TEST(DkimSigning, survives_what_relaxed_may_survive) {
  const auto fields = sign(plan(), message);
  ASSERT_TRUE(fields);
  std::string changed = *fields + message;
  changed.replace(changed.find("Subject :  your"), 15, "SUBJECT:your");
  changed.replace(changed.find("Hello  Bob "), 11, "Hello Bob");
  changed = "Received: more\r\n" + changed + "\r\n";
  for (const DkimResult& result : verify(changed))
    EXPECT_EQ(result.status, DkimStatus::pass) << result.reason;
}

TEST(DkimSigning, lets_nobody_add_a_field_that_people_see) {
  const auto fields = sign(plan(), message);
  ASSERT_TRUE(fields);
  for (std::string added :
       {"From: x@evil.example", "Subject: x", "To: x@y.example", "Cc: x@y.example",
        "Reply-To: x@evil.example", "Date: x", "Message-ID: <x@y>", "Content-Type: text/html"}) {
    for (const DkimResult& result : verify(added + "\r\n" + *fields + message))
      EXPECT_EQ(result.status, DkimStatus::fail) << added;
  }
  for (std::string added : {"Received: x", "Sender: list@y.example", "X-Spam: no"})
    for (const DkimResult& result : verify(added + "\r\n" + *fields + message))
      EXPECT_EQ(result.status, DkimStatus::pass) << added;
}

TEST(DkimSigning, ends_when_the_plan_says) {
  SigningPlan short_lived = plan();
  short_lived.valid_for = 1h;
  const auto fields = sign(short_lived, message);
  ASSERT_TRUE(fields);
  EXPECT_EQ(verify(*fields + message, now + 1h)[0].status, DkimStatus::pass);
  EXPECT_EQ(verify(*fields + message, now + 2h)[0].status, DkimStatus::policy);
}

TEST(DkimSigning, refuses_what_cannot_be_signed) {
  EXPECT_FALSE(sign(plan(), "To: a@b.example\r\n\r\nx\r\n"));
  std::string large = "From: a@b.example\r\n";
  while (large.size() < message::header_block_octets_max) large += "X: y\r\n";
  EXPECT_FALSE(sign(plan(), large));
  EXPECT_FALSE(SigningPlan::create("shop.example", {}));
  EXPECT_FALSE(SigningPlan::create("shop..example", both_keys()));
  EXPECT_FALSE(SigningPlan::create("", both_keys()));
  EXPECT_FALSE(SigningPlan::create("shop.example", {{"s 1", both_keys()[0].key}}));
}

TEST(DkimSigning, signs_lines_that_end_with_lf_as_they_will_travel) {
  std::string lines = message;
  std::erase(lines, '\r');
  EXPECT_EQ(*sign(plan(), lines), *sign(plan(), message));
}

TEST(PrivateKey, comes_back_from_pem) {
  for (KeyType type : {KeyType::rsa, KeyType::ed25519}) {
    const auto key = new_key(type);
    const Secret pem = key->to_pem();
    EXPECT_TRUE(pem.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    const auto again = PrivateKey::parse(pem);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->public_octets(), key->public_octets());
    const std::string hash(32, 'h');
    const auto signature = again->sign(hash);
    ASSERT_TRUE(signature);
    const auto public_key = PublicKey::from_octets(type, key->public_octets());
    ASSERT_TRUE(public_key);
    EXPECT_TRUE(public_key->verifies(hash, *signature));
    EXPECT_FALSE(public_key->verifies(std::string(32, 'x'), *signature));
    EXPECT_FALSE(public_key->verifies(hash, signature->substr(1)));
  }
}

TEST(PrivateKey, refuses_what_cannot_sign_mail_and_never_quotes_it) {
  for (std::string_view text :
       {"", "-----BEGIN PRIVATE KEY-----\nHUSH\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nHUSH\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "SFVTSA=="}) {
    const auto key = PrivateKey::parse(Secret(text));
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code(), ErrorCode::invalid_input);
    EXPECT_EQ(key.error().describe().find("HUSH"), std::string::npos);
    EXPECT_EQ(key.error().describe().find("SFVT"), std::string::npos);
  }
  EXPECT_FALSE(PrivateKey::parse(Secret(std::string(private_key_octets_max + 1, 'A'))));
  EXPECT_FALSE(PrivateKey::generate(KeyType::rsa, 512));
}

TEST(PrivateKey, reads_an_ed25519_seed) {
  // RFC 8463 appendix A.1.
  const auto key = PrivateKey::parse(Secret("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n"));
  ASSERT_TRUE(key);
  EXPECT_EQ(dkim_record_text(*key),
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
}

TEST(DkimRecord, is_split_into_strings_that_dns_can_hold) {
  const std::string text(600, 'x');
  const auto strings = txt_strings(text);
  ASSERT_EQ(strings.size(), 3u);
  EXPECT_EQ(strings[0].size(), 255u);
  EXPECT_EQ(strings[2].size(), 90u);
  EXPECT_EQ(txt_strings("").size(), 1u);
  EXPECT_EQ(txt_zone_line("a.example", "v=1; \"q\""), "a.example. IN TXT \"v=1; \\\"q\\\"\"");
}

}  // namespace
}  // namespace waypost::mailauth
