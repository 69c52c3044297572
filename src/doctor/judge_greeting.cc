#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/check.h"
#include "base/terminal_text.h"
#include "doctor/door_refusal.h"
#include "doctor/judgements.h"
#include "doctor/refusal.h"

namespace waypost::doctor {
namespace {

using smtp::AttemptPhase;

constexpr size_t line_octets_max = 120;
constexpr std::chrono::seconds short_patience{5};

bool is_reply(std::string_view opening) {
  return opening.size() >= 3 && opening[0] >= '2' && opening[0] <= '5' &&
         base::is_digit(opening[1]) && base::is_digit(opening[2]) &&
         (opening.size() == 3 || opening[3] == ' ' || opening[3] == '-' || opening[3] == '\r' ||
          opening[3] == '\n');
}

Finding about(const Ground& ground, const Opening& opening, std::string_view id) {
  const checks::Check* check = checks::shipped_catalogue().find(id);
  CHECK(check != nullptr);
  Finding finding;
  finding.id = check->id;
  finding.severity = check->severity;
  finding.confidence = check->confidence;
  finding.temporary = check->temporary;
  finding.parameters = ground.parameters();
  if (opening.evidence != 0) finding.evidence = {opening.evidence};
  if (opening.reply)
    finding.observed = opening.reply->text();
  else if (!opening.seen.empty())
    finding.observed = first_line_of(opening.seen);
  else if (opening.error)
    finding.observed = opening.error->message();
  return finding;
}

// HELO has a short answer, where EHLO has a long one. Only a yes counts: who refuses HELO may have
// had its reasons for the silence, too.
io::Task<bool> answers_in_few_words(Context& context, const Ground& ground,
                                    const Opening& opening) {
  ++context.effects.connections;
  auto connected =
      co_await context.network.connect(ground.at, {}, context.loop.now() + short_patience);
  if (!connected) co_return false;
  Conversation conversation(context.loop, context.evidence, *std::move(connected));
  // A server that greeted late does so again.
  auto greeting = co_await conversation.read_reply(opening.greeting_took + short_patience);
  if (!greeting || !greeting->positive()) co_return false;
  std::string name = opening.session ? opening.session->hello : "a.test";
  auto answer = co_await conversation.ask("HELO " + name, short_patience);
  co_return answer && answer->positive();
}

// Part of a reply came, and not its end.
Finding judge_drip(const Ground& ground, const Opening& opening, std::string_view what,
                   Duration waited) {
  Finding finding = about(ground, opening, "M2022");
  finding.parameters["seen"] = what;
  finding.parameters["seconds"] = shown_time(waited);
  if (opening.drip == Opening::Drip::stopped) {
    finding.confidence = Confidence::possible;
    finding.notes.emplace_back("It had stopped in the middle of it: it may hang, too.");
  }
  return finding;
}

bool has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

// "Unknown command", and nothing about a name, an address or a list (RFC 5321 §4.2.4).
bool knows_no_hello(const smtp::Reply& reply) {
  constexpr std::string_view words[] = {"unknown",    "recogni", "implement",  "syntax",
                                        "understood", "command", "unsupported"};
  if (reply.code != 500 && reply.code != 502) return false;
  const std::string text = base::to_lower(reply.text());
  return text.size() <= std::string_view("500 5.5.1 ").size() ||
         std::any_of(std::begin(words), std::end(words),
                     [&text](std::string_view word) { return has(text, word); });
}

// RFC 2033 §4.1: a server of LMTP refuses EHLO and HELO, and takes LHLO.
io::Task<bool> takes_lhlo(const Opening& opening) {
  if (!opening.session || opening.session->conversation.stream() == nullptr) co_return false;
  std::string command = "LHLO " + opening.session->hello;
  auto answer = co_await opening.session->conversation.ask(std::move(command), short_patience);
  co_return answer && answer->positive();
}

// Who greets with 2yz, as SMTP does, and knows its first command not; empty where that is no sign
// of another protocol.
std::string_view protocol_without_hello(const Opening& opening) {
  constexpr int not_logged_in = 530;  // RFC 959 §4.2.1
  const std::string greeting = base::to_lower(opening.greeting.text());
  if (has(base::to_lower(opening.reply->text()), "user and pass")) return "FTP";
  const bool unknown = knows_no_hello(*opening.reply);
  const bool greets_as_ftp = has(greeting, "ftp") && !has(greeting, "smtp");
  if (greets_as_ftp && (unknown || opening.reply->code == not_logged_in)) return "FTP";
  if (!unknown) return {};
  if (has(greeting, "lmtp")) return "LMTP";
  // RFC 3977 §5.1.1
  if (opening.greeting.code == 200 || opening.greeting.code == 201) return "NNTP";
  return "something that knows no EHLO";
}

Finding other_protocol(const Ground& ground, const Opening& opening, std::string_view protocol,
                       const std::string& words) {
  Finding finding = about(ground, opening, "M2013");
  finding.parameters["protocol"] = protocol;
  finding.parameters["seen"] = fmt::format("{}: {}", protocol, words);
  finding.parameters["other_port"] = ground.port == 587 ? "465" : "587";
  return finding;
}

// A no in the place of the greeting, or to EHLO.
Finding judge_no(const Ground& ground, const Opening& opening, AttemptPhase phase) {
  Finding finding = judge_door_refusal(ground, opening, phase);
  if (opening.evidence != 0) finding.evidence = {opening.evidence};
  return finding;
}

// A no to EHLO and to HELO.
io::Task<Finding> judge_refused_hello(const Ground& ground, const Opening& opening) {
  std::string_view protocol = protocol_without_hello(opening);
  bool proved = false;
  if (!protocol.empty() && protocol != "FTP") proved = co_await takes_lhlo(opening);
  if (proved) protocol = "LMTP";
  if (protocol.empty()) co_return judge_no(ground, opening, AttemptPhase::hello);
  Finding finding = other_protocol(ground, opening, protocol, opening.greeting.text());
  if (!proved) finding.confidence = Confidence::likely;
  finding.observed =
      fmt::format("{}; to EHLO and HELO: {}", opening.greeting.text(), opening.reply->text());
  co_return finding;
}

}  // namespace

std::string_view protocol_of(std::string_view opening) {
  if (opening.starts_with("HTTP/") || opening.starts_with("<!DOCTYPE") ||
      opening.starts_with("<html"))
    return "HTTP";
  if (opening.starts_with("SSH-")) return "SSH";
  if (opening.starts_with("* OK") || opening.starts_with("* PREAUTH") ||
      opening.starts_with("* BYE"))
    return "IMAP";
  if (opening.starts_with("\"IMPLEMENTATION\"")) return "ManageSieve";  // RFC 5804 §1.7
  if (opening.starts_with("+OK") || opening.starts_with("-ERR")) return "POP3";
  if (opening.size() >= 3 && opening[0] >= 0x14 && opening[0] <= 0x17 && opening[1] == 0x03)
    return "TLS";
  if (is_reply(opening))
    return base::to_lower(opening.substr(0, 80)).find("ftp") == std::string::npos ? "SMTP" : "FTP";
  return {};
}

std::string first_line_of(std::string_view opening) {
  std::string_view line = opening.substr(0, opening.find_first_of("\r\n"));
  return base::without_terminal_controls(base::escape_control(line.substr(0, line_octets_max)));
}

Finding judge_greeting(const Ground& ground, const Opening& opening) {
  if (opening.reply) return judge_no(ground, opening, AttemptPhase::greeting);
  const bool begins_as_reply = !opening.seen.empty() && base::is_digit(opening.seen.front());
  if (opening.drip != Opening::Drip::none && begins_as_reply)
    return judge_drip(ground, opening, "its greeting", opening.greeting_took);
  std::string_view protocol = protocol_of(opening.seen);
  if (!opening.seen.empty() && protocol != "SMTP") {
    return other_protocol(ground, opening, protocol.empty() ? "something else" : protocol,
                          first_line_of(opening.seen));
  }
  const bool silent = opening.error && opening.error->code() == ErrorCode::timed_out;
  Finding finding = about(ground, opening, silent ? "M2010" : "M2016");
  finding.parameters["seconds"] = shown_time(opening.greeting_took);
  // That is what was done here, and no way out.
  if (ground.encryption == Encryption::implicit)
    finding.fixes.push_back({"implicit", "client", {}, Tested::fails});
  return finding;
}

std::string greeting_line(const Finding& finding) {
  if (finding.id == "M2018") return "the server says not now: " + finding.observed;
  if (finding.id == "M2015")
    return "the server turns this machine away in " + finding.parameters.at("seen");
  if (finding.id == "M5009") return "the server refuses this machine's address";
  if (finding.id == "M5010") return "the server refuses this machine for its reverse name";
  if (finding.id == "M5012") return "the server wants TLS before anything else";
  if (finding.id == "M4027") return "the server does not see that the connection is encrypted";
  if (finding.id == "M5019") return "the server refuses " + finding.parameters.at("seen");
  if (finding.id == "M2013")
    return fmt::format("it is no mail server: {} answers", finding.parameters.at("protocol"));
  if (finding.id == "M2010")
    return fmt::format("connected, but no greeting in {}", finding.parameters.at("seconds"));
  if (finding.id == "M2009")
    return fmt::format("somebody else answers: {}", finding.parameters.at("name"));
  if (finding.id == "M2012") return "small packets pass, large ones are lost";
  if (finding.id == "M2019") return "the server greets, and refuses EHLO";
  if (finding.id == "M2022")
    return fmt::format("the server did not end {} in {}", finding.parameters.at("seen"),
                       finding.parameters.at("seconds"));
  if (finding.id == "M2020") return "the server greets, and then breaks off";
  if (finding.id == "M2021")
    return fmt::format("greeted, but no answer to EHLO in {}", finding.parameters.at("seconds"));
  return "connected, and closed before a greeting";
}

io::Task<Finding> judge_hello(Context& context, const Ground& ground, const Opening& opening) {
  const bool secured = opening.tls.has_value();
  if (opening.reply) {
    if (opening.reply->transient()) co_return judge_no(ground, opening, AttemptPhase::hello);
    co_return co_await judge_refused_hello(ground, opening);
  }
  if (opening.drip != Opening::Drip::none)
    co_return judge_drip(ground, opening, "its answer to EHLO", opening.hello_took);
  if (opening.error && opening.error->code() != ErrorCode::timed_out) {
    Finding finding = about(ground, opening, "M2020");
    finding.observed = opening.error->message();
    const bool is_end = opening.error->code() != ErrorCode::protocol;
    finding.parameters["seen"] =
        fmt::format("{} EHLO{}", is_end ? "closed the connection at" : "gave no SMTP reply to",
                    secured ? ", inside TLS" : "");
    co_return finding;
  }
  // A certificate that arrived was larger than any answer to EHLO.
  bool small_passes = false;
  if (!secured) small_passes = co_await answers_in_few_words(context, ground, opening);
  Finding finding = about(ground, opening, small_passes ? "M2012" : "M2021");
  finding.observed.clear();
  finding.parameters["seconds"] = shown_time(opening.hello_took);
  if (small_passes) {
    finding.observed = "HELO is answered, the longer answer to EHLO does not arrive";
    finding.parameters["seen"] = finding.observed;
  }
  co_return finding;
}

namespace {

// Many servers say 220 before they look whether they can do it.
Finding judge_behind_yes(const Ground& ground, const Opening& opening) {
  const std::string& line = opening.behind_yes;
  const bool no = is_reply(line) && line[0] >= '4';
  const bool for_now = no && line[0] == '4' && !line.starts_with("454");
  Finding finding = about(ground, opening, for_now ? "M2018" : no ? "M3005" : "M3009");
  finding.observed = line;
  finding.parameters["seen"] = line;
  if (finding.id != "M3009")
    finding.notes.emplace_back(
        "It came unencrypted behind the 220 to STARTTLS, where the handshake should have begun.");
  return finding;
}

// How much or how often somebody asks, in the place of whether encryption works.
bool is_about_pace(const smtp::Reply& reply) {
  using classify::ReplyClass;
  constexpr int tls_rung = 3;
  const Refusal refusal = judge_refusal(reply, tls_rung, AttemptPhase::tls, {});
  return refusal.reply_class == ReplyClass::rate_limited ||
         refusal.reply_class == ReplyClass::too_many_connections;
}

}  // namespace

Finding judge_starttls(const Ground& ground, const Opening& opening) {
  if (!opening.behind_yes.empty()) return judge_behind_yes(ground, opening);
  const bool masked = !opening.starttls_mask.empty();
  if (masked || opening.starttls_anyway) {
    Finding finding = about(ground, opening, "M3004");
    finding.confidence = masked ? Confidence::certain : Confidence::likely;
    if (masked)
      finding.observed = "the list of extensions has a row of X in the place of STARTTLS";
    else
      finding.observed = "STARTTLS is not listed, and yet the server answers it with 220";
    finding.parameters["seen"] = masked ? opening.starttls_mask : "nothing";
    return finding;
  }
  // 454 is what a server says whose certificate is broken, for as long as it is.
  const bool not_now = opening.reply && opening.reply->transient() && opening.reply->code != 454;
  const bool temporary = not_now || (opening.reply && is_about_pace(*opening.reply));
  Finding finding = about(ground, opening,
                          temporary                  ? "M2018"
                          : opening.starttls_missing ? "M3003"
                                                     : "M3005");
  if (temporary) return finding;
  if (opening.starttls_missing && opening.reply) {
    finding.parameters["seen"] = opening.reply->text();
    finding.observed =
        "STARTTLS is not among the extensions; asked for all the same: " + opening.reply->text();
  } else if (finding.id == "M3005" && opening.reply && is_about_the_command(*opening.reply)) {
    finding.confidence = Confidence::likely;
    finding.notes.emplace_back(
        "The server lists STARTTLS and takes the command for a wrong one: it may be switched off "
        "for this client, or something on the way answers in the server's place.");
  }
  return finding;
}

}  // namespace waypost::doctor
