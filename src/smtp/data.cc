#include "smtp/data.h"

#include <algorithm>

#include "smtp/limits.h"

namespace waypost::smtp {

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

// Goes to behind the next CR, or to the end of `octets`.
size_t DataReader::scan_line(std::string_view octets, size_t at) {
  const std::string_view rest = octets.substr(at);
  const size_t cr = rest.find('\r');
  const std::string_view text = rest.substr(0, cr);
  const bool found_cr = cr != std::string_view::npos;
  const size_t taken = text.size() + (found_cr ? 1 : 0);
  if (found_cr) state_ = State::cr;
  if (fault_) return at + taken;

  // Of several faults in one run the first counts, so that no cut of the stream changes it.
  const size_t line_feed = text.find('\n');
  const size_t nul = text.substr(0, line_feed).find('\0');
  const size_t fault_at = std::min(line_feed, nul);
  const size_t room = text_line_octets_accepted - line_octets_;
  if (std::min(fault_at, taken) > room) {
    note(DataFault::line_too_long);
  } else if (nul != std::string_view::npos) {
    note(DataFault::nul);
  } else if (line_feed != std::string_view::npos) {
    note(DataFault::bare_lf);
  }
  line_octets_ += taken;
  return at + taken;
}

void DataReader::note(DataFault fault) {
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
