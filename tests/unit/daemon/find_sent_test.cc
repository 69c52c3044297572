#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "daemon/returns_courier.h"
#include "tests/unit/records/records_fixture.h"

namespace waypost::daemon {
namespace {

using namespace std::chrono_literals;
using records::accepted_of;
using records::day_one;
using returns::Reader;
using returns::SentMessage;

class FindSentTest : public records::RecordsTest {
 protected:
  Result<std::optional<SentMessage>> find_by_name(WallTime since) {
    return find_sent(disk_, places_, Reader::Named{"<m1@example.com>", since, ""});
  }
};

TEST_F(FindSentTest, finds_a_message_by_its_id_and_by_its_message_id) {
  const events::Event sent = accepted_of(1, day_one + 1h, {"ann@example.net"});
  log(sent);
  feed_all();
  for (const Reader::Wanted& wanted :
       {Reader::Wanted(*sent.message),
        Reader::Wanted(Reader::Named{sent.message_id, day_one, ""})}) {
    const auto found = find_sent(disk_, places_, wanted);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->id, *sent.message);
    EXPECT_EQ((*found)->recipients, sent.recipients);
  }
  const auto unknown = find_sent(disk_, places_, Reader::Named{"<m2@example.com>", day_one, ""});
  EXPECT_TRUE(unknown && !*unknown);
}

TEST_F(FindSentTest, passes_over_what_strangers_brought_under_the_name_of_ours) {
  events::Event brought = accepted_of(2, day_one + 2h, {"help@ours.example"});
  brought.message_id = "<m1@example.com>";
  brought.inbound = true;
  log(brought);
  const auto nothing = find_by_name(day_one);
  EXPECT_TRUE(nothing && !*nothing);
  const events::Event sent = accepted_of(1, day_one + 1h, {"ann@example.net"});
  log(sent);
  feed_all();
  const auto found = find_by_name(day_one);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, *sent.message);
  const auto by_id = find_sent(disk_, places_, *brought.message);
  EXPECT_TRUE(by_id && !*by_id);
}

// As when a newsletter is sent to each by itself with one Message-ID for all.
TEST_F(FindSentTest, takes_the_one_of_several_namesakes_that_went_to_the_address) {
  for (int number : {1, 2, 3}) {
    events::Event sent =
        accepted_of(number, day_one + 1h * number, {fmt::format("p{}@example.net", number)});
    sent.message_id = "<m1@example.com>";
    log(sent);
  }
  feed_all();
  const auto find = [&](const std::string& address) {
    return find_sent(disk_, places_, Reader::Named{"<m1@example.com>", day_one, address});
  };
  const auto second = find("P2@example.net");
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->recipients, std::vector<std::string>{"p2@example.net"});
  for (const char* other : {"else@example.net", "app@example.com", ""}) {
    const auto nobody = find(other);
    EXPECT_TRUE(nobody && !*nobody) << other;
  }
}

TEST_F(FindSentTest, a_day_that_cannot_have_the_message_takes_nothing_from_the_answer) {
  log(accepted_of(1, day_one + 1h, {"ann@example.net"}));
  feed_all();
  const std::string path =
      records::day_path(places_.folder, records::day_of(day_one), records::day_file_suffix);
  std::filesystem::remove(path + "-wal");
  std::ofstream(path, std::ios::trunc) << std::string(8192, 'x');
  const events::Event later = accepted_of(2, day_one + 49h, {"bob@example.net"});
  const auto found = find_sent(disk_, places_, *later.message);
  EXPECT_TRUE(found && !*found) << "nothing is known of it, and nothing hides it";
}

TEST_F(FindSentTest, knows_no_old_message_by_its_message_id) {
  log(accepted_of(1, day_one + 1h, {"ann@example.net"}));
  feed_all();
  const auto found = find_by_name(day_one + 2h);
  EXPECT_TRUE(found && !*found);
}

TEST_F(FindSentTest, says_that_the_records_cannot_be_read_instead_of_knowing_nothing) {
  const events::Event sent = accepted_of(1, day_one + 1h, {"ann@example.net"});
  log(sent);
  feed_all();
  const std::string path =
      records::day_path(places_.folder, records::day_of(day_one), records::day_file_suffix);
  std::filesystem::remove(path + "-wal");
  std::ofstream(path, std::ios::trunc) << std::string(8192, 'x');
  std::filesystem::remove_all(places_.events_folder);
  ASSERT_TRUE(disk_.make_folders(places_.events_folder, 0700));
  const auto found = find_sent(disk_, places_, *sent.message);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::unavailable);
}

}  // namespace
}  // namespace waypost::daemon
