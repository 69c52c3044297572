#include "records/event_reader.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "records/event_files.h"
#include "records/event_writer.h"

namespace waypost::records {
namespace {

constexpr uint64_t chunk_octets = 1 << 20;
constexpr std::string_view gap_start = R"({"v":1,"event":"log_gap",)";
// What our own lines begin with. Only in these is the first "at" known to be the event's.
constexpr std::string_view line_start = R"({"v":1,"event":")";
constexpr std::string_view time_mark = R"("at":")";
constexpr size_t rfc3339_octets = 27;

// The octets of `address` as they stand in a line, in lower case; "" when some of them are escaped
// there, and every line must be parsed.
std::string address_needle(const std::string& address) {
  for (char c : address)
    if (base::is_control(c) || c == '"' || c == '\\') return "";
  return base::to_lower(address);
}

size_t position_of(std::string_view text, std::string_view needle, size_t from) {
  if (from >= text.size()) return std::string_view::npos;
  const void* at = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  return at ? static_cast<size_t>(static_cast<const char*>(at) - text.data())
            : std::string_view::npos;
}

class Reader {
 public:
  Reader(io::Disk& disk, const std::string& folder, const EventFilter& filter,
         const PlacedEventFound& found)
      : disk_(disk), folder_(folder), filter_(filter), found_(found) {
    if (filter.message) {
      needle_ = filter.message->text();
    } else if (!filter.address.empty()) {
      needle_ = address_needle(filter.address);
      needle_ignores_case_ = true;
    }
    if (filter.since) since_text_ = base::to_rfc3339(*filter.since);
  }

  Result<EventsRead> run();

 private:
  bool ended_before_wanted(const EventFile& next) const;
  Result<void> read_file(const EventFile& file, bool newest);
  void scan(std::string_view lines, LogPosition at);
  void scan_all(std::string_view lines);
  void scan_for_needle(std::string_view lines);
  void count_lost(std::string_view lines);
  bool is_too_old(std::string_view line) const;
  bool wanted(const events::Event& event) const;
  void take(std::string_view line);
  std::string_view line_around(std::string_view lines, size_t position) const;

  io::Disk& disk_;
  const std::string& folder_;
  const EventFilter& filter_;
  const PlacedEventFound& found_;
  std::string needle_;  // a line without it is not wanted
  bool needle_ignores_case_ = false;
  std::string since_text_;
  std::string lowered_;  // a chunk in lower case
  std::string_view scanned_;
  LogPosition scanned_at_;
  EventsRead read_;
  bool stopped_ = false;
};

Result<EventsRead> Reader::run() {
  TRY(std::vector<EventFile> files, list_event_files(disk_, folder_));
  for (size_t i = 0; i < files.size() && !stopped_; ++i) {
    if (filter_.from && files[i] < filter_.from->file) continue;
    bool newest = i + 1 == files.size();
    if (!newest && ended_before_wanted(files[i + 1])) continue;
    Result<void> done = read_file(files[i], newest);
    if (!done && done.error().code() == ErrorCode::not_found) continue;
    if (!done)
      return failure(std::move(done).error().while_doing("reading the event log in " + folder_));
  }
  return read_;
}

// Nothing in a file happened after the start of the next one; a minute of doubt for a clock that
// was set back while the server was down.
bool Reader::ended_before_wanted(const EventFile& next) const {
  WallTime ended = next.started_at + std::chrono::minutes(1);
  if (filter_.since && ended < *filter_.since) return true;
  return filter_.message && ended < filter_.message->accepted_at();
}

Result<void> Reader::read_file(const EventFile& file, bool newest) {
  std::string path = folder_ + "/" + file.name();
  std::string buffer;     // what is read and not scanned yet; starts at the start of a line
  bool skipping = false;  // the rest of a line that is too long
  bool begins_inside = filter_.from && filter_.from->file == file;
  uint64_t offset = begins_inside ? filter_.from->offset : 0;
  while (!stopped_) {
    TRY(std::string chunk, disk_.read_range(path, offset, chunk_octets));
    if (chunk.empty()) break;
    offset += chunk.size();
    std::string_view fresh = chunk;
    if (skipping) {
      size_t end = fresh.find('\n');
      if (end == std::string_view::npos) continue;
      fresh.remove_prefix(end + 1);
      skipping = false;
    }
    size_t last_end = fresh.rfind('\n');
    size_t whole = buffer.size() + last_end + 1;
    buffer.append(fresh);
    if (last_end != std::string_view::npos) {
      scan(std::string_view(buffer).substr(0, whole), {file, offset - buffer.size()});
      buffer.erase(0, whole);
    }
    if (buffer.size() > event_line_octets_max) {
      ++read_.damaged_lines;
      buffer.clear();
      skipping = true;
    }
  }
  // In the newest file the writer is in the middle of it; elsewhere a crash was.
  if (!buffer.empty() && !newest && !stopped_) scan(buffer, {file, offset - buffer.size()});
  return {};
}

void Reader::scan(std::string_view lines, LogPosition at) {
  scanned_ = lines;
  scanned_at_ = at;
  count_lost(lines);
  if (needle_.empty())
    scan_all(lines);
  else
    scan_for_needle(lines);
}

void Reader::scan_all(std::string_view lines) {
  while (!lines.empty() && !stopped_) {
    size_t end = std::min(lines.find('\n'), lines.size());
    take(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

void Reader::scan_for_needle(std::string_view lines) {
  std::string_view searched = lines;
  if (needle_ignores_case_) {
    lowered_.resize(lines.size());
    std::transform(lines.begin(), lines.end(), lowered_.begin(),
                   [](char c) { return base::to_lower(c); });
    searched = lowered_;
  }
  size_t at = position_of(searched, needle_, 0);
  while (at != std::string_view::npos && !stopped_) {
    std::string_view line = line_around(lines, at);
    take(line);
    at = position_of(searched, needle_,
                     static_cast<size_t>(line.data() - lines.data()) + line.size());
  }
}

std::string_view Reader::line_around(std::string_view lines, size_t position) const {
  size_t begin = position == 0 ? 0 : lines.rfind('\n', position - 1) + 1;
  size_t end = std::min(lines.find('\n', position), lines.size());
  return lines.substr(begin, end - begin);
}

// A gap is counted whatever is asked for: it may be why nothing is found.
void Reader::count_lost(std::string_view lines) {
  size_t at = position_of(lines, gap_start, 0);
  while (at != std::string_view::npos) {
    std::string_view line = line_around(lines, at);
    if (auto gap = EventGap::parse(line)) read_.lost_events += gap->lost;
    at = position_of(lines, gap_start,
                     static_cast<size_t>(line.data() - lines.data()) + line.size());
  }
}

// Times of one form compare as text, so most old lines need no parsing.
bool Reader::is_too_old(std::string_view line) const {
  if (since_text_.empty() || !line.starts_with(line_start)) return false;
  size_t at = line.substr(0, 128).find(time_mark);
  if (at == std::string_view::npos) return false;
  std::string_view time = line.substr(at + time_mark.size()).substr(0, rfc3339_octets);
  return time.size() == rfc3339_octets && time.back() == 'Z' && time < since_text_;
}

void Reader::take(std::string_view line) {
  if (is_too_old(line)) return;
  if (line.starts_with(gap_start)) return;
  if (line.size() > event_line_octets_max) {
    ++read_.damaged_lines;
    return;
  }
  Result<events::Event> event = events::parse_json_line(line);
  if (!event) {
    ++read_.damaged_lines;
    return;
  }
  if (!wanted(*event)) return;
  ++read_.events;
  LogPosition at = scanned_at_;
  at.offset += static_cast<uint64_t>(line.data() - scanned_.data());
  stopped_ = !found_(*std::move(event), at);
}

bool Reader::wanted(const events::Event& event) const {
  if (filter_.message && event.message != filter_.message) return false;
  if (filter_.since && event.at < *filter_.since) return false;
  if (filter_.address.empty()) return true;
  auto is_address = [&](const std::string& address) {
    return base::equals_ignoring_case(address, filter_.address);
  };
  return is_address(event.sender) ||
         std::any_of(event.recipients.begin(), event.recipients.end(), is_address);
}

}  // namespace

Result<EventsRead> read_events(io::Disk& disk, const std::string& folder, const EventFilter& filter,
                               const std::function<bool(const events::Event&)>& found) {
  return read_placed_events(disk, folder, filter, [&](events::Event&& event, const LogPosition&) {
    return found(event);
  });
}

Result<EventsRead> read_placed_events(io::Disk& disk, const std::string& folder,
                                      const EventFilter& filter, const PlacedEventFound& found) {
  return Reader(disk, folder, filter, found).run();
}

}  // namespace waypost::records
