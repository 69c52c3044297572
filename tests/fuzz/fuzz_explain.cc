// A reply, read by the shipped rules. The first line is "provider|own ip|own domain|phase", the
// rest is the text; without a line end all of it is the text.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "classify/classifier.h"
#include "classify/shipped_rules.h"

namespace {

using namespace waypost::classify;
namespace smtp = waypost::smtp;

Question question_from(std::string_view octets) {
  Question question{octets, {}, {}, {}, {}};
  size_t end = octets.find('\n');
  if (end == std::string_view::npos) return question;
  question.text = octets.substr(end + 1);
  std::string_view head = octets.substr(0, end);
  std::array<std::string_view, 4> parts;
  for (std::string_view& part : parts) {
    part = head.substr(0, head.find('|'));
    head.remove_prefix(std::min(head.size(), part.size() + 1));
  }
  question.provider = parts[0];
  question.own_ip = parts[1];
  question.own_domain = parts[2];
  question.phase = smtp::parse_phase(parts[3]);
  return question;
}

void check_normal_text(const NormalText& normal, std::string_view text) {
  CHECK(waypost::base::is_utf8(normal.text));
  CHECK(normal.origin.size() == normal.text.size() + 1);
  CHECK(std::is_sorted(normal.origin.begin(), normal.origin.end()));
  CHECK(normal.origin.back() <= text.size());
  CHECK(normal.text.find("  ") == std::string::npos);
  CHECK(std::none_of(normal.text.begin(), normal.text.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '\n' || c == '\0'; }));
}

void check_reading(const Reading& reading, const NormalText& normal, std::string_view text) {
  CHECK(reading.evidence_start <= reading.evidence_end && reading.evidence_end <= text.size());
  CHECK(reading.evidence_text ==
        text.substr(reading.evidence_start, reading.evidence_end - reading.evidence_start));
  CHECK(reading.rule_id().empty() == reading.evidence_text.empty());
  if (reading.condemns) {
    CHECK(facts(reading.reply_class).condemns_address);
    CHECK(!normal.quotes_own_names);
    CHECK(!reading.reply_code.starts_with('2'));
  }
  CHECK(reading.rule == nullptr || reading.by_code == nullptr);
  CHECK(reading.alternatives.size() <= 3);
  for (ReplyClass other : reading.alternatives)
    CHECK(other != reading.reply_class && other != ReplyClass::unknown &&
          std::count(reading.alternatives.begin(), reading.alternatives.end(), other) == 1);
  CHECK(!reading.retry_after || (*reading.retry_after > std::chrono::seconds(0) &&
                                 *reading.retry_after <= std::chrono::weeks(1)));
}

void check_same(const Reading& a, const Reading& b) {
  CHECK(a.rule == b.rule && a.by_code == b.by_code && a.provider == b.provider);
  CHECK(a.reply_class == b.reply_class && a.condemns == b.condemns);
  CHECK(a.disposition == b.disposition && a.confidence == b.confidence);
  CHECK(a.reply_code == b.reply_code && a.enhanced_code == b.enhanced_code);
  CHECK(a.alternatives == b.alternatives && a.retry_after == b.retry_after);
  CHECK(a.evidence_start == b.evidence_start && a.evidence_end == b.evidence_end);
}

const Classifier& classifier() {
  static const LoadedBook loaded = load(shipped_rules(), shipped_rules().size());
  CHECK(loaded.book);
  static const Classifier made(*loaded.book);
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Reader remembering(classifier(), 64);
  static Reader forgetting(classifier(), 0);
  const Question question =
      question_from(std::string_view(reinterpret_cast<const char*>(data), size));
  const Reading reading = remembering.read(question);
  check_normal_text(remembering.normal_text(), question.text);
  check_reading(reading, remembering.normal_text(), question.text);
  check_same(reading, remembering.read(question));
  check_same(reading, forgetting.read(question));
  return 0;
}
