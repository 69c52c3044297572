#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bounces/incoming.h"

namespace waypost::bounces {

// The notice of a message: its text for people, up to the returned message.
NoticeText notice_text_of(const message::MimeMessage& message, const NoticeBook& book);

// Of postmaster@ and mailer-daemon@, which notices name as whom to ask.
bool is_of_mail_system(std::string_view address);

struct ReadNotice {
  const NoticeBook::Style* style = nullptr;  // null: read without a rule
  std::vector<Recipient> recipients;
};

// By the first rule that fits and finds somebody; none when none does.
std::optional<ReadNotice> read_notice(const NoticeText& notice, const NoticeBook& book);

// Of servers that no rule knows: the addresses that stand by themselves and the replies near them.
// None when there is neither.
std::optional<ReadNotice> read_unknown_notice(const NoticeText& notice);

// "5.1.1" that a reply states, also as "(#5.1.1)"; empty: none.
std::string status_in(std::string_view reply);

// What a gateway quotes: "5.1.0 - Unknown address error 550-'5.7.1 Access denied'" as "550 5.7.1
// Access denied"; empty when it quotes nothing so.
std::string quoted_reply(std::string_view reply);

// A reply of several lines that stands on one, without its repeated codes; empty when it is none.
std::string joined_reply(std::string_view reply);

// What is to be classified in the place of the reply: quoted_reply(), else joined_reply().
std::string spoken_reply(std::string_view reply);

// Blanks and line ends made one blank.
std::string on_one_line(std::string_view text);

}  // namespace waypost::bounces
