#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// The content of a message between DATA and its end, RFC 5321 §4.5.2. Both sides work on runs of
// octets, not on single ones, and keep their state across any cut of the stream.
namespace waypost::smtp {

// What no message may contain. The next server may see the end of a message in it where we see
// none (SMTP smuggling), so it is refused and never repaired.
enum class DataFault {
  bare_cr,
  bare_lf,
  nul,
  line_too_long,  // over text_line_octets_accepted
};

// The server's side: takes the transparency dots off and finds the end. Only CRLF "." CRLF ends a
// message, or "." CRLF at its very start.
class DataReader {
 public:
  // Appends content to `content` and says how many octets it took: all, or up to and with the end
  // of data; what follows that is the next command. After a fault nothing more is appended, what
  // was appended means nothing, and the reader goes on to the end of data, so that the session
  // can refuse there and close.
  size_t feed(std::string_view octets, std::string& content);

  bool ended() const { return ended_; }
  // The first fault.
  std::optional<DataFault> fault() const { return fault_; }

 private:
  enum class State { line_start, in_line, cr, dot, dot_cr };

  size_t scan_line(std::string_view octets, size_t at);
  void note(DataFault fault);

  State state_ = State::line_start;
  size_t line_octets_ = 0;  // of the current line so far, without the transparency dot
  bool ended_ = false;
  std::optional<DataFault> fault_;
};

// The server's side of BDAT (RFC 3030 §2), where the size tells the end: dots mean nothing, and the
// content is told apart from commands by counting. It is held to the same rules, since it may leave
// by DATA.
class ChunkReader {
 public:
  // The next octets of the content, however it is cut into chunks.
  void feed(std::string_view octets);
  // No more will come.
  void finish();

  // The first fault.
  std::optional<DataFault> fault() const { return fault_; }

 private:
  void note(DataFault fault);

  bool after_cr_ = false;
  size_t line_octets_ = 0;
  std::optional<DataFault> fault_;
};

// The client's side. Content is clean: CRLF line ends only, no NUL. Should it not be, a dot behind
// a bare LF is doubled too, since there are servers that would take it for an end.
class DataWriter {
 public:
  // Appends `content` to `wire`, the dots at line starts doubled.
  void append(std::string_view content, std::string& wire);
  // Appends the end of data, with a CRLF in front where the content has not ended its last line.
  // The writer is then ready for another message.
  void finish(std::string& wire);

 private:
  char before_last_ = '\r';
  char last_ = '\n';  // a message starts as a line does
};

}  // namespace waypost::smtp
