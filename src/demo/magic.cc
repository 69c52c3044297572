#include "demo/magic.h"

#include <charconv>

#include "base/ascii.h"

namespace waypost::demo {
namespace {

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<Magic> asked_for_reply(std::string_view word) {
  constexpr size_t code_digits = 3;
  const auto code = number(word.substr(0, code_digits));
  if (!code || *code < 400 || *code > 599) return {};
  Magic magic;
  const char* text = "This reply was asked for by the name of the mailbox";
  if (word.size() == code_digits) {
    magic.reply = smtp::reply(static_cast<int>(*code), text);
    return magic;
  }
  const auto enhanced = smtp::EnhancedCode::parse(word.substr(code_digits + 1));
  if (word[code_digits] != '-' || !enhanced || unsigned(enhanced->kind) != *code / 100) return {};
  magic.reply = smtp::reply(static_cast<int>(*code), *enhanced, text);
  return magic;
}

std::optional<Magic> deferral(std::string_view word) {
  constexpr std::string_view front = "defer-";
  if (!word.starts_with(front) || !word.ends_with('x')) return {};
  word.remove_prefix(front.size());
  const auto times = number(word.substr(0, word.size() - 1));
  if (!times || *times == 0 || *times > Magic::times_max) return {};
  return Magic{Magic::Kind::defers,
               smtp::reply(451, {4, 3, 0}, "Not yet, as the name of the mailbox asks for"), *times};
}

}  // namespace

std::optional<Magic> magic_of(std::string_view local_part) {
  const std::string lower = base::to_lower(local_part.substr(0, local_part.find('+')));
  const std::string_view word = lower;
  if (word == "timeout") return Magic{Magic::Kind::is_silent, {}, 0};
  if (word == "latebounce") return Magic{Magic::Kind::bounces_later, {}, 0};
  if (word == "complaint") return Magic{Magic::Kind::complains, {}, 0};
  if (auto magic = deferral(word)) return magic;
  return asked_for_reply(word);
}

std::string magic_help() {
  return "Mailboxes that do as they are called, at any pretend provider:\n"
         "  550-5.7.26@  421-4.7.28@   that reply to RCPT, always; so with any 4yz or 5yz\n"
         "  defer-3x@                  451 three times, then 250; 1 to 99\n"
         "  timeout@                   no reply, and then the connection ends\n"
         "  latebounce@                250, and a bounce some seconds later\n"
         "  complaint@                 250, and the recipient calls it spam\n"
         "  nobody...@  full...@       no such mailbox; full at first\n"
         "\"550-5.1.1+anna@\" is another mailbox than \"550-5.1.1+bob@\".\n";
}

}  // namespace waypost::demo
