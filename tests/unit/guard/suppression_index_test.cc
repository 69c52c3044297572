#include "guard/suppression_index.h"

#include <gtest/gtest.h>

namespace waypost::guard {
namespace {

using namespace std::chrono_literals;
using records::Suppression;
using records::SuppressionScope;

constexpr WallTime day_one{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

Suppression entry(std::string key, std::string reason = "recipient-unknown",
                  SuppressionScope scope = SuppressionScope::all_mail, std::string name = "") {
  Suppression made;
  made.key = std::move(key);
  made.reason = std::move(reason);
  made.scope = scope;
  made.scope_name = std::move(name);
  made.since = day_one;
  return made;
}

std::string reason_of(const SuppressionIndex& index, const Question& question,
                      WallTime now = day_one) {
  auto found = index.find(question, now);
  return found ? found->reason : "";
}

struct SuppressionIndexTest : testing::Test {
  void put(const Suppression& one) { index.put({&one, 1}); }
  void remove(const Suppression& one) { index.remove({&one, 1}); }
  SuppressionIndex index;
};

TEST_F(SuppressionIndexTest, finds_what_was_put_until_it_is_removed) {
  put(entry("ann@example.net"));
  EXPECT_EQ(reason_of(index, {"ann@example.net", "bulk", "shop.example"}), "recipient-unknown");
  EXPECT_EQ(index.find({"ann@example.net", "", ""}, day_one)->since, day_one);
  EXPECT_EQ(reason_of(index, {"bob@example.net", "bulk", "shop.example"}), "");
  remove(entry("ann@example.net"));
  EXPECT_EQ(reason_of(index, {"ann@example.net", "bulk", "shop.example"}), "");
  EXPECT_EQ(index.size(), 0u);
}

TEST_F(SuppressionIndexTest, keeps_a_stream_and_a_sender_domain_to_their_mail) {
  put(entry("ann@example.net", "complaint", SuppressionScope::stream, "bulk"));
  put(entry("bob@example.net", "unsubscribe", SuppressionScope::sender_domain, "shop.example"));
  EXPECT_EQ(reason_of(index, {"ann@example.net", "BULK", "shop.example"}), "complaint");
  EXPECT_EQ(reason_of(index, {"ann@example.net", "passwords", "shop.example"}), "");
  EXPECT_EQ(reason_of(index, {"bob@example.net", "bulk", "shop.example"}), "unsubscribe");
  EXPECT_EQ(reason_of(index, {"bob@example.net", "bulk", "other.example"}), "");
  EXPECT_EQ(reason_of(index, {"bob@example.net", "bulk", ""}), "");
}

TEST_F(SuppressionIndexTest, names_what_concerns_all_mail_first) {
  put(entry("ann@example.net", "complaint", SuppressionScope::stream, "bulk"));
  put(entry("ann@example.net", "recipient-unknown"));
  EXPECT_EQ(reason_of(index, {"ann@example.net", "bulk", ""}), "recipient-unknown");
}

TEST_F(SuppressionIndexTest, forgets_what_has_run_out) {
  Suppression brief = entry("ann@example.net");
  brief.expires = day_one + 1h;
  put(brief);
  EXPECT_EQ(reason_of(index, {"ann@example.net", "", ""}, day_one + 59min), "recipient-unknown");
  EXPECT_EQ(reason_of(index, {"ann@example.net", "", ""}, day_one + 1h), "");
}

TEST_F(SuppressionIndexTest, takes_the_newest_of_the_same_key) {
  put(entry("ann@example.net", "complaint"));
  put(entry("ann@example.net", "by-hand"));
  EXPECT_EQ(reason_of(index, {"ann@example.net", "", ""}), "by-hand");
  EXPECT_EQ(index.size(), 1u);
}

TEST_F(SuppressionIndexTest, has_one_name_for_reasons_beyond_the_thousandth) {
  for (int i = 0; i < 1500; ++i)
    put(entry(std::to_string(i) + "@example.net", "reason-" + std::to_string(i)));
  EXPECT_EQ(reason_of(index, {"0@example.net", "", ""}), "reason-0");
  EXPECT_EQ(reason_of(index, {"1499@example.net", "", ""}), "other");
}

}  // namespace
}  // namespace waypost::guard
