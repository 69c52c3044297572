#include "mailauth/arc_validate.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

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

// The scenarios of ValiMail's suite: 0 of 171 are left out.
TEST(ArcValidator, agrees_with_the_validation_suite) {
  const auto text = read_test_data("arc/arc-validation.json");
  if (!text) NO_TEST_DATA("arc/arc-validation.json");
  size_t right = 0;
  const boost::json::value suite = boost::json::parse(*text);
  for (const auto& row : suite.as_array()) {
    std::map<std::string, std::string> records;
    for (const auto& [name, record] : row.at("scenario_data").at("txt-records").as_object())
      records[name] = record.as_string();
    const std::string expected(row.at("cv").as_string());
    const ArcResult result =
        validate(std::string(row.at("message").as_string()), key_answers(records));
    // A seal that ended the chain is told apart in the suite; it is a failure.
    const std::string_view wanted = expected == "Pass"   ? "pass"
                                    : expected == "None" ? "none"
                                                         : "fail";
    const bool agrees = name(result.status) == wanted;
    right += agrees;
    EXPECT_TRUE(agrees) << row.at("id").as_string() << ": " << row.at("description").as_string()
                        << " must be " << wanted << ", is " << name(result.status) << ": "
                        << result.reason;
  }
  EXPECT_EQ(right, suite.as_array().size());
  EXPECT_EQ(right, 171u);
}

TEST(ArcValidator, has_nothing_to_say_without_a_chain) {
  const ArcResult result = validate("From: a@b.example\r\n\r\nx\r\n", {});
  EXPECT_EQ(result.status, ChainValidation::none);
  EXPECT_TRUE(result.sets.empty());
}

TEST(ArcValidator, says_nothing_of_seals_that_nobody_checked) {
  // RFC 8617 §5.2, step 2: such a chain is not looked at any further.
  const ArcResult result = validate(
      "ARC-Seal: i=1; a=rsa-sha256; cv=fail; d=a.example; s=x; b=AAAA\r\n"
      "ARC-Message-Signature: i=1; a=rsa-sha256; d=a.example; s=x; h=from; "
      "bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=; b=AAAA\r\n"
      "ARC-Authentication-Results: i=1; a.example; dkim=none\r\n"
      "From: a@b.example\r\n\r\nx\r\n",
      {});
  EXPECT_EQ(result.status, ChainValidation::fail);
  EXPECT_NE(result.reason.find("cv=fail"), std::string::npos) << result.reason;
  ASSERT_EQ(result.sets.size(), 1u);
  EXPECT_EQ(result.sets[0].seal, ArcFinding::not_checked);
  EXPECT_EQ(result.sets[0].message, ArcFinding::not_checked);
}

TEST(ArcSets, must_be_whole_and_without_a_gap) {
  const std::string seal = "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=a.example; s=x; b=AAAA\r\n";
  const std::string signature =
      "ARC-Message-Signature: i=1; a=rsa-sha256; d=a.example; s=x; h=from; "
      "bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=; b=AAAA\r\n";
  const std::string results = "ARC-Authentication-Results: i=1; a.example; none\r\n";
  struct Row {
    std::string octets;
    std::string_view fault;
  };
  auto second = [](std::string field) { return field.replace(field.find("i=1"), 3, "i=2"); };
  const Row rows[] = {
      {seal + signature + results, ""},
      {results + results + signature + seal, "there are two ARC-Authentication-Results with i=1"},
      {signature + results, "set 1 has no ARC-Seal"},
      {second(seal) + second(signature) + second(results), "set 1 of the chain is missing"},
      {"ARC-Seal: i=51; a=rsa-sha256; cv=none; d=a.example; s=x; b=AAAA\r\n",
       "an ARC-Seal has no i= from 1 to 50"},
      {"ARC-Authentication-Results: a.example; i=1; none\r\n",
       "an ARC-Authentication-Results does not begin with i= from 1 to 50"},
  };
  for (const Row& row : rows) {
    const message::HeaderBlock block = message::scan_header_block(row.octets);
    const auto sets = collect_arc_sets(block);
    EXPECT_EQ(sets ? "" : sets.error(), row.fault);
  }
}

}  // namespace
}  // namespace waypost::mailauth
