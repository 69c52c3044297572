#include "doctor/inbox_rung.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "doctor/block_list_file.h"
#include "tests/fakes/test_loop.h"

namespace waypost::doctor {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

class InboxRungTest : public testing::Test {
 protected:
  InboxRungTest() {
    result_.status = RungStatus::pass;
    resolver_.add_ptr("7.113.0.203.in-addr.arpa", "mail.example.com");
    resolver_.add_address("mail.example.com", address_);
    for (const BlockList& list : known_lists())
      resolver_.add_address("2.0.0.127." + list.zone, *IpAddress::parse("127.0.0.2"));
    resolver_.add_txt("example.com", {"v=spf1 ip4:203.0.113.7 -all"});
    resolver_.add_txt("_dmarc.example.com", {"v=DMARC1; p=none"});
  }
  std::vector<std::string> found() {
    loop_.run(all());
    std::vector<std::string> ids;
    for (const Finding& finding : result_.findings) ids.push_back(finding.id);
    return ids;
  }
  io::Task<bool> all() {
    const Lookups lookups{loop_, resolver_, evidence_};
    co_await check_address(lookups, address_, result_);
    const Sender sender{address_, "ann@example.com", "mail.example.com"};
    co_await check_proofs(lookups, sender, result_);
    co_return true;
  }
  // A loop of tests runs what has an answer.
  static io::Task<bool> answered(io::Task<void> task) {
    co_await std::move(task);
    co_return true;
  }

  const IpAddress address_ = *IpAddress::parse("203.0.113.7");
  fakes::TestLoop loop_;
  dns::MemoryResolver resolver_{loop_};
  EvidenceLog evidence_{loop_};
  RungResult result_;
};

TEST_F(InboxRungTest, has_nothing_against_a_sender_with_all_in_order) {
  EXPECT_THAT(found(), IsEmpty());
  EXPECT_EQ(result_.status, RungStatus::pass);
}

TEST_F(InboxRungTest, tells_of_a_list_and_where_to_ask) {
  resolver_.add_address("7.113.0.203.zen.spamhaus.org", *IpAddress::parse("127.0.0.4"));
  EXPECT_THAT(found(), testing::ElementsAre("M6009"));
  EXPECT_EQ(result_.status, RungStatus::fail);
  EXPECT_THAT(result_.findings[0].notes.back(), testing::HasSubstr("https://"));
}

TEST_F(InboxRungTest, counts_a_list_that_does_not_answer_as_not_known) {
  resolver_.add_address("7.113.0.203.zen.spamhaus.org", *IpAddress::parse("127.255.255.254"));
  EXPECT_THAT(found(), testing::ElementsAre("M6010"));
  EXPECT_EQ(result_.status, RungStatus::pass);
}

TEST_F(InboxRungTest, tells_apart_what_is_missing) {
  dns::MemoryResolver empty(loop_);
  const Lookups lookups{loop_, empty, evidence_};
  loop_.run(answered(check_address(lookups, address_, result_)));
  std::vector<std::string> ids;
  for (const Finding& finding : result_.findings) ids.push_back(finding.id);
  EXPECT_THAT(ids, Contains("M6007"));
  EXPECT_THAT(ids, Not(Contains("M6009")));
}

TEST_F(InboxRungTest, tells_of_an_address_that_spf_does_not_have) {
  dns::MemoryResolver other(loop_);
  other.add_txt("example.com", {"v=spf1 ip4:192.0.2.1 -all"});
  const Lookups lookups{loop_, other, evidence_};
  const Sender sender{address_, "ann@example.com", "mail.example.com"};
  loop_.run(answered(check_proofs(lookups, sender, result_)));
  std::vector<std::string> ids;
  for (const Finding& finding : result_.findings) ids.push_back(finding.id);
  EXPECT_THAT(ids, testing::ElementsAre("M6001", "M6006"));
}

}  // namespace
}  // namespace waypost::doctor
