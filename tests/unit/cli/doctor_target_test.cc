#include "cli/doctor_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::cli {
namespace {

using testing::HasSubstr;

Result<doctor::Request> request_to(std::string to, std::string target = {}) {
  DoctorArguments arguments;
  arguments.target = std::move(target);
  arguments.to = std::move(to);
  return doctor_request(arguments, {});
}

TEST(DoctorTarget, a_recipient_that_is_no_address_is_refused) {
  for (const char* to :
       {"not an address", "postmaster", "bob@", "<bob@example.net>", "bob@mail..example.com"})
    for (const char* target : {"", "localhost:1"}) {
      auto request = request_to(to, target);
      ASSERT_FALSE(request) << to;
      EXPECT_EQ(request.error().code(), ErrorCode::invalid_input) << to;
      EXPECT_THAT(request.error().message(), HasSubstr("--to wants an address")) << to;
    }
}

TEST(DoctorTarget, a_recipient_alone_leads_to_the_mail_hosts_of_its_domain) {
  auto request = request_to("bob@Example.NET");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->host, "example.net");
  EXPECT_TRUE(request->mail_exchanger);
  EXPECT_FALSE(request->port);
  auto named = request_to("bob@example.net", "smtp.example.com:587");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->host, "smtp.example.com");
  EXPECT_FALSE(named->mail_exchanger);
}

TEST(DoctorTarget, an_address_literal_is_its_own_mail_host) {
  auto v4 = request_to("bob@[127.0.0.1]");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 25);
  auto v6 = request_to("bob@[IPv6:2001:db8::1]");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "2001:db8::1");
  EXPECT_EQ(v6->port, 25);
}

}  // namespace
}  // namespace waypost::cli
