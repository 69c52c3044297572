#include <sstream>

#include <gtest/gtest.h>

#include "base/ascii.h"
#include "tests/conformance/script.h"
#include "tests/fakes/smtp_dialogue.h"

// Replays the scripts beside this file against the real session.
namespace waypost::conformance {
namespace {

using fakes::SmtpDialogue;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

class Replay {
 public:
  explicit Replay(const Script& script) : script_(script) {}

  void run() {
    for (size_t at = 0; at < script_.steps.size() && !testing::Test::HasFailure(); ++at) {
      const Step& step = script_.steps[at];
      SCOPED_TRACE(script_.file + ":" + std::to_string(step.line));
      if (step.kind != Step::Kind::send) flush();
      if (step.kind == Step::Kind::send) unsent_ += step.text;
      if (step.kind == Step::Kind::expect) expect(step.text);
      if (step.kind == Step::Kind::directive) obey(words_of(step.text), step.text);
    }
    flush();
    if (dialogue_) heard_ += dialogue_->receive();
    EXPECT_EQ(heard_, "") << script_.file << ": the server says more than the script";
  }

 private:
  SmtpDialogue& dialogue() {
    if (!dialogue_) dialogue_ = std::make_unique<SmtpDialogue>(options_);
    return *dialogue_;
  }

  void flush() {
    if (!unsent_.empty()) dialogue().send(std::exchange(unsent_, {}));
  }

  void expect(const std::string& pattern) {
    heard_ += dialogue().receive();
    if (pattern == "(silence)" || pattern == "(closed)") {
      EXPECT_EQ(heard_, "");
      EXPECT_EQ(dialogue().closed(), pattern == "(closed)");
      return;
    }
    const size_t end = heard_.find("\r\n");
    ASSERT_NE(end, std::string::npos) << "no reply; expected: " << pattern;
    const std::string line = heard_.substr(0, end);
    heard_.erase(0, end + 2);
    EXPECT_TRUE(matches(line, pattern)) << "expected: " << pattern << "\n  server: " << line;
  }

  void obey(const std::vector<std::string>& words, const std::string& text) {
    const std::string& what = words.at(0);
    if (what == "client") {
      options_.client = *IpAddress::parse(words.at(1));
    } else if (what == "tls") {
      options_.tls_mode =
          words.at(1) == "none" ? submission::TlsMode::none : submission::TlsMode::implicit;
    } else if (what == "limit" && words.at(1) == "recipients") {
      options_.limits.recipients_max = std::stoul(words.at(2));
    } else if (what == "limit" && words.at(1) == "octets") {
      options_.limits.message_octets_max = std::stoul(words.at(2));
    } else if (what == "starttls") {
      EXPECT_TRUE(dialogue().start_tls());
    } else if (what == "wait") {
      dialogue().loop.advance(*base::parse_duration(words.at(1)));
    } else if (what == "half-close") {
      dialogue().half_close();
    } else if (what == "stored") {
      EXPECT_EQ(dialogue().stored().size(), std::stoul(words.at(1)));
    } else if (what == "event") {
      expect_event(text.substr(text.find(' ') + 1));
    } else {
      FAIL() << "unknown directive: " << text;
    }
  }

  void expect_event(const std::string& pattern) {
    const std::vector<events::Event>& events = dialogue().sink.events;
    if (pattern == "(none)") {
      EXPECT_EQ(events.size(), events_seen_);
      return;
    }
    ASSERT_GT(events.size(), events_seen_) << "no event; expected: " << pattern;
    const events::Event& event = events[events_seen_++];
    std::string line(events::name(event.kind));
    if (!event.reply.empty()) line += " " + event.reply;
    EXPECT_TRUE(matches(line, pattern)) << "expected: " << pattern << "\n   event: " << line;
  }

  const Script& script_;
  SmtpDialogue::Options options_;
  std::unique_ptr<SmtpDialogue> dialogue_;
  std::string unsent_;
  std::string heard_;
  size_t events_seen_ = 0;
};

class Conformance : public testing::TestWithParam<Script> {};

TEST_P(Conformance, session_answers_as_written) { Replay(GetParam()).run(); }

std::string identifier(const testing::TestParamInfo<Script>& info) {
  std::string name = info.param.file.substr(0, info.param.file.find('.')) + "_" + info.param.name;
  for (char& c : name)
    if (!base::is_alnum(c)) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Scripts, Conformance, testing::ValuesIn(load_scripts()), identifier);

}  // namespace
}  // namespace waypost::conformance
