#include "smtp/data.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "smtp/limits.h"

namespace waypost::smtp {
namespace {

constexpr unsigned char past_cr = '\r' + 1;

// Where the first octet up to CR stands, from `at` on, or the end: NUL, LF and CR are among these,
// and of what mail contains only tabs besides. This is most of what receiving content costs, so it
// takes eight octets at a time; that is a fifth faster than memchr for each of the three.
size_t find_control(std::string_view octets, size_t at) {
  constexpr uint64_t ones = 0x0101010101010101;
  constexpr uint64_t high_bits = ones << 7;
  for (uint64_t word = 0; octets.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, octets.data() + at, sizeof word);
    // Some octet borrows into its high bit, which was clear: it is less than `past_cr`.
    if (((word - ones * past_cr) & ~word & high_bits) != 0) break;
  }
  while (at < octets.size() && static_cast<unsigned char>(octets[at]) >= past_cr) ++at;
  return at;
}

}  // namespace

size_t DataReader::feed(std::string_view octets, std::string& content) {
  size_t run = 0;  // where the content that is not yet appended starts
  const auto append_run = [&](size_t end) {
    if (!fault_) content.append(octets, run, end - run);
  };

  size_t at = 0;
  while (at < octets.size() && !ended_) {
    const char c = octets[at];
    switch (state_) {
      case State::line_start:
        line_octets_ = 0;
        state_ = c == '.' ? State::dot : State::in_line;
        if (c == '.') {
          append_run(at);
          run = ++at;
        }
        break;
      case State::in_line:
        at = scan_line(octets, at);
        break;
      case State::cr:
        if (c == '\n') {
          state_ = State::line_start;
          ++at;
          if (line_octets_ + 1 > text_line_octets_accepted) note(DataFault::line_too_long);
        } else {
          state_ = State::in_line;
          note(DataFault::bare_cr);
        }
        break;
      case State::dot:
        state_ = c == '\r' ? State::dot_cr : State::in_line;
        if (c == '\r') run = ++at;  // not content, unless a LF does not follow: then a fault
        break;
      case State::dot_cr:
        if (c == '\n') {
          ended_ = true;
          return at + 1;
        }
        state_ = State::in_line;
        note(DataFault::bare_cr);
        break;
    }
  }
  append_run(at);
  return at;
}

// Goes to behind the next octet that is not plain text, or to the end of `octets`.
size_t DataReader::scan_line(std::string_view octets, size_t at) {
  const size_t text_end = find_control(octets, at);
  line_octets_ += text_end - at;
  if (line_octets_ > text_line_octets_accepted) note(DataFault::line_too_long);
  if (text_end == octets.size()) return text_end;

  const char c = octets[text_end];
  if (c == '\r') state_ = State::cr;
  if (c == '\n') note(DataFault::bare_lf);
  if (c == '\0') note(DataFault::nul);
  if (++line_octets_ > text_line_octets_accepted) note(DataFault::line_too_long);
  return text_end + 1;
}

void DataReader::note(DataFault fault) {
  if (!fault_) fault_ = fault;
}

void ChunkReader::feed(std::string_view octets) {
  for (size_t at = 0; at < octets.size();) {
    if (std::exchange(after_cr_, false)) {
      if (octets[at] != '\n') {
        note(DataFault::bare_cr);
        continue;
      }
      line_octets_ = 0;
      ++at;
      continue;
    }
    const size_t text_end = find_control(octets, at);
    const bool has_control = text_end < octets.size();
    line_octets_ += text_end - at + (has_control ? 1 : 0);
    if (line_octets_ >= text_line_octets_accepted) note(DataFault::line_too_long);
    at = text_end + 1;
    if (!has_control) break;
    after_cr_ = octets[text_end] == '\r';
    if (octets[text_end] == '\n') note(DataFault::bare_lf);
    if (octets[text_end] == '\0') note(DataFault::nul);
  }
}

void ChunkReader::finish() {
  if (after_cr_) note(DataFault::bare_cr);
}

void ChunkReader::note(DataFault fault) {
  if (!fault_) fault_ = fault;
}

void DataWriter::append(std::string_view content, std::string& wire) {
  if (content.empty()) return;
  size_t run = 0;
  for (size_t dot = content.find('.'); dot != std::string_view::npos;
       dot = content.find('.', dot + 1)) {
    const char before = dot == 0 ? last_ : content[dot - 1];
    if (before != '\n') continue;
    wire.append(content, run, dot - run);
    wire += '.';
    run = dot;
  }
  wire.append(content, run);
  before_last_ = content.size() > 1 ? content[content.size() - 2] : last_;
  last_ = content.back();
}

void DataWriter::finish(std::string& wire) {
  const bool line_ended = before_last_ == '\r' && last_ == '\n';
  if (!line_ended) wire += last_ == '\r' ? "\n" : "\r\n";
  wire += ".\r\n";
  *this = DataWriter();
}

}  // namespace waypost::smtp
