#include "classify/wrapper.h"

#include <re2/re2.h>

#include "classify/reply_codes.h"

namespace waypost::classify {
namespace {

using smtp::AttemptPhase;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// Ends what Postfix, Exim, Sendmail, qmail, Exchange and others say before they quote a reply.
bool introduces_reply(std::string_view before) {
  static const re2::RE2 introduction(
      "(?:said|says|replied|answered|returned|respon(?:se|ded)(?: \\w+)*|reports?|"
      "smtp|lmtp|esmtp|host [^:;]*|server [^:;]*|after [^;]*|remote [^:;]*)\\s*(?:[:;]|<<<)\\s*"
      "(?:smtp;\\s*)?[\"'<(\\[]*$|<<<\\s*$");
  // There the quoted reply is about an address that was checked, and the words before it say whose.
  static const re2::RE2 verification("address rejected|verif|callout|callback");
  return re2::RE2::PartialMatch(piece(before), introduction) &&
         !re2::RE2::PartialMatch(piece(before), verification);
}

std::string_view host_in(std::string_view before) {
  static const re2::RE2 named("(?:host|server|from|to) ([a-z0-9{}_.-]+\\.[a-z]{2,})\\b");
  re2::StringPiece host;
  if (!re2::RE2::PartialMatch(piece(before), named, &host)) return {};
  std::string_view name(host.data(), host.size());
  // Of a known host only its own labels are masked.
  constexpr std::string_view mask = "{host}.";
  if (name.starts_with(mask)) name.remove_prefix(mask.size());
  return name;
}

std::optional<AttemptPhase> phase_in(std::string_view text) {
  struct Command {
    re2::RE2 pattern;
    AttemptPhase phase;
  };
  // Compiled once: a constant text here would be compiled at every call.
  static const Command commands[] = {
      {"(?:in reply to|after|response to) (?:pipelined )?(?:end of data|end-of-data|message "
       "content|data "
       "block|sending (?:data|message))",
       AttemptPhase::content},
      {"(?:in reply to|after|response to) (?:pipelined )?data", AttemptPhase::data},
      {"(?:in reply to|after|response to) (?:pipelined )?rcpt", AttemptPhase::rcpt},
      {"(?:in reply to|after|response to) (?:pipelined )?mail|\\bmail (?:command )?failed|"
       "sender(?:refused|failed)|envelope from address",
       AttemptPhase::mail},
      {"(?:in reply to|after|response to) (?:pipelined )?(?:ehlo|helo)", AttemptPhase::hello},
      {"(?:in reply to|after|response to) (?:the )?(?:initial connection|connection|banner)",
       AttemptPhase::greeting},
  };
  for (const Command& command : commands)
    if (re2::RE2::PartialMatch(piece(text), command.pattern)) return command.phase;
  return std::nullopt;
}

size_t end_of_reply(std::string_view text) {
  static const re2::RE2 trailer(
      "(\\s*[\"')\\]]*\\s*(?:\\(in reply to [^)]*\\)?|(?:i'm )?(?:not going to|giving up on) "
      "\\S+.*|\\(delivery [^)]*\\))\\s*)$");
  re2::StringPiece found;
  if (!re2::RE2::PartialMatch(piece(text), trailer, &found)) return text.size();
  return size_t(found.data() - text.data());
}

}  // namespace

std::optional<AttemptPhase> phase_told(std::string_view text) {
  bool is_reply = text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && text[1] >= '0' &&
                  text[1] <= '9' && text.find("in reply to") == std::string_view::npos;
  return is_reply ? std::nullopt : phase_in(text);
}

std::optional<WrappedReply> unwrap(std::string_view text) {
  ReplyCodes codes = find_codes(text);
  if (codes.reply.empty()) return std::nullopt;
  WrappedReply wrapped;
  wrapped.begin = size_t(codes.reply.data() - text.data());
  if (wrapped.begin == 0 || !introduces_reply(text.substr(0, wrapped.begin))) return std::nullopt;
  wrapped.end = end_of_reply(text);
  if (wrapped.end <= wrapped.begin) return std::nullopt;
  wrapped.host = host_in(text.substr(0, wrapped.begin));
  wrapped.phase = phase_in(text);
  return wrapped;
}

}  // namespace waypost::classify
