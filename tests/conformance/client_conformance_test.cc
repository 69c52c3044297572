#include <sstream>

#include <gtest/gtest.h>

#include "base/ascii.h"
#include "tests/conformance/script.h"
#include "tests/fakes/attempts.h"
#include "tls/tls_stream.h"

// Replays the scripts in client/ as a server, against the real deliverer.
namespace waypost::conformance {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 30min;

// A server that says what the script has, and checks that the client says what it should.
class ScriptedServer {
 public:
  ScriptedServer(const Script& script, io::SimProcess& process) : script_(script), loop_(process) {
    listener_ = *process.network().listen({process.host(), 25}, {});
    context_ = *tls::ServerContext::from_pem(fakes::Attempts::key_pair().certificate_pem,
                                             fakes::Attempts::key_pair().key_pem);
    tasks_.start(run());
  }

  // Whether the client came to the end of the script.
  bool finished() const { return finished_; }
  const std::string& mistake() const { return mistake_; }

 private:
  io::Task<void> run() {
    for (at_ = 0; at_ < script_.steps.size() && mistake_.empty(); ++at_) {
      const Step& step = script_.steps[at_];
      if (step.kind == Step::Kind::send) co_await send(step.text);
      if (step.kind == Step::Kind::expect) co_await expect(step.text);
      if (step.kind == Step::Kind::directive) co_await obey(step.text);
    }
    finished_ = mistake_.empty();
    if (stream_) co_await drain();
  }

  io::Task<void> connected() {
    if (stream_) co_return;
    auto accepted = co_await listener_->accept();
    EXPECT_TRUE(accepted);
    stream_ = *std::move(accepted);
    received_.clear();
  }

  io::Task<void> send(std::string octets) {
    co_await connected();
    for (; at_ + 1 < script_.steps.size(); ++at_) {
      if (script_.steps[at_ + 1].kind != Step::Kind::send) break;
      octets += script_.steps[at_ + 1].text;
    }
    // The client may have gone; what it does next shows that.
    auto written = co_await stream_->write(octets, loop_.now() + patience);
    static_cast<void>(written);
  }

  io::Task<void> expect(std::string pattern) {
    co_await connected();
    if (pattern == "(closed)") {
      co_await drain();
      stream_.reset();
    } else if (pattern == "(content)") {
      for (std::string line; line != ".";) {
        bool more = co_await read_line(line);
        if (!more) fail("the content has no end");
        if (!more) co_return;
      }
    } else {
      std::string line;
      bool more = co_await read_line(line);
      if (!more) line = "(closed)";
      if (!matches(line, pattern)) fail("expected: " + pattern + "\n  client: " + line);
    }
  }

  io::Task<bool> read_line(std::string& line) {
    std::array<char, 4096> buffer;
    size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
      auto got = co_await stream_->read(buffer, loop_.now() + patience);
      if (!got || *got == 0) co_return false;
      received_.append(buffer.data(), *got);
    }
    line = received_.substr(0, end);
    received_.erase(0, end + 2);
    co_return true;
  }

  // Whatever still comes: nothing but a goodbye.
  io::Task<void> drain() {
    std::string line;
    while (true) {
      bool more = co_await read_line(line);
      if (!more) co_return;
      if (line != "QUIT") fail("the client says more than the script: " + line);
    }
  }

  io::Task<void> obey(std::string text) {
    if (text == "starttls") {
      co_await connected();
      auto secured = co_await tls::accept(std::move(stream_), *context_, loop_.now() + patience);
      if (!secured) fail("no handshake: " + secured.error().describe());
      if (secured) stream_ = *std::move(secured);
    } else if (text == "close") {
      co_await connected();
      stream_.reset();
    } else if (text == "stall") {
      co_await connected();
      co_await io::sleep_until(loop_, loop_.now() + patience);
    }
  }

  void fail(const std::string& what) {
    if (!mistake_.empty()) return;
    size_t step = std::min(at_, script_.steps.size() - 1);
    mistake_ = script_.file + ":" + std::to_string(script_.steps[step].line) + ": " + what;
  }

  const Script& script_;
  io::SimProcess& loop_;
  std::unique_ptr<io::Listener> listener_;
  std::unique_ptr<tls::ServerContext> context_;
  std::unique_ptr<io::Stream> stream_;
  std::string received_;
  size_t at_ = 0;
  bool finished_ = false;
  std::string mistake_;
  io::TaskGroup tasks_;
};

std::string_view name(events::Verdict verdict) {
  switch (verdict) {
    case events::Verdict::delivered:
      return "delivered";
    case events::Verdict::deferred:
      return "deferred";
    case events::Verdict::bounced:
      break;
  }
  return "bounced";
}

class Replay {
 public:
  explicit Replay(const Script& script) : script_(script) {}

  void run() {
    attempts_.settings.transcripts = delivery::Transcripts::all;
    for (const Step& step : script_.steps)
      if (step.kind == Step::Kind::directive) prepare(step.text);
    ScriptedServer server(script_, attempts_.there);
    outcomes_ = attempts_.attempt(recipients_, 5h);
    EXPECT_EQ(server.mistake(), "");
    EXPECT_TRUE(server.finished()) << script_.file << ": the script was not played to its end";
    ASSERT_EQ(outcomes_.size(), recipients_.size());
    for (const Step& step : script_.steps) {
      SCOPED_TRACE(script_.file + ":" + std::to_string(step.line));
      if (step.kind == Step::Kind::directive) check(step.text);
    }
    EXPECT_TRUE(checked_ == 0 || checked_ == outcomes_.size()) << "an outcome for each recipient";
    if (testing::Test::HasFailure() && outcomes_.front().transcript)
      ADD_FAILURE() << *outcomes_.front().transcript;
  }

 private:
  static std::pair<std::string, std::string> split(const std::string& text) {
    size_t space = std::min(text.find(' '), text.size());
    return {text.substr(0, space), text.substr(std::min(text.size(), space + 1))};
  }

  void prepare(const std::string& directive) {
    auto [what, rest] = split(directive);
    delivery::Settings& settings = attempts_.settings;
    if (what == "recipients") {
      recipients_.clear();
      for (int i = 0; i < std::stoi(rest); ++i)
        recipients_.push_back(std::string(1, char('a' + i)) + "@x.test");
    } else if (what == "tls") {
      bool may_fail = rest == "opportunistic";
      settings.tls = may_fail ? delivery::TlsPolicy::opportunistic : delivery::TlsPolicy::required;
      if (rest == "implicit") smarthost().tls_mode = delivery::TlsMode::implicit;
    } else if (what == "login") {
      smarthost().login = delivery::Login{"shop", "/secret", rest};
      attempts_.secrets.files["/secret"] = "correct-horse";
    } else if (what == "eight-bit") {
      settings.eight_bit_content = delivery::EightBitContent::bounce;
      attempts_.body = "\r\nsch\xc3\xb6n\r\n";
    } else if (what == "utf8") {
      prepare_utf8(rest);
    } else if (what == "dsn") {
      attempts_.change = [](spool::Envelope& envelope) {
        envelope.dsn = {smtp::ReturnContent::headers, "mine=1"};
        envelope.recipient_dsn[0] = {{false, true, true, false}, "rfc822;ann+x@example.net"};
      };
    }
  }

  void prepare_utf8(const std::string& where) {
    if (where == "header") attempts_.header = "Subject: sch\xc3\xb6n\r\n";
    if (where == "recipient") recipients_.push_back("j\xc3\xb6rg@x.test");
    attempts_.change = [](spool::Envelope& envelope) { envelope.smtputf8 = true; };
  }

  delivery::Smarthost& smarthost() {
    auto& all = attempts_.settings.smarthosts;
    if (all.empty()) {
      delivery::Smarthost made;
      made.id = "provider";
      made.match = {"*"};
      made.host = "mx.x.test";
      made.tls = delivery::TlsPolicy::required;
      all.push_back(std::move(made));
    }
    return all.front();
  }

  void check(const std::string& directive) {
    auto [what, rest] = split(directive);
    if (what == "outcome") {
      ASSERT_LT(checked_, outcomes_.size()) << "no further outcome";
      const events::Outcome& outcome = outcomes_[checked_++];
      std::ostringstream came;
      came << name(outcome.verdict) << " " << events::name(outcome.phase) << " " << outcome.text();
      EXPECT_TRUE(matches(came.str(), rest))
          << "expected: " << rest << "\n outcome: " << came.str();
    } else if (what == "certificate") {
      EXPECT_TRUE(matches(outcomes_.front().peer.certificate, rest))
          << outcomes_.front().peer.certificate;
    } else if (what == "transcript") {
      std::string text = *outcomes_.front().transcript;
      EXPECT_NE(text.find(rest), std::string::npos) << "no \"" << rest << "\"";
    } else if (what == "transcript-lacks") {
      EXPECT_EQ(outcomes_.front().transcript->find(rest), std::string::npos) << rest;
    } else if (what == "dsn-passed-on") {
      EXPECT_EQ(outcomes_.front().dsn_passed_on, rest == "yes");
    }
  }

  const Script& script_;
  fakes::Attempts attempts_;
  std::vector<std::string> recipients_{"a@x.test"};
  std::vector<events::Outcome> outcomes_;
  size_t checked_ = 0;
};

class ClientConformance : public testing::TestWithParam<Script> {};

TEST_P(ClientConformance, client_behaves_as_written) { Replay(GetParam()).run(); }

std::string identifier(const testing::TestParamInfo<Script>& info) {
  std::string name = info.param.file.substr(0, info.param.file.find('.')) + "_" + info.param.name;
  for (char& c : name)
    if (!base::is_alnum(c)) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Scripts, ClientConformance, testing::ValuesIn(load_client_scripts()),
                         identifier);

}  // namespace
}  // namespace waypost::conformance
