#pragma once

#include <string>
#include <vector>

// What the files of rules/bounces say: how each mail server words its notices of failure that are
// not in the form of RFC 3464. docs/format/bounces.md describes the files.
namespace waypost::bounces {

// What an example must come to.
struct ExpectedRecipient {
  std::string address;
  std::string action;  // "failed" when it is not stated
  std::string status;
  std::string reply;
  std::string remote_mta;
};

// One way of speaking of one server.
struct NoticeRule {
  std::string id;
  std::string server;  // who speaks, for people
  std::string file;
  unsigned line = 0;

  // It is this one when the text has one of `text`, the subject one of `subject` and X-Mailer one
  // of `mailer`, of those that are given. Small letters.
  std::vector<std::string> text;
  std::vector<std::string> subject;
  std::vector<std::string> mailer;

  // Where the recipients stand, behind the line that has one of `start`: a pattern with the group
  // `address`, and maybe `reply` and `host`. The reply is that group, else what `reply` finds (its
  // first group) in the lines up to the next recipient, else these lines.
  std::vector<std::string> start;
  std::string recipient;
  std::string reply;
  std::string host;
  bool host_first = false;           // `host` stands before what it said, which names its recipient
  bool reply_first = false;          // the lines before the recipient are the reply
  bool common_reply = false;         // `reply` stands somewhere, for all recipients
  bool to_blank_line = false;        // the lines of a recipient end with a blank line
  std::vector<std::string> stop;     // phrases of a line where the last recipient's lines end
  std::vector<std::string> delayed;  // phrases that tell a notice of delay from one of failure
  // Without a reply that is found the whole text is what was said.
  bool whole_text = false;
  // What such a notice means, in words that rules for replies know, where its own are in many
  // languages. Classified in the place of the reply; the reply stays as it is.
  std::string says;
  std::string provider;  // whose rules for replies fit, where no host is named

  std::string origin;
  std::string as_of;
  std::string example;
  std::vector<ExpectedRecipient> expect;
};

}  // namespace waypost::bounces
