#include "demo/provider.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "io/sim_world.h"

namespace waypost::demo {
namespace {

using namespace std::chrono_literals;

const Persona& persona(std::string_view domain) {
  return *std::find_if(personas().begin(), personas().end(),
                       [&](const Persona& each) { return each.domain == domain; });
}

class ProviderTest : public ::testing::Test {
 protected:
  Provider provider(std::string_view domain, uint64_t seed = 1) {
    return Provider(
        {process_, nullptr, seed, [this](ComeBack back) { came_back_.push_back(std::move(back)); }},
        persona(domain));
  }
  static Provider::Content content(const std::string& to, bool is_signed = true) {
    return {"return@bounces.shop.test",
            {to},
            std::string(is_signed ? "DKIM-Signature: v=1\r\n" : "") +
                "From: Shop <hello@shop.test>\r\n\r\n",
            "127.0.0.1"};
  }
  static int code(const Provider::RecipientAnswer& answer) {
    return answer.refusal ? answer.refusal->code : 250;
  }

  io::SimWorld world_{1};
  io::SimProcess& process_ = world_.make_process(IpAddress::v4({192, 0, 2, 1}));
  std::vector<ComeBack> came_back_;
};

TEST_F(ProviderTest, what_is_left_to_chance_follows_from_the_seed_and_not_from_the_order) {
  const auto answers = [&](uint64_t seed, bool backwards) {
    Provider outlook = provider("outlook.test", seed);
    std::map<std::string, int> codes;
    for (int i = 0; i < 60; ++i) {
      const std::string to = "anna" + std::to_string(backwards ? 59 - i : i) + "@outlook.test";
      codes[to] = outlook.judge(content(to)).code;
    }
    return codes;
  };
  EXPECT_EQ(answers(7, false), answers(7, true));
  EXPECT_NE(answers(7, false), answers(8, false));
  const auto codes = answers(7, false);
  const auto busy = std::count_if(codes.begin(), codes.end(),
                                  [](const auto& answer) { return answer.second == 451; });
  EXPECT_GT(busy, 3);
  EXPECT_LT(busy, 25);
}

TEST_F(ProviderTest, unsigned_mail_is_refused_in_the_name_of_its_author) {
  Provider gmail = provider("gmail.test");
  EXPECT_EQ(gmail.judge(content("anna@gmail.test")).code, 250);
  const smtp::Reply refused = gmail.judge(content("anna@gmail.test", false));
  EXPECT_EQ(refused.code, 550);
  EXPECT_NE(refused.text().find("SPF [shop.test]"), std::string::npos) << refused.text();
}

TEST_F(ProviderTest, a_full_mailbox_has_room_later_and_an_unknown_one_is_never_known) {
  Provider gmail = provider("gmail.test");
  EXPECT_EQ(code(gmail.answer_recipient({"full.bob", "gmail.test"})), 452);
  EXPECT_EQ(code(gmail.answer_recipient({"full.bob", "gmail.test"})), 250);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(code(gmail.answer_recipient({"nobody.bob", "gmail.test"})), 550);
}

TEST_F(ProviderTest, over_its_pace_mail_is_put_off) {
  Provider gmail = provider("gmail.test");
  unsigned taken = 0;
  for (int i = 0; i < 20; ++i) taken += !gmail.refuse_mail(true, "127.0.0.1");
  EXPECT_EQ(taken, persona("gmail.test").messages_per_second_max);
}

TEST_F(ProviderTest, a_bank_takes_nothing_in_the_clear) {
  Provider bank = provider("bank.test");
  EXPECT_TRUE(bank.refuse_mail(false, "127.0.0.1"));
  EXPECT_FALSE(bank.refuse_mail(true, "127.0.0.1"));
}

TEST_F(ProviderTest, magic_mailboxes_do_as_they_are_called) {
  Provider bank = provider("bank.test");
  EXPECT_TRUE(bank.answer_recipient({"timeout+1", "bank.test"}).is_silent);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(code(bank.answer_recipient({"defer-3x", "bank.test"})), 451) << i;
  EXPECT_EQ(code(bank.answer_recipient({"defer-3x", "bank.test"})), 250);
  EXPECT_EQ(code(bank.answer_recipient({"defer-3x+b", "bank.test"})), 451);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(code(bank.answer_recipient({"421-4.7.28", "bank.test"})), 421);
  for (const char* mailbox : {"latebounce", "complaint", "anna"}) {
    EXPECT_EQ(code(bank.answer_recipient({mailbox, "bank.test"})), 250);
    EXPECT_EQ(bank.judge(content(std::string(mailbox) + "@bank.test")).code, 250);
  }
  ASSERT_EQ(came_back_.size(), 2u);
  EXPECT_EQ(came_back_[0].kind, ComeBack::Kind::bounce);
  EXPECT_EQ(came_back_[0].reply.code, 550);
  EXPECT_EQ(came_back_[1].kind, ComeBack::Kind::complaint);
  EXPECT_EQ(came_back_[1].recipient, "complaint@bank.test");
}

TEST_F(ProviderTest, nothing_comes_back_to_nobody) {
  Provider late = provider("late.test");
  Provider::Content notice = content("anna@late.test");
  notice.reverse_path.clear();
  EXPECT_EQ(late.judge(notice).code, 250);
  EXPECT_TRUE(came_back_.empty());
  EXPECT_EQ(late.judge(content("anna@late.test")).code, 250);
  EXPECT_EQ(came_back_.size(), 1u);
}

}  // namespace
}  // namespace waypost::demo
