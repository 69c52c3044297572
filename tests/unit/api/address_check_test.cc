#include "api/address_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "tests/fakes/virtual_loop.h"

namespace waypost::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AddressCheckTest : public testing::Test {
 protected:
  AddressCheckTest() {
    resolver_.add_mx("gmail.com", 5, "mx.gmail.com");
    resolver_.add_mx("xn--bcher-kva.example", 5, "mx.books.example");
    resolver_.add_mx("none.example", 0, "");
    resolver_.add_address("host.example", *IpAddress::parse("192.0.2.1"));
    resolver_.add_txt("empty.example", {"x"});
    resolver_.set_failure("broken.example", Error(ErrorCode::dns, "SERVFAIL"));
  }
  AddressCheck check(const std::string& text) {
    std::optional<AddressCheck> found;
    io::TaskGroup tasks;
    tasks.start(keep(check_address(resolver_, text, loop_.now() + std::chrono::seconds(5)), found));
    loop_.advance(std::chrono::seconds(6));
    return found.value();
  }
  static io::Task<void> keep(io::Task<AddressCheck> task, std::optional<AddressCheck>& into) {
    into.emplace(co_await std::move(task));
  }
  std::vector<std::string_view> reasons(const std::string& text) {
    std::vector<std::string_view> ids;
    for (const AddressReason& reason : check(text).reasons) ids.push_back(reason.id);
    return ids;
  }

  fakes::VirtualLoop loop_;
  dns::MemoryResolver resolver_{loop_};
};

TEST_F(AddressCheckTest, where_mail_can_go_nobody_knows_whether_it_arrives) {
  const AddressCheck found = check("Ann@Gmail.com");
  EXPECT_FALSE(found.is_undeliverable);
  EXPECT_EQ(found.mailbox->text(), "Ann@gmail.com");
  EXPECT_EQ(found.hosts, MailHosts::mx);
  EXPECT_THAT(found.reasons, IsEmpty());
  EXPECT_EQ(check("ann@host.example").hosts, MailHosts::implicit_mx);
  EXPECT_EQ(check("ann@[192.0.2.1]").hosts, MailHosts::literal);
  const AddressCheck utf8 = check("änn@bücher.example");
  EXPECT_EQ(utf8.hosts, MailHosts::mx);
  EXPECT_FALSE(utf8.mailbox->is_ascii());
}

TEST_F(AddressCheckTest, where_mail_cannot_go_is_said_with_the_reason) {
  EXPECT_THAT(reasons("ann@none.example"), ElementsAre("null-mx"));
  EXPECT_THAT(reasons("ann@empty.example"), ElementsAre("no-mail-host"));
  EXPECT_THAT(reasons("ann@absent.example"), ElementsAre("no-such-domain"));
  for (const char* text :
       {"ann", "ann@", "@b.example", "ann@b@c", "a b@c.example", "ann@c..example",
        "ann@c.example\r\nRCPT TO:<x@y>", "ann@192.0.2.1", "<ann@c.example>", "ann@-.example ",
        "\xff@c.example", "ann@localhost"}) {
    EXPECT_THAT(reasons(text), ElementsAre("syntax")) << text;
    EXPECT_TRUE(check(text).is_undeliverable) << text;
  }
}

TEST_F(AddressCheckTest, a_blank_around_an_address_is_no_fault_of_it) {
  EXPECT_EQ(check(" ann@b.example\r\n").mailbox->text(), "ann@b.example");
  EXPECT_THAT(reasons(std::string(64, 'a') + "@absent.example"), ElementsAre("no-such-domain"));
  EXPECT_THAT(reasons(std::string(65, 'a') + "@absent.example"), ElementsAre("syntax"));
}

TEST_F(AddressCheckTest, dns_that_does_not_answer_condemns_nobody) {
  const AddressCheck found = check("ann@broken.example");
  EXPECT_FALSE(found.is_undeliverable);
  EXPECT_EQ(found.hosts, MailHosts::unknown);
  EXPECT_THAT(reasons("ann@broken.example"), ElementsAre("dns-unknown"));
  resolver_.set_latency(std::chrono::seconds(10));
  EXPECT_THAT(reasons("ann@gmail.com"), ElementsAre("dns-unknown"));
}

TEST_F(AddressCheckTest, an_office_and_a_slip_of_the_pen_are_told) {
  EXPECT_TRUE(check("Postmaster+x@gmail.com").is_role);
  EXPECT_FALSE(check("sally@gmail.com").is_role);
  EXPECT_EQ(check("ann@gmial.com").meant, "ann@gmail.com");
  EXPECT_EQ(check("ann@gmail.com").meant, "");
}

}  // namespace
}  // namespace waypost::api
