#include "returns/return_paths.h"

#include <array>

#include <gtest/gtest.h>

#include "base/ascii.h"

namespace waypost::returns {
namespace {

ReturnPaths make_paths() {
  std::vector<ReturnPath> paths{{"bounces.shop.example",
                                 {"shop.example"},
                                 {"abuse", "fbl"},
                                 {"leave"},
                                 {"people", "shop.example"}},
                                {"r.example", {}, {}, {}, {"people", "other.example"}}};
  return {std::move(paths), Secret(std::string(32, 'k'))};
}

spool::Envelope envelope_from(std::optional<smtp::Mailbox> sender) {
  spool::Envelope envelope;
  std::array<uint8_t, 10> random{};
  envelope.id = MessageId::make(WallTime(std::chrono::hours(480'000)), random);
  envelope.sender = std::move(sender);
  envelope.recipients = {{"ann", "a.example"}, {"bob", "a.example"}, {"eve", "e.example"}};
  return envelope;
}

std::optional<smtp::Mailbox> path_of(const ReturnPaths& paths, const spool::Envelope& envelope,
                                     std::vector<uint32_t> recipients) {
  return paths.reverse_path(envelope, recipients);
}

TEST(ReturnPaths, each_transaction_gets_an_address_that_says_whom_it_can_be_about) {
  const ReturnPaths paths = make_paths();
  const spool::Envelope envelope = envelope_from(smtp::Mailbox{"app", "shop.example"});
  struct Row {
    std::vector<uint32_t> recipients;
    Reach reach;
  };
  for (const Row& row :
       {Row{{1}, Reach::recipient}, Row{{0, 1}, Reach::domain}, Row{{0, 1, 2}, Reach::message}}) {
    const auto made = path_of(paths, envelope, row.recipients);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->domain, "bounces.shop.example");
    const auto arrived = paths.arrived(*made);
    ASSERT_TRUE(arrived && arrived->reference);
    EXPECT_EQ(arrived->reference->message, envelope.id);
    EXPECT_EQ(arrived->reference->reach, row.reach);
    EXPECT_EQ(arrived->reference->recipient, row.recipients.front());
    EXPECT_FALSE(paths.refuse(*made));
  }
}

TEST(ReturnPaths, senders_have_the_one_of_their_domain_or_the_one_of_all_others) {
  const ReturnPaths paths = make_paths();
  EXPECT_EQ(path_of(paths, envelope_from(smtp::Mailbox{"a", "else.example"}), {0})->domain,
            "r.example");
  const ReturnPaths only_shop{{{"bounces.shop.example", {"shop.example"}, {}, {}, {}}},
                              Secret(std::string(32, 'k'))};
  EXPECT_FALSE(path_of(only_shop, envelope_from(smtp::Mailbox{"a", "else.example"}), {0}));
}

TEST(ReturnPaths, the_senders_own_stands_where_it_must) {
  const ReturnPaths paths = make_paths();
  EXPECT_FALSE(path_of(paths, envelope_from(std::nullopt), {0})) << "the null reverse-path";
  spool::Envelope strangers = envelope_from(smtp::Mailbox{"app", "shop.example"});
  strangers.inbound = true;
  EXPECT_FALSE(path_of(paths, strangers, {0}));
  spool::Envelope asking = envelope_from(smtp::Mailbox{"app", "shop.example"});
  asking.recipient_dsn[1].notify.success = true;
  EXPECT_TRUE(path_of(paths, asking, {0}));
  EXPECT_FALSE(path_of(paths, asking, {0, 1})) << "bob's delivery is asked for";
}

TEST(ReturnPaths, nobody_else_lives_in_such_a_domain) {
  const ReturnPaths paths = make_paths();
  EXPECT_FALSE(paths.refuse({"FBL", "bounces.shop.example"}));
  EXPECT_FALSE(paths.refuse({"Postmaster", "r.example"}));
  EXPECT_FALSE(paths.arrived({"fbl", "bounces.shop.example"})->unsubscribes);
  EXPECT_TRUE(paths.arrived({"Leave", "bounces.shop.example"})->unsubscribes);
  EXPECT_TRUE(paths.refuse({"leave", "r.example"}));
  const auto refused = paths.refuse({"fbl", "r.example"});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, 550);
  EXPECT_EQ(refused->enhanced->text(), "5.1.1");
  EXPECT_TRUE(paths.refuse({std::string(49, 'b'), "r.example"}));
  EXPECT_FALSE(paths.owns("shop.example"));
  EXPECT_TRUE(paths.owns("R.example"));
}

TEST(ReturnPaths, makes_an_address_to_unsubscribe_by_for_one_recipient_of_such_a_stream) {
  std::vector<ReturnPath> made{{"bounces.shop.example",
                                {"shop.example"},
                                {},
                                {"leave", "unsubscribe"},
                                {"people", "shop.example"},
                                {},
                                {"news"}}};
  const ReturnPaths paths(std::move(made), Secret(std::string(32, 'k')));
  spool::Envelope envelope = envelope_from(smtp::Mailbox{"app", "shop.example"});
  envelope.stream = "news";
  EXPECT_FALSE(paths.unsubscribe_address(envelope)) << "of whom?";
  envelope.recipients.resize(1);
  const auto address = paths.unsubscribe_address(envelope);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->local_part.substr(0, 6), "leave-");
  EXPECT_LE(address->local_part.size(), 64u);
  const auto arrived = paths.arrived({base::to_upper(address->local_part), address->domain});
  ASSERT_TRUE(arrived && arrived->reference && arrived->unsubscribes);
  EXPECT_EQ(*arrived->reference, (Reference{envelope.id, Reach::recipient, 0}));
  EXPECT_TRUE(paths.refuse({"other-" + address->local_part.substr(6), address->domain}));
  EXPECT_TRUE(paths.refuse({address->local_part + "a", address->domain}));
  EXPECT_TRUE(paths.refuse({"leave-", address->domain}));
  EXPECT_FALSE(paths.arrived({address->local_part.substr(6), address->domain})->unsubscribes);
  envelope.stream = "receipts";
  EXPECT_FALSE(paths.unsubscribe_address(envelope));
  envelope.stream = "news";
  envelope.inbound = true;
  EXPECT_FALSE(paths.unsubscribe_address(envelope));
}

TEST(ReturnPaths, knows_its_addresses_behind_a_tag_and_in_that_of_a_forwarder) {
  const ReturnPaths paths = make_paths();
  const spool::Envelope envelope = envelope_from(smtp::Mailbox{"app", "shop.example"});
  const auto address = path_of(paths, envelope, {0});
  ASSERT_TRUE(address);
  const auto tagged = paths.arrived({"prvs=0123abcdef=" + address->local_part, address->domain});
  ASSERT_TRUE(tagged);
  EXPECT_EQ(tagged->reference, paths.arrived(*address)->reference);
  EXPECT_FALSE(paths.arrived({"prvs=" + address->local_part, address->domain}));
  const std::string wrapped =
      "=AbCd=XY=" + base::to_upper(address->domain) + "=" + address->local_part;
  EXPECT_EQ(paths.rewritten_reference_in({"SRS0" + wrapped, "fwd.example"}), tagged->reference);
  EXPECT_FALSE(paths.rewritten_reference_in({"x" + wrapped, "fwd.example"}));
  EXPECT_FALSE(
      paths.rewritten_reference_in({"SRS0=a=b=other.example=" + address->local_part, "f.example"}));
  EXPECT_FALSE(paths.rewritten_reference_in({"SRS0=" + address->local_part, "f.example"}));
  EXPECT_FALSE(paths.reference_in({"SRS0" + wrapped, "fwd.example"}));
}

TEST(ReturnPaths, knows_as_whom_mail_is_sent) {
  const ReturnPaths paths = make_paths();
  for (const char* ours :
       {"shop.example", "news.shop.example", "bounces.shop.example", "r.example"})
    EXPECT_TRUE(paths.sends_as(ours)) << ours;
  for (const char* others : {"other.example", "myshop.example", "example", ""})
    EXPECT_FALSE(paths.sends_as(others)) << others;
}

TEST(ReturnPaths, a_reply_that_names_the_domain_is_about_us) {
  const ReturnPaths paths = make_paths();
  EXPECT_TRUE(paths.is_named_in("550 <bx@Bounces.Shop.Example>: user unknown"));
  EXPECT_FALSE(paths.is_named_in("550 <ann@a.example>: user unknown"));
}

}  // namespace
}  // namespace waypost::returns
