#pragma once

#include <string>
#include <string_view>

#include "classify/rule_book.h"
#include "queue/notifier.h"

// What a notice says in words, and the codes that programs read. Pure.
namespace waypost::notices {

// What happened, what it means, who must act and what to do, for somebody who has never seen a
// reply of a mail server. Lines of at most 72 columns where words allow it, ended by '\n'. What
// servers said stands in it as it came, but for control octets.
std::string notice_text(const queue::Notice& notice, const classify::RuleBook& book,
                        std::string_view hostname);

std::string notice_subject(const queue::Notice& notice);

// The Status field, RFC 3464 §2.3.4: the server's own code where it fits the action.
std::string notice_status(queue::NoticeKind kind, const queue::NoticedRecipient& recipient);

// Whether the text is what a server said, "550 5.1.1 No such user", and not what happened instead.
bool is_smtp_reply(std::string_view text);

}  // namespace waypost::notices
