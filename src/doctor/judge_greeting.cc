#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/terminal_text.h"
#include "doctor/judgements.h"

namespace waypost::doctor {
namespace {

constexpr size_t line_octets_max = 120;
constexpr std::chrono::seconds short_patience{5};

bool is_reply(std::string_view opening) {
  return opening.size() >= 3 && opening[0] >= '2' && opening[0] <= '5' &&
         base::is_digit(opening[1]) && base::is_digit(opening[2]) &&
         (opening.size() == 3 || opening[3] == ' ' || opening[3] == '-' || opening[3] == '\r' ||
          opening[3] == '\n');
}

Finding about(const Ground& ground, const Opening& opening, std::string id) {
  Finding finding;
  finding.id = std::move(id);
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

}  // namespace

std::string_view protocol_of(std::string_view opening) {
  if (opening.starts_with("HTTP/") || opening.starts_with("<!DOCTYPE") ||
      opening.starts_with("<html"))
    return "HTTP";
  if (opening.starts_with("SSH-")) return "SSH";
  if (opening.starts_with("* OK") || opening.starts_with("* PREAUTH") ||
      opening.starts_with("* BYE"))
    return "IMAP";
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
  if (opening.reply) {
    bool temporary = opening.reply->transient();
    Finding finding = about(ground, opening, temporary ? "M2018" : "M2015");
    finding.temporary = temporary;
    return finding;
  }
  std::string_view protocol = protocol_of(opening.seen);
  if (!opening.seen.empty() && protocol != "SMTP") {
    Finding finding = about(ground, opening, "M2013");
    finding.parameters["protocol"] = protocol.empty() ? "something else" : protocol;
    finding.parameters["seen"] =
        fmt::format("{}: {}", finding.parameters["protocol"], first_line_of(opening.seen));
    return finding;
  }
  bool silent = opening.error && opening.error->code() == ErrorCode::timed_out;
  Finding finding = about(ground, opening, silent ? "M2010" : "M2016");
  finding.parameters["seconds"] = shown_time(opening.greeting_took);
  return finding;
}

std::string greeting_line(const Finding& finding) {
  if (finding.id == "M2018") return "the server is busy: " + finding.observed;
  if (finding.id == "M2015") return "the server turns this machine away in its greeting";
  if (finding.id == "M2013")
    return fmt::format("it is no mail server: {} answers", finding.parameters.at("protocol"));
  if (finding.id == "M2010")
    return fmt::format("connected, but no greeting in {}", finding.parameters.at("seconds"));
  if (finding.id == "M2009")
    return fmt::format("somebody else answers: {}", finding.parameters.at("name"));
  if (finding.id == "M2012") return "small packets pass, large ones are lost";
  if (finding.id == "M2019") return "the server greets, and refuses EHLO";
  if (finding.id == "M2020") return "the server greets, and then breaks off";
  if (finding.id == "M2021")
    return fmt::format("greeted, but no answer to EHLO in {}", finding.parameters.at("seconds"));
  return "connected, and closed before a greeting";
}

io::Task<Finding> judge_hello(Context& context, const Ground& ground, const Opening& opening) {
  const bool secured = opening.tls.has_value();
  if (opening.reply) {
    const bool temporary = opening.reply->transient();
    Finding finding = about(ground, opening, temporary ? "M2018" : "M2019");
    finding.temporary = temporary;
    finding.parameters["name"] = opening.session ? opening.session->hello : "";
    co_return finding;
  }
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
  finding.confidence = Confidence::likely;
  finding.observed.clear();
  finding.parameters["seconds"] = shown_time(opening.hello_took);
  if (small_passes) {
    finding.observed = "HELO is answered, the longer answer to EHLO does not arrive";
    finding.parameters["seen"] = finding.observed;
  }
  co_return finding;
}

Finding judge_starttls(const Ground& ground, const Opening& opening) {
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
  bool temporary = opening.reply && opening.reply->transient() && opening.reply->code != 454;
  Finding finding = about(ground, opening,
                          temporary                  ? "M2018"
                          : opening.starttls_missing ? "M3003"
                                                     : "M3005");
  finding.temporary = temporary;
  if (temporary) return finding;
  if (opening.starttls_missing && opening.reply) {
    finding.parameters["seen"] = opening.reply->text();
    finding.observed =
        "STARTTLS is not among the extensions; asked for all the same: " + opening.reply->text();
  }
  return finding;
}

}  // namespace waypost::doctor
