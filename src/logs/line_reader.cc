#include "logs/line_reader.h"

#include "logs/mta_lines.h"
#include "logs/service_events.h"

namespace waypost::logs {

const std::vector<LogEvent>& LineReader::read(std::string_view line) {
  events_.clear();
  texts_.clear();
  ++lines_;
  line = line.substr(0, line_octets_max);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() || read_json(line)) return events_;
  if (dialogues_.read(line, events_, texts_)) return events_;
  if (auto told = read_postfix_line(line)) {
    postfix_.add(*told, events_, texts_);
    return events_;
  }
  for (auto* read : {read_opensmtpd_line, read_exim_line})
    if (auto event = read(line)) {
      events_.push_back(*event);
      return events_;
    }
  read_sendmail_line(line, events_);
  return events_;
}

// One document a line, or one on several lines, of which all but the first and the last begin with
// a blank. Members of a list on lines of their own end with a comma.
bool LineReader::read_json(std::string_view line) {
  const bool begins =
      line[0] == '{' || line == "[" || line.starts_with("[{") || line.starts_with("[ {");
  if (begins) {
    document_.clear();
    if (line.ends_with(',')) line.remove_suffix(1);
    if (read_document(line)) return true;
    document_ = line;
    return true;
  }
  if (document_.empty()) return false;
  const bool ends = line[0] == '}' || line[0] == ']';
  const bool goes_on = line[0] == ' ' || line[0] == '\t';
  if ((!ends && !goes_on) || document_.size() + line.size() > document_octets_max) {
    document_.clear();
    return false;
  }
  document_ += line.substr(0, line.ends_with(',') && ends ? line.size() - 1 : line.size());
  if (!ends) return true;
  read_document(document_);
  document_.clear();
  return true;
}

bool LineReader::read_document(std::string_view text) {
  std::optional<std::vector<ServiceEvent>> told = read_service_events(text);
  if (!told) return false;
  auto keep = [&](std::string one) -> std::string_view {
    texts_.push_back(std::move(one));
    return texts_.back();
  };
  for (ServiceEvent& event : *told)
    events_.push_back({event.fate, keep(std::move(event.time)), keep(std::move(event.recipient)),
                       keep(std::move(event.host)), keep(std::move(event.reply))});
  return true;
}

}  // namespace waypost::logs
