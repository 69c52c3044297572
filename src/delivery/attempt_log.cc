#include "delivery/attempt_log.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"

namespace waypost::delivery {
namespace {

constexpr std::string_view ending = "* the rest is left out\n";

}  // namespace

void AttemptLog::enter(events::Phase phase) {
  pause();
  auto known = std::find_if(steps_.begin(), steps_.end(),
                            [&](const events::Step& step) { return step.phase == phase; });
  if (known == steps_.end()) known = steps_.insert(known, {phase, Duration(0)});
  current_ = static_cast<size_t>(known - steps_.begin());
  entered_ = loop_.now();
}

void AttemptLog::pause() {
  if (current_) steps_[*current_].took += loop_.now() - entered_;
  current_.reset();
}

void AttemptLog::did(std::string_view what) { write('*', what); }
void AttemptLog::said(std::string_view lines) { write_lines('>', lines); }

void AttemptLog::heard(const smtp::Reply& reply) {
  if (!with_transcript_ || full_) return;
  std::string wire;
  reply.append_wire(wire);
  write_lines('<', wire);
}

void AttemptLog::write_lines(char who, std::string_view lines) {
  while (with_transcript_ && !full_ && !lines.empty()) {
    size_t end = std::min(lines.find("\r\n"), lines.size());
    write(who, lines.substr(0, end));
    lines.remove_prefix(std::min(lines.size(), end + 2));
  }
}

void AttemptLog::write(char who, std::string_view line) {
  if (!with_transcript_ || full_) return;
  double seconds = std::chrono::duration<double>(loop_.now() - began_).count();
  std::string written =
      base::to_valid_utf8(fmt::format("+{:.3f} {} {}\n", seconds, who, base::escape_control(line)));
  full_ = text_.size() + written.size() + ending.size() > transcript_octets_max;
  text_ += full_ ? ending : written;
}

std::vector<events::Step> AttemptLog::steps() const {
  std::vector<events::Step> steps = steps_;
  if (current_) steps[*current_].took += loop_.now() - entered_;
  return steps;
}

Duration AttemptLog::took() const {
  Duration all{0};
  for (const events::Step& step : steps()) all += step.took;
  return all;
}

std::shared_ptr<const std::string> AttemptLog::transcript() const {
  if (!with_transcript_) return nullptr;
  return std::make_shared<const std::string>(text_);
}

}  // namespace waypost::delivery
