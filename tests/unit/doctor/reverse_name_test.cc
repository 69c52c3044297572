#include "doctor/reverse_name.h"

#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "tests/fakes/test_loop.h"

namespace waypost::doctor {
namespace {

using Kind = ReverseName::Kind;

class ReverseNameTest : public testing::Test {
 protected:
  ReverseName ask() {
    return loop_.run(look_up_reverse_name({loop_, resolver_, evidence_}, address_));
  }

  const IpAddress address_ = *IpAddress::parse("192.0.2.7");
  fakes::TestLoop loop_;
  dns::MemoryResolver resolver_{loop_};
  EvidenceLog evidence_{loop_};
};

TEST_F(ReverseNameTest, is_confirmed_when_one_name_leads_back) {
  resolver_.add_ptr("7.2.0.192.in-addr.arpa", "other.example");
  resolver_.add_ptr("7.2.0.192.in-addr.arpa", "mail.example");
  resolver_.add_address("other.example", *IpAddress::parse("192.0.2.9"));
  resolver_.add_address("mail.example", address_);
  ReverseName found = ask();
  EXPECT_EQ(found.kind, Kind::confirmed);
  EXPECT_EQ(found.name, "mail.example");
}

TEST_F(ReverseNameTest, is_mismatched_when_no_name_leads_back) {
  resolver_.add_ptr("7.2.0.192.in-addr.arpa", "mail.example");
  resolver_.add_address("mail.example", *IpAddress::parse("192.0.2.9"));
  ReverseName found = ask();
  EXPECT_EQ(found.kind, Kind::mismatched);
  EXPECT_EQ(found.leads_to, "192.0.2.9");
}

TEST_F(ReverseNameTest, is_none_without_a_name) { EXPECT_EQ(ask().kind, Kind::none); }

TEST_F(ReverseNameTest, is_unknown_where_nobody_could_tell) {
  resolver_.add_ptr("7.2.0.192.in-addr.arpa", "mail.example");
  resolver_.set_failure("mail.example", Error(ErrorCode::timed_out, "no answer"));
  EXPECT_EQ(ask().kind, Kind::unknown);
  resolver_.set_failure("7.2.0.192.in-addr.arpa", Error(ErrorCode::dns, "SERVFAIL"));
  EXPECT_EQ(ask().kind, Kind::unknown);
}

}  // namespace
}  // namespace waypost::doctor
