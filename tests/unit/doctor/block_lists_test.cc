#include "doctor/block_lists.h"

#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "tests/fakes/test_loop.h"

namespace waypost::doctor {
namespace {

using Kind = ListVerdict::Kind;

class BlockListsTest : public testing::Test {
 protected:
  BlockListsTest() {
    list_.zone = "bl.example";
    list_.name = "Example";
    list_.knows_v4 = true;
    list_.answers = {{*IpAddress::parse("127.0.0.4"), ListWord::listed, "a machine is taken over"},
                     {*IpAddress::parse("127.0.0.10"), ListWord::policy, "an end user's address"},
                     {*IpAddress::parse("127.0.0.9"), ListWord::refused, "no key"}};
  }
  void works(std::string_view zone = "bl.example") {
    resolver_.add_address("2.0.0.127." + std::string(zone), *IpAddress::parse("127.0.0.2"));
  }
  void answers(std::string_view address) {
    resolver_.add_address("7.2.0.192.bl.example", *IpAddress::parse(address));
  }
  ListVerdict ask(std::string_view address = "192.0.2.7") {
    const std::vector<BlockList> lists{list_};
    auto verdicts = loop_.run(ask_lists(lookups_, lists, *IpAddress::parse(address)));
    EXPECT_EQ(verdicts.size(), 1u);
    return verdicts.empty() ? ListVerdict() : verdicts.front();
  }

  fakes::TestLoop loop_;
  dns::MemoryResolver resolver_{loop_};
  EvidenceLog evidence_{loop_};
  Lookups lookups_{loop_, resolver_, evidence_};
  BlockList list_;
};

TEST(ListedName, turns_addresses_round) {
  EXPECT_EQ(listed_name(*IpAddress::parse("192.0.2.7"), "bl.example"), "7.2.0.192.bl.example");
  EXPECT_EQ(listed_name(*IpAddress::parse("2001:db8::1"), "bl.example"),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example");
}

TEST_F(BlockListsTest, clears_an_address_that_a_working_list_does_not_have) {
  works();
  EXPECT_EQ(ask().kind, Kind::clear);
  EXPECT_EQ(evidence_.all().size(), 3u);
}

TEST_F(BlockListsTest, tells_what_a_listing_means_in_its_own_words_too) {
  works();
  answers("127.0.0.4");
  resolver_.add_txt("7.2.0.192.bl.example", {"see https://bl.example/7"});
  ListVerdict verdict = ask();
  EXPECT_EQ(verdict.kind, Kind::listed);
  EXPECT_EQ(verdict.means, "a machine is taken over");
  EXPECT_EQ(verdict.words, "see https://bl.example/7");
}

TEST_F(BlockListsTest, keeps_a_policy_apart_from_an_accusation) {
  works();
  answers("127.0.0.10");
  EXPECT_EQ(ask().kind, Kind::policy);
  answers("127.0.0.4");
  EXPECT_EQ(ask().kind, Kind::listed);
}

TEST_F(BlockListsTest, counts_an_answer_that_its_table_does_not_have) {
  works();
  answers("127.0.0.77");
  EXPECT_EQ(ask().kind, Kind::listed);
}

TEST_F(BlockListsTest, takes_no_error_code_for_a_listing) {
  for (const char* code : {"127.255.255.254", "127.0.0.1", "127.0.0.9"}) {
    dns::MemoryResolver resolver(loop_);
    resolver.add_address("7.2.0.192.bl.example", *IpAddress::parse(code));
    resolver.add_address("2.0.0.127.bl.example", *IpAddress::parse("127.0.0.2"));
    const std::vector<BlockList> lists{list_};
    auto verdicts =
        loop_.run(ask_lists({loop_, resolver, evidence_}, lists, *IpAddress::parse("192.0.2.7")));
    EXPECT_EQ(verdicts.at(0).kind, Kind::refused) << code;
  }
}

TEST_F(BlockListsTest, believes_no_list_that_has_every_address) {
  works();
  answers("127.0.0.2");
  resolver_.add_address("1.0.0.127.bl.example", *IpAddress::parse("127.0.0.2"));
  EXPECT_EQ(ask().kind, Kind::broken);
}

TEST_F(BlockListsTest, clears_nobody_by_a_list_that_has_no_address) {
  EXPECT_EQ(ask().kind, Kind::broken);
}

TEST_F(BlockListsTest, sees_that_a_resolver_rewrites_answers) {
  works();
  answers("203.0.113.80");
  EXPECT_EQ(ask().kind, Kind::broken);
}

TEST_F(BlockListsTest, knows_nothing_without_an_answer) {
  works();
  resolver_.set_failure("7.2.0.192.bl.example", Error(ErrorCode::timed_out, "no answer"));
  EXPECT_EQ(ask().kind, Kind::silent);
}

TEST_F(BlockListsTest, asks_only_lists_of_the_family) {
  const std::vector<BlockList> lists{list_};
  auto verdicts = loop_.run(ask_lists(lookups_, lists, *IpAddress::parse("2001:db8::1")));
  EXPECT_TRUE(verdicts.empty());
  list_.knows_v6 = true;
  resolver_.add_address(
      "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example",
      *IpAddress::parse("127.0.0.2"));
  EXPECT_EQ(ask("2001:db8::1").kind, Kind::clear);
}

TEST(BlockListFiles, are_read_without_a_problem) {
  ASSERT_FALSE(known_lists().empty());
  for (const BlockList& list : known_lists()) EXPECT_FALSE(list.answers.empty()) << list.zone;
}

TEST(BlockListFiles, are_refused_with_the_place_of_what_is_wrong) {
  const std::vector<toml::Source> sources{{"x.toml",
                                           "as_of = \"2026-11\"\n"
                                           "[list]\n"
                                           "zone = \"BL.example.\"\n"
                                           "name = \"X\"\n"
                                           "addresses = [\"v5\"]\n"
                                           "[[answer]]\n"
                                           "address = \"192.0.2.1\"\n"
                                           "says = \"listed\"\n"
                                           "means = \"x\"\n"}};
  LoadedLists loaded = load_lists(sources);
  ASSERT_EQ(loaded.diagnostics.size(), 2u);
  EXPECT_EQ(loaded.diagnostics[0].line, 5u);
  EXPECT_EQ(loaded.diagnostics[1].line, 6u);
}

}  // namespace
}  // namespace waypost::doctor
