#include <algorithm>

#include <fmt/format.h>

#include "doctor/judgements.h"
#include "doctor/rungs.h"
#include "doctor/ways.h"

namespace waypost::doctor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Step = Opening::Step;

constexpr seconds slow_greeting{5};
constexpr seconds ways_patience{3};
constexpr milliseconds compare_patience{1500};
constexpr seconds other_address_patience{5};
constexpr seconds reply_patience{20};
constexpr seconds handshake_patience{10};
constexpr std::chrono::minutes long_patience{5};

class TlsRung {
 public:
  TlsRung(Context& context, const Request& request, Ground& ground, RungResult& connect)
      : context_(context), request_(request), ground_(ground), connect_(connect) {
    result_.rung = Rung::tls;
    result_.status = RungStatus::pass;
  }

  io::Task<RungResult> run();

 private:
  DoorKey key() const;
  io::Task<Opening> open();
  io::Task<void> try_other_address(Opening& opening);
  io::Task<void> judge(Opening& opening);
  io::Task<void> judge_stop(Opening& opening);
  io::Task<void> judge_open(Opening& opening);
  io::Task<void> judge_mismatch(Opening& opening);
  io::Task<void> judge_end(Finding finding);
  io::Task<void> add_ways(Finding& finding, bool this_port, Encryption encryption);
  io::Task<void> compare_certificates(Finding& finding);
  void blame_connect(Finding finding);
  void fail(Finding finding, std::string line);
  void note_facts(const Opening& opening);
  bool tls_optional() const {
    bool open_port = ground_.port == 25 && request_.user.empty() && !ground_.encryption_given;
    return ground_.mail_exchanger || open_port;
  }
  bool may_stay_clear() const {
    return tls_optional() || (request_.clear_if_not_offered && request_.user.empty());
  }

  Context& context_;
  const Request& request_;
  Ground& ground_;
  RungResult& connect_;
  RungResult result_;
};

DoorKey TlsRung::key() const {
  DoorKey key{ground_.host, ground_.at, ground_.encryption, request_.hello};
  key.tls_optional = may_stay_clear();
  key.reply_patience = reply_patience;
  key.handshake_patience = handshake_patience;
  if (request_.patient) key.greeting_patience = key.reply_patience = long_patience;
  // On the port of TLS a silence is expected; elsewhere a server may take its time.
  key.silence_before_probe =
      ground_.port == 465 ? Duration(milliseconds(500)) : Duration(seconds(2));
  return key;
}

io::Task<Opening> TlsRung::open() {
  DoorKey door = key();
  std::unique_ptr<io::Stream> connected = std::move(ground_.connected);
  Opening opening = co_await open_door(context_, std::move(door), std::move(connected));
  bool unasked = opening.wants_tls_at_once && !ground_.encryption_given;
  if (!unasked) co_return opening;
  // Nobody said how this port begins; now we know.
  ground_.encryption = Encryption::implicit;
  DoorKey other = key();
  co_return co_await open_door(context_, std::move(other), nullptr);
}

// `encryption` is what is tried on this port instead, where `this_port` says so.
io::Task<void> TlsRung::add_ways(Finding& finding, bool this_port, Encryption encryption) {
  std::vector<UsualPort> ways;
  if (this_port) ways.push_back({ground_.port, encryption});
  for (UsualPort usual :
       {UsualPort{587, Encryption::starttls}, UsualPort{465, Encryption::implicit}})
    if (usual.port != ground_.port && !ground_.mail_exchanger) ways.push_back(usual);
  if (ways.empty() || !ground_.tries_other_ways) co_return;
  IpAddress address = ground_.at.address;
  auto trials = co_await try_ways(context_, ground_.host, address, std::move(ways), ways_patience);
  add_fixes(finding, trials, ground_.port);
}

// Another port of the host may show the certificate that this one should: a service that was not
// reloaded.
io::Task<void> TlsRung::compare_certificates(Finding& finding) {
  if (!ground_.tries_other_ways) co_return;
  std::vector<UsualPort> ways = other_ports(ground_.port);
  IpAddress address = ground_.at.address;
  auto trials =
      co_await try_ways(context_, ground_.host, address, std::move(ways), compare_patience);
  std::vector<std::string> better;
  for (const Trial& trial : trials)
    if (trial.certificate_holds) better.push_back(std::to_string(trial.at.port));
  if (better.empty()) co_return;
  finding.notes.push_back(fmt::format("Compared now: port {} of the host {} one that holds.",
                                      fmt::join(better, " and "),
                                      better.size() == 1 ? "shows" : "show"));
}

void TlsRung::blame_connect(Finding finding) {
  result_.status = RungStatus::skipped;
  connect_.line = greeting_line(finding);
  connect_.add(std::move(finding));
}

void TlsRung::fail(Finding finding, std::string line) {
  if (finding.id.starts_with("M2")) {
    blame_connect(std::move(finding));
    return;
  }
  result_.line = std::move(line);
  result_.add(std::move(finding));
}

io::Task<void> TlsRung::judge_mismatch(Opening& opening) {
  Finding finding;
  finding.id = "M3002";
  finding.parameters = ground_.parameters();
  finding.evidence = {opening.evidence};
  finding.observed = "no greeting; a connection that begins with TLS is answered";
  co_await add_ways(finding, true, Encryption::implicit);
  fail(std::move(finding), "you wait for a greeting, the server waits for TLS");
}

std::string line_of(const Finding& finding) {
  static const std::map<std::string, std::string> lines{
      {"M3001", "you start with TLS, the server starts in plain text"},
      {"M3003", "the server offers no STARTTLS"},
      {"M3004", "STARTTLS was taken out on the way"},
      {"M3005", "the server offers STARTTLS and refuses it"},
      {"M3006", "the server knows only TLS versions that are too old"},
      {"M3007", "no cipher or parameter in common"},
      {"M3008", "the handshake ends without an answer"},
      {"M3009", "plain text in the place of the handshake"},
      {"M3010", "the server wants a client certificate"},
      {"M3011", "the server ends TLS by alert {seen}"},
      {"M3012", "the server has no TLS for this host name"},
      {"M3013", "works, with a cipher that many refuse"},
      {"M3021", "certificate expired {days} ago"},
      {"M3022", "certificate is valid only in {days}"},
      {"M3023", "certificate is for another name"},
      {"M3024", "certificate is self-signed"},
      {"M3025", "certificate chain is incomplete"},
      {"M3026", "certificate is from an unknown authority"},
      {"M3027", "certificate has {seen}"},
      {"M3028", "the clock of this machine is wrong"},
      {"M3029", "certificate expires in {days}"},
      {"M3030", "an authority's certificate is not valid now"},
      {"M3031", "certificate breaks a rule of certificates"},
      {"M3032", "an authority's certificate has {seen}"},
      {"M3033", "certificate has the name as its common name only"},
  };
  auto place = lines.find(finding.id);
  std::string line = place == lines.end() ? "" : place->second;
  for (const auto& [key, value] : finding.parameters) {
    std::string mark = "{" + key + "}";
    if (size_t at = line.find(mark); at != line.npos) line.replace(at, mark.size(), value);
  }
  return line;
}

// What the server ended, and for a reason of TLS.
io::Task<void> TlsRung::judge_end(Finding finding) {
  const bool mismatch = finding.id == "M3001";
  if (finding.id == "M2013")
    finding.parameters.emplace("other_port", ground_.port == 587 ? "465" : "587");
  if (mismatch || finding.id == "M3008" || finding.id == "M3010" || finding.id == "M2013")
    co_await add_ways(finding, mismatch, Encryption::starttls);
  std::string line = line_of(finding);
  fail(std::move(finding), std::move(line));
}

io::Task<void> TlsRung::judge_stop(Opening& opening) {
  if (auto ended = judge_tls_end(ground_, opening)) {
    co_await judge_end(*std::move(ended));
    co_return;
  }
  switch (opening.step) {
    case Step::greeting:
      if (opening.wants_tls_at_once) {
        co_await judge_mismatch(opening);
        co_return;
      }
      {
        Finding finding = judge_greeting(ground_, opening);
        if (finding.id == "M5012") co_await add_ways(finding, false, Encryption::implicit);
        blame_connect(std::move(finding));
      }
      co_return;
    case Step::hello:
    case Step::hello_again: {
      Finding finding = co_await judge_hello(context_, ground_, opening);
      if (finding.id == "M5012") co_await add_ways(finding, false, Encryption::implicit);
      blame_connect(std::move(finding));
      co_return;
    }
    case Step::starttls: {
      Finding finding = judge_starttls(ground_, opening);
      if (!finding.temporary) co_await add_ways(finding, false, Encryption::starttls);
      std::string line = line_of(finding);
      // The greeting was good: this no is about encryption.
      if (finding.temporary) line = "STARTTLS is refused for now: " + finding.observed;
      result_.line = std::move(line);
      result_.add(std::move(finding));
      co_return;
    }
    default: {
      Finding finding = co_await judge_handshake(context_, ground_, opening);
      co_await judge_end(std::move(finding));
      co_return;
    }
  }
}

void TlsRung::note_facts(const Opening& opening) {
  if (!opening.tls) return;
  const tls::CertificateReport& certificate = opening.certificate;
  result_.add_fact("version", opening.tls->version);
  result_.add_fact("cipher", opening.tls->cipher);
  result_.add_fact("subject", certificate.subject);
  result_.add_fact("issuer", certificate.issuer);
  result_.add_list("names", certificate.names);
  result_.add_fact("not_before", base::to_rfc3339(certificate.valid_from));
  result_.add_fact("not_after", base::to_rfc3339(certificate.valid_until));
  auto left = certificate.valid_until - context_.loop.wall_now();
  result_.add_fact("cert_days",
                   std::to_string(std::chrono::floor<std::chrono::days>(left).count()));
  std::string version = opening.tls->version;
  if (version.starts_with("TLSv")) version = "TLS " + version.substr(4);
  result_.line = fmt::format("{}, certificate valid {} days, name matches", version,
                             std::chrono::floor<std::chrono::days>(left).count());
}

io::Task<void> TlsRung::judge_open(Opening& opening) {
  note_facts(opening);
  if (!opening.tls) {
    result_.line = "not encrypted";
    if (ground_.encryption == Encryption::none) {
      result_.line += ", as the settings say";
    } else {
      Finding finding = judge_starttls(ground_, opening);
      finding.severity = Severity::warning;
      result_.line = line_of(finding);
      result_.add(std::move(finding));
    }
  } else {
    if (auto finding = judge_cipher(ground_, opening)) {
      result_.line = line_of(*finding);
      result_.add(*std::move(finding));
    }
    std::string greeting = opening.session ? opening.session->greeting : "";
    auto finding = judge_certificate(ground_, opening, greeting, context_.loop.wall_now());
    if (finding) {
      if (tls_optional()) finding->severity = Severity::warning;
      if (finding->severity == Severity::error) co_await compare_certificates(*finding);
      result_.line = line_of(*finding);
      result_.add(*std::move(finding));
    }
  }
  bool goes_on = result_.status != RungStatus::fail;
  ground_.certificate = std::move(opening.certificate);
  if (goes_on)
    ground_.session = std::move(opening.session);
  else
    co_await close_door(opening);
}

io::Task<void> TlsRung::judge(Opening& opening) {
  if (opening.greeting_took >= slow_greeting && opening.step != Step::greeting) {
    Finding finding;
    finding.id = "M2011";
    finding.severity = Severity::warning;
    finding.parameters = ground_.parameters();
    finding.parameters["seconds"] = shown_time(opening.greeting_took);
    finding.observed = fmt::format("the greeting came after {}", finding.parameters["seconds"]);
    finding.evidence = {opening.evidence};
    connect_.line += fmt::format(", after {}", finding.parameters["seconds"]);
    connect_.add(std::move(finding));
  }
  auto redirected = co_await judge_redirection(context_, ground_, opening);
  if (redirected) {
    blame_connect(*std::move(redirected));
    co_await close_door(opening);
  } else if (opening.is_open()) {
    co_await judge_open(opening);
  } else {
    co_await judge_stop(opening);
  }
}

// Taken, and then let down without a word of SMTP: by the address, and not by what was said to it.
std::string_view let_down(const Ground& ground, const Opening& opening) {
  if (opening.reply || !opening.error || opening.wants_tls_at_once) return {};
  if (judge_tls_end(ground, opening)) return {};
  if (opening.step == Step::greeting) {
    const Finding finding = judge_greeting(ground, opening);
    if (finding.id == "M2010") return "says nothing";
    return finding.id == "M2016" ? "closes before a greeting" : "";
  }
  const bool ends =
      opening.error->code() != ErrorCode::timed_out && opening.error->code() != ErrorCode::protocol;
  return opening.step == Step::hello && ends ? "breaks off at EHLO" : "";
}

std::string_view family_of(const IpAddress& address) { return address.is_v4() ? "IPv4" : "IPv6"; }

// One address is not the host: where another one does all that this one does not, the walk goes on
// there, the other family first.
io::Task<void> TlsRung::try_other_address(Opening& opening) {
  const std::string_view what = let_down(ground_, opening);
  if (what.empty() || !ground_.tries_other_ways || ground_.also_connected.empty()) co_return;
  const IpAddress bad = ground_.at.address;
  auto other = std::find_if(ground_.also_connected.begin(), ground_.also_connected.end(),
                            [&bad](const IpAddress& each) { return each.is_v4() != bad.is_v4(); });
  if (other == ground_.also_connected.end()) other = ground_.also_connected.begin();
  DoorKey door = key();
  door.at.address = *other;
  door.silence_before_probe = Duration(0);
  door.greeting_patience = other_address_patience;
  Opening better = co_await open_door(context_, std::move(door), nullptr);
  if (!better.is_open()) {
    co_await close_door(better);
    co_return;
  }
  const bool same_family = bad.is_v4() == other->is_v4();
  Finding finding;
  finding.id = "M2024";
  finding.parameters = ground_.parameters();
  finding.parameters["seen"] = what;
  finding.parameters["name"] = other->text();
  finding.observed =
      fmt::format("{}: {}", Endpoint{bad, ground_.port}.text(), opening.error->message());
  finding.evidence = {opening.evidence};
  if (!same_family)
    finding.fixes = {{other->is_v4() ? "ipv4" : "ipv6",
                      "client",
                      {{"family", other->is_v4() ? "ipv4" : "ipv6"}},
                      Tested::works}};
  for (const char* id : {"ipv4", "ipv6"})
    if (finding.fixes.empty() || finding.fixes.front().id != id)
      finding.fixes.push_back({id, "client", {}, Tested::fails});
  const std::string_view where = same_family ? "one address" : family_of(bad);
  connect_.line =
      fmt::format("{} {}; {} works", where, what, same_family ? "another" : family_of(*other));
  connect_.add(std::move(finding));
  ground_.over = fmt::format(" (over {})", same_family ? other->text() : family_of(*other));
  ground_.at.address = *other;
  opening = std::move(better);
}

io::Task<RungResult> TlsRung::run() {
  Instant began = context_.loop.now();
  Opening opening = co_await open();
  connect_.took += opening.greeting_took;
  co_await try_other_address(opening);
  co_await judge(opening);
  result_.took = context_.loop.now() - began - opening.greeting_took;
  result_.line += result_.line.empty() ? "" : ground_.over;
  co_return std::move(result_);
}

}  // namespace

io::Task<RungResult> walk_tls(Context& context, const Request& request, Ground& ground,
                              RungResult& connect) {
  TlsRung rung(context, request, ground, connect);
  co_return co_await rung.run();
}

}  // namespace waypost::doctor
