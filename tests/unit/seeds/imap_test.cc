#include "seeds/imap.h"

#include <deque>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// A session with a server that answers by a script.
namespace waypost::seeds {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* capabilities = "* CAPABILITY IMAP4rev1 AUTH=PLAIN {}\r\n";

// Each line that is written gets the next answer whose beginning of a command fits; "TAG" in it
// stands for the command's own.
class ScriptedChannel final : public Channel {
 public:
  std::vector<std::pair<std::string, std::string>> script;
  std::vector<std::string> heard;
  std::deque<std::string> searches;  // what each search finds, before the script is asked

  Result<void> write(std::string_view octets, Instant) override {
    std::string line(octets.substr(0, octets.size() - 2));
    const size_t space = line.find(' ');
    const bool is_command = line.starts_with('w') && space != std::string::npos;
    if (is_command) tag_ = line.substr(0, space);
    if (is_command) line.erase(0, space + 1);
    heard.push_back(line);
    if (line.starts_with("UID SEARCH") && !searches.empty()) {
      waiting_ += "* SEARCH " + searches.front() + "\r\n" + tag_ + " OK done\r\n";
      searches.pop_front();
      return {};
    }
    for (const auto& [start, answer] : script) {
      if (!line.starts_with(start)) continue;
      std::string text = answer;
      for (size_t at; (at = text.find("TAG")) != std::string::npos;) text.replace(at, 3, tag_);
      waiting_ += text;
      return {};
    }
    waiting_ += tag_ + " OK done\r\n";
    return {};
  }
  Result<std::string> read(Instant) override {
    if (waiting_.empty()) return failure(ErrorCode::timed_out, "no answer in time");
    return std::exchange(waiting_, {});
  }

 private:
  std::string tag_;
  std::string waiting_;
};

class ImapTest : public testing::Test {
 protected:
  Result<void> log_in(std::string more = "") {
    std::string offer = capabilities;
    offer.replace(offer.find("{}"), 2, more);
    channel_.script.push_back({"CAPABILITY", offer + "TAG OK\r\n"});
    channel_.script.push_back({"AUTHENTICATE", "+ \r\n"});
    channel_.script.push_back({"AGFubgBzZWNyZXQ=", "TAG OK logged in\r\n"});
    io::SeededRng rng(1);
    return imap_.log_in({"ann", Secret("secret"), "", {}, true}, rng, {});
  }

  ScriptedChannel channel_;
  Imap imap_{channel_};
};

TEST_F(ImapTest, logs_in_once_and_asks_again_what_the_server_can) {
  ASSERT_TRUE(log_in());
  EXPECT_THAT(channel_.heard,
              ElementsAre("CAPABILITY", "AUTHENTICATE PLAIN", "AGFubgBzZWNyZXQ=", "CAPABILITY"));
}

TEST_F(ImapTest, tells_a_refused_login_in_the_servers_words) {
  channel_.script = {{"AGFubgBzZWNyZXQ=", "TAG NO [AUTHENTICATIONFAILED] no\r\n"}};
  auto done = log_in();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::permission_denied);
  EXPECT_THAT(done.error().message(), HasSubstr("AUTHENTICATIONFAILED"));
}

TEST_F(ImapTest, tells_which_lines_of_the_login_nobody_may_see) {
  channel_.script = {{"CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\nTAG OK\r\n"},
                     {"AUTHENTICATE", "+ \r\n"},
                     {"dXNlcj1hbm4BYXV0aD1CZWFyZXIgc2VjcmV0AQE=", "TAG BAD invalid\r\n"}};
  io::SeededRng rng(1);
  EXPECT_FALSE(imap_.log_in({"ann", Secret("secret"), "xoauth2", {}, true}, rng, {}));
  ASSERT_EQ(imap_.written_secrets().size(), 1u);
  EXPECT_EQ(imap_.written_secrets()[0].reveal(), channel_.heard.back());
  EXPECT_EQ(channel_.heard.back(), "dXNlcj1hbm4BYXV0aD1CZWFyZXIgc2VjcmV0AQE=");
}

TEST_F(ImapTest, sends_no_secret_to_a_server_that_wants_it_in_another_way) {
  channel_.script = {{"CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=GSSAPI\r\nTAG OK\r\n"}};
  EXPECT_FALSE(log_in());
  EXPECT_THAT(channel_.heard, ElementsAre("CAPABILITY"));
}

TEST_F(ImapTest, puts_the_inbox_first_then_what_the_server_calls_junk) {
  ASSERT_TRUE(log_in("SPECIAL-USE LIST-EXTENDED"));
  channel_.script.insert(channel_.script.begin(), {"LIST",
                                                   "* LIST () \"/\" Archive\r\n"
                                                   "* LIST (\\Noselect) \"/\" Hidden\r\n"
                                                   "* LIST (\\All) \"/\" \"All Mail\"\r\n"
                                                   "* LIST () \"/\" Spam\r\n"
                                                   "* LIST (\\Junk) \"/\" \"Weg damit\"\r\n"
                                                   "* LIST () \"/\" \"a\\\"b\"\r\n"
                                                   "* LIST () \"/\" inbox\r\nTAG OK\r\n"});
  auto folders = imap_.folders({});
  ASSERT_TRUE(folders);
  std::vector<std::string> names;
  for (const Folder& folder : *folders) names.push_back(folder.name);
  EXPECT_THAT(names, ElementsAre("inbox", "Weg damit", "Archive", "Spam", "a\"b", "All Mail"));
  EXPECT_EQ((*folders)[3].use, FolderUse::none);
  EXPECT_EQ(channel_.heard.back(), "LIST \"\" \"*\" RETURN (SPECIAL-USE)");
}

TEST_F(ImapTest, takes_a_folder_for_junk_by_its_name_where_none_is_marked) {
  channel_.script = {{"LIST", "* LIST () \".\" INBOX\r\n* LIST () \".\" INBOX.spam\r\nTAG OK\r\n"}};
  auto folders = imap_.folders({});
  ASSERT_TRUE(folders);
  ASSERT_EQ(folders->size(), 2u);
  EXPECT_EQ((*folders)[1].use, FolderUse::junk);
  EXPECT_TRUE((*folders)[1].use_by_name);
}

TEST_F(ImapTest, reads_a_message_without_marking_it) {
  ASSERT_TRUE(log_in("X-GM-EXT-1"));
  channel_.script.insert(
      channel_.script.begin(),
      {{"UID SEARCH OR", "* SEARCH 7 9\r\nTAG OK\r\n"},
       {"UID FETCH 9", "* 2 FETCH (UID 9 BODY[HEADER]<0> {4}\r\nA: b)\r\nTAG OK\r\n"},
       {"UID FETCH 7",
        "* 1 FETCH (UID 7 X-GM-LABELS (\"\\\\Inbox\" work) INTERNALDATE "
        "\"22-Nov-2026 09:00:00 +0000\" BODY[HEADER]<0> {23}\r\nX-Waypost-Doctor: tok\r\n)\r\n"
        "TAG OK\r\n"},
       {"UID SEARCH UID 7 X-GM-RAW \"category:social\"", "* SEARCH 7\r\nTAG OK\r\n"}});
  auto found = imap_.find({"INBOX"}, "tok", {});
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->uid, 7u);
  EXPECT_EQ((*found)->received, 1795338000);
  EXPECT_THAT((*found)->labels, ElementsAre("\\Inbox", "work"));
  auto tab = imap_.tab_of(7, {});
  ASSERT_TRUE(tab);
  EXPECT_EQ(*tab, "social");
  for (const std::string& line : channel_.heard) {
    EXPECT_FALSE(line.starts_with("SELECT") || line.starts_with("UID STORE")) << line;
    if (line.starts_with("UID FETCH")) {
      EXPECT_THAT(line, HasSubstr("BODY.PEEK[HEADER]<0.262144>"));
    }
  }
}

TEST_F(ImapTest, does_not_believe_a_server_that_finds_everything) {
  std::string all = "* SEARCH";
  for (int i = 1; i <= 500; ++i) all += " " + std::to_string(i);
  channel_.script = {{"UID SEARCH", all + "\r\nTAG OK\r\n"}};
  auto found = imap_.find({"INBOX"}, "tok", {});
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
  EXPECT_THAT(channel_.heard,
              ElementsAre("EXAMINE \"INBOX\"", HasSubstr("UID SEARCH"), HasSubstr("UID FETCH 500"),
                          HasSubstr("UID FETCH 499"), HasSubstr("UID FETCH 498")));
}

// What a message is fetched as.
std::string fetched(int uid, const std::string& labels = "") {
  const std::string number = std::to_string(uid);
  return "* 1 FETCH (UID " + number + " X-GM-LABELS (" + labels +
         ") BODY[HEADER]<0> {23}\r\nX-Waypost-Doctor: tok\r\n)\r\nTAG OK\r\n";
}

TEST_F(ImapTest, asks_the_inbox_again_before_it_believes_all_mail) {
  const std::vector<Folder> folders{
      {"INBOX"}, {"Spam", FolderUse::junk}, {"All Mail", FolderUse::all}};
  channel_.script = {{"UID FETCH 7", fetched(7)}, {"UID FETCH 9", fetched(9)}};
  // It comes between the search of the inbox and that of all mail.
  channel_.searches = {"", "", "9", "7"};
  auto found = find_in(imap_, folders, "tok", {});
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->folder.name, "INBOX");
  EXPECT_EQ((*found)->message.uid, 7u);
  EXPECT_TRUE((*found)->in_inbox);
  // It was archived by a rule: nothing in the inbox and in junk at the second time, too.
  channel_.searches = {"", "", "9", "", "", "9"};
  found = find_in(imap_, folders, "tok", {});
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->folder.name, "All Mail");
  EXPECT_FALSE((*found)->in_inbox);
  EXPECT_TRUE(channel_.searches.empty());
}

TEST_F(ImapTest, believes_the_label_of_the_inbox) {
  channel_.script = {{"UID FETCH 9", fetched(9, "\"\\\\Inbox\" work")}};
  channel_.searches = {"", "9", "", "9"};
  auto found = find_in(imap_, {{"INBOX"}, {"All Mail", FolderUse::all}}, "tok", {});
  ASSERT_TRUE(found && *found);
  EXPECT_TRUE((*found)->in_inbox);
  EXPECT_EQ((*found)->message.uid, 9u);
}

TEST_F(ImapTest, does_not_take_the_copy_that_was_sent) {
  channel_.script = {{"UID FETCH 9", fetched(9, "\"\\\\Sent\"")}};
  channel_.searches = {"", "9"};
  auto found = find_in(imap_, {{"INBOX"}, {"All Mail", FolderUse::all}}, "tok", {});
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST_F(ImapTest, does_not_take_a_refusal_for_an_empty_folder) {
  channel_.script = {{"UID SEARCH", "TAG NO [LIMIT] later\r\n"},
                     {"EXAMINE \"Locked\"", "TAG NO [NOPERM] not yours\r\n"}};
  auto throttled = imap_.find({"INBOX"}, "tok", {});
  ASSERT_FALSE(throttled);
  EXPECT_EQ(throttled.error().code(), ErrorCode::unavailable);
  EXPECT_THAT(throttled.error().message(), HasSubstr("[LIMIT] later"));
  auto locked = imap_.find({"Locked"}, "tok", {});
  ASSERT_TRUE(locked);
  EXPECT_FALSE(*locked);
  channel_.script = {{"EXAMINE", "TAG NO [SERVERBUG] sorry\r\n"}};
  auto shut = imap_.find({"INBOX"}, "tok", {});
  ASSERT_FALSE(shut);
  EXPECT_EQ(shut.error().code(), ErrorCode::unavailable);
}

TEST_F(ImapTest, takes_a_refused_question_for_the_tab_as_the_first_one) {
  ASSERT_TRUE(log_in("X-GM-EXT-1"));
  channel_.script.insert(channel_.script.begin(), {"UID SEARCH", "TAG NO [LIMIT] later\r\n"});
  auto tab = imap_.tab_of(7, {});
  ASSERT_TRUE(tab);
  EXPECT_EQ(*tab, "");
}

TEST_F(ImapTest, removes_one_message_or_none) {
  EXPECT_FALSE(imap_.erase({"INBOX"}, 7, {}));
  EXPECT_THAT(channel_.heard, IsEmpty());
  ASSERT_TRUE(log_in("UIDPLUS"));
  EXPECT_TRUE(imap_.erase({"INBOX"}, 7, {}));
  EXPECT_EQ(channel_.heard.back(), "UID EXPUNGE 7");
}

TEST_F(ImapTest, ends_with_a_server_that_says_goodbye_or_never_ends) {
  channel_.script = {{"LIST", "* BYE maintenance\r\n"}};
  auto bye = imap_.folders({});
  ASSERT_FALSE(bye);
  EXPECT_THAT(bye.error().message(), HasSubstr("maintenance"));
  std::string endless;
  for (size_t i = 0; i <= responses_per_command_max; ++i) endless += "* 1 EXISTS\r\n";
  channel_.script = {{"LIST", endless}};
  auto many = imap_.folders({});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code(), ErrorCode::protocol);
}

TEST_F(ImapTest, ends_with_a_server_that_says_very_many_small_things) {
  std::string line = "* X", lines;
  for (size_t i = 0; i < 1000; ++i) line += " (a)";
  for (size_t i = 0; i <= values_per_command_max / 2000; ++i) lines += line + "\r\n";
  channel_.script = {{"LIST", lines + "TAG OK\r\n"}};
  auto many = imap_.folders({});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code(), ErrorCode::protocol);
}

}  // namespace
}  // namespace waypost::seeds
