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

}  // namespace waypost::bounces
