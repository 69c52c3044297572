#include "classify/wrapper.h"

#include <string>

#include <gtest/gtest.h>

namespace waypost::classify {
namespace {

using smtp::AttemptPhase;

struct Case {
  const char* text;  // normal
  const char* reply;
  const char* host;
  std::optional<AttemptPhase> phase;
};

TEST(Unwrap, finds_the_reply_in_the_sentence_of_the_program_that_received_it) {
  for (const Case& test :
       {Case{"host {host}[{ip}] said: 550 5.1.1 user unknown (in reply to rcpt to command)",
             "550 5.1.1 user unknown", "{host}", AttemptPhase::rcpt},
        Case{"smtp error from remote mail server after end of data: host {host} [{ip}]: "
             "552 spam",
             "552 spam", "{host}", AttemptPhase::content},
        Case{"{ip} does not like recipient. remote host said: 550 no such user giving up on "
             "{ip}.",
             "550 no such user", "", std::nullopt},
        Case{"smtp; 550 5.2.1 disabled", "550 5.2.1 disabled", "", std::nullopt},
        Case{"host {host}.l.google.com[{ip}] said: 452 4.2.2 full (in reply to rcpt to command)",
             "452 4.2.2 full", "l.google.com", AttemptPhase::rcpt},
        Case{"... while talking to {host}.: >>> rcpt to:<{addr}> <<< 550 user unknown",
             "550 user unknown", "", std::nullopt}}) {
    std::string text = test.text;
    std::optional<WrappedReply> wrapped = unwrap(text);
    ASSERT_TRUE(wrapped) << text;
    EXPECT_EQ(text.substr(wrapped->begin, wrapped->end - wrapped->begin), test.reply);
    EXPECT_TRUE(*test.host == '{' || wrapped->host == test.host) << text << wrapped->host;
    EXPECT_EQ(wrapped->phase, test.phase) << text;
  }
}

TEST(Unwrap, leaves_alone_what_is_the_reply_itself_or_holds_none) {
  for (const char* text : {"550 5.1.1 user unknown", "connection refused",
                           "550 sender verify failed: {host} said: 550 no", "", "said: "})
    EXPECT_FALSE(unwrap(text)) << text;
}

}  // namespace
}  // namespace waypost::classify
