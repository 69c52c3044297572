#include "smtp/line.h"

namespace waypost::smtp {
namespace {

// Of a line with its LF.
LineStatus judge(std::string_view with_line_end) {
  if (with_line_end.find('\0') != std::string_view::npos) return LineStatus::nul;
  const bool crlf = with_line_end.ends_with("\r\n");
  if (!crlf || with_line_end.find('\r') != with_line_end.size() - 2)
    return LineStatus::bare_line_ending;
  return LineStatus::complete;
}

}  // namespace

TakenLine take_command_line(std::string_view buffered, size_t octets_max) {
  const size_t line_feed = buffered.find('\n');
  if (line_feed == std::string_view::npos) {
    if (buffered.size() < octets_max) return {};
    return {LineStatus::too_long, {}, buffered.size(), false};
  }
  const size_t consumed = line_feed + 1;
  if (consumed > octets_max) return {LineStatus::too_long, {}, consumed, true};
  const LineStatus status = judge(buffered.substr(0, consumed));
  if (status != LineStatus::complete) return {status, {}, consumed, true};
  return {status, buffered.substr(0, consumed - 2), consumed, true};
}

}  // namespace waypost::smtp
