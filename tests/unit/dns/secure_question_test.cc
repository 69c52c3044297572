#include "dns/secure_question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/tlsa_record.h"
#include "tests/fakes/name_server.h"

namespace waypost::dns {
namespace {

using namespace std::string_literals;
using fakes::NameServer;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SecureQuestionTest : public testing::Test {
 protected:
  Result<SecureAnswer> ask(const std::string& name, uint16_t type) {
    std::optional<Result<SecureAnswer>> answer;
    io::TaskGroup group;
    group.start(
        keep(ask_securely(client_, client_.network(), servers_, {name, type}, seconds(2)), answer));
    world_.run_until([&] { return answer.has_value(); }, world_.now() + std::chrono::minutes(1));
    CHECK(answer);
    return *std::move(answer);
  }
  static io::Task<void> keep(io::Task<Result<SecureAnswer>> task,
                             std::optional<Result<SecureAnswer>>& into) {
    into.emplace(co_await std::move(task));
  }

  io::SimWorld world_{3};
  io::SimProcess& client_ = world_.make_process(*IpAddress::parse("192.0.2.1"));
  io::SimProcess& host_ = world_.make_process(*IpAddress::parse("192.0.2.53"));
  io::SimProcess& dead_ = world_.make_process(*IpAddress::parse("192.0.2.54"));
  NameServer names_{host_};
  std::vector<Endpoint> servers_{{host_.host(), 53}};
};

TEST_F(SecureQuestionTest, tells_what_was_validated_from_what_was_not) {
  names_.add("_25._tcp.mx.example.com", record_type::tlsa, "\3\1\1data", Trust::secure);
  names_.add("_25._tcp.mx.example.net", record_type::tlsa, "\3\1\1data", Trust::insecure);
  auto secure = ask("_25._tcp.MX.example.com.", record_type::tlsa);
  ASSERT_TRUE(secure) << secure.error().describe();
  EXPECT_EQ(secure->trust, Trust::secure);
  EXPECT_EQ(secure->status, AnswerStatus::found);
  EXPECT_THAT(secure->rdata, ElementsAre("\3\1\1data"));
  auto insecure = ask("_25._tcp.mx.example.net", record_type::tlsa);
  ASSERT_TRUE(insecure);
  EXPECT_EQ(insecure->trust, Trust::insecure);
}

TEST_F(SecureQuestionTest, knows_bogus_data_by_the_answer_without_checking) {
  names_.add("mx.example.com", record_type::a, "\xc0\0\2\1"s, Trust::bogus);
  auto answer = ask("mx.example.com", record_type::a);
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->trust, Trust::bogus);
  EXPECT_EQ(names_.questions(), 2u);
}

TEST_F(SecureQuestionTest, fails_where_a_server_fails_checked_or_not) {
  names_.fail("mx.example.com", record_type::tlsa);
  auto answer = ask("mx.example.com", record_type::tlsa);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::dns);
  EXPECT_THAT(answer.error().message(), HasSubstr("response code 2"));
}

TEST_F(SecureQuestionTest, tells_a_missing_name_from_a_missing_record) {
  names_.set_trust("mx.example.com", Trust::secure);
  auto nodata = ask("mx.example.com", record_type::tlsa);
  ASSERT_TRUE(nodata);
  EXPECT_EQ(nodata->status, AnswerStatus::no_such_record);
  EXPECT_TRUE(nodata->is_secure());
  auto nobody = ask("gone.example.com", record_type::tlsa);
  ASSERT_TRUE(nobody);
  EXPECT_EQ(nobody->status, AnswerStatus::no_such_name);
  EXPECT_THAT(nobody->rdata, IsEmpty());
}

TEST_F(SecureQuestionTest, follows_aliases_to_the_name_that_has_the_records) {
  names_.add("a.example.com", record_type::cname, NameServer::wire_name("b.example.com"));
  names_.add("b.example.com", record_type::tlsa, "\3\1\1data");
  auto answer = ask("a.example.com", record_type::tlsa);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->canonical_name, "b.example.com");
  EXPECT_THAT(answer->rdata, ElementsAre("\3\1\1data"));
  names_.add("loop.example.com", record_type::cname, NameServer::wire_name("loop.example.com"));
  EXPECT_TRUE(ask("loop.example.com", record_type::tlsa));
}

TEST_F(SecureQuestionTest, goes_on_to_the_next_server_where_one_is_dead) {
  names_.add("mx.example.com", record_type::tlsa, "\3\1\1data");
  servers_.insert(servers_.begin(), {dead_.host(), 53});
  EXPECT_TRUE(ask("mx.example.com", record_type::tlsa));
  servers_ = {{dead_.host(), 53}};
  EXPECT_FALSE(ask("mx.example.com", record_type::tlsa));
  servers_.clear();
  EXPECT_FALSE(ask("mx.example.com", record_type::tlsa));
}

TEST_F(SecureQuestionTest, asks_about_the_root) {
  names_.add("", record_type::soa, std::string(22, '\0'));
  auto answer = ask("", record_type::soa);
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_TRUE(answer->is_secure());
}

TEST(TlsaRecord, is_three_numbers_and_data) {
  auto record = parse_tlsa_rdata("\3\1\1\x0a\xff");
  ASSERT_TRUE(record);
  EXPECT_EQ(*record, (TlsaRecord{3, 1, 1, "\x0a\xff"}));
  EXPECT_EQ(record->text(), "3 1 1 0aff");
  EXPECT_EQ(record->text(2), "3 1 1 0a...");
  for (const std::string& rdata : {""s, "\3"s, "\3\1"s, "\3\1\1"s})
    EXPECT_EQ(parse_tlsa_rdata(rdata).error().code(), ErrorCode::dns);
  EXPECT_EQ(tlsa_name(25, "mx.example.com"), "_25._tcp.mx.example.com");
}

}  // namespace
}  // namespace waypost::dns
