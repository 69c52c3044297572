#include "cli/trace_command.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "cli/load_config.h"
#include "cli/queue_source.h"
#include "cli/standing_json.h"
#include "cli/timeline.h"
#include "cli/told_time.h"
#include "cli/words.h"
#include "io/clock.h"
#include "io/disk.h"
#include "records/search.h"
#include "records/subject_words.h"
#include "records/transcripts.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using Standings = std::map<MessageId, std::vector<queue::Standing>>;

// Beyond so many the relay is asked once for all that waits.
constexpr size_t single_questions_max = 20;
constexpr uint64_t standings_max = 100'000;

void name_what(const std::string& what, records::Search& wanted) {
  if (Result<MessageId> id = MessageId::parse(what))
    wanted.message = *id;
  else if (what.starts_with('<') && what.ends_with('>'))
    wanted.message_id = what;
  else if (what.find('@') != std::string::npos)
    wanted.address = what;
  else
    wanted.session = what;
}

Result<records::Search> search_of(const TraceArguments& arguments, WallTime now) {
  records::Search wanted;
  name_what(arguments.what, wanted);
  wanted.domain = arguments.domain;
  wanted.reply_class = arguments.reply_class;
  wanted.host = arguments.host;
  wanted.subject = base::to_valid_utf8(arguments.subject);
  wanted.tag = arguments.tag;
  const size_t sign = arguments.from.rfind('@');
  const bool is_address = sign != std::string::npos && sign > 0;
  if (is_address)
    wanted.sender = arguments.from;
  else
    wanted.sender_domain = arguments.from.substr(sign + 1);
  if (!arguments.from.empty() && !is_address && wanted.sender_domain.empty())
    return failure(ErrorCode::invalid_input, "--from: there is no address or domain in it");
  if (!wanted.subject.empty() && records::sought_words(wanted.subject).empty())
    return failure(ErrorCode::invalid_input, "--subject: there is no word in it to look for");
  wanted.messages_max = arguments.messages_max;
  if (!arguments.since.empty()) {
    TRY(wanted.since, parse_past_time(arguments.since, now));
  }
  if (!arguments.until.empty()) {
    TRY(wanted.until, parse_past_time(arguments.until, now));
  }
  return wanted;
}

bool asks_for_something(const TraceArguments& arguments) {
  return !arguments.what.empty() || !arguments.since.empty() || !arguments.until.empty() ||
         !arguments.domain.empty() || !arguments.reply_class.empty() || !arguments.host.empty() ||
         !arguments.from.empty() || !arguments.subject.empty() || !arguments.tag.empty();
}

// A Message-ID without its <> looks like an address.
Result<records::Found> find(io::Disk& disk, const records::RecordPlaces& places,
                            records::Search& wanted) {
  TRY(records::Found found, records::search(disk, places, wanted));
  if (!found.messages.empty() || wanted.address.empty()) return found;
  records::Search by_message_id = wanted;
  by_message_id.message_id = "<" + std::exchange(by_message_id.address, {}) + ">";
  TRY(records::Found other, records::search(disk, places, by_message_id));
  if (other.messages.empty()) return found;
  wanted = by_message_id;
  return other;
}

void note_shortfalls(const records::Found& found) {
  for (const std::string& problem : found.problems)
    note(fmt::format("  {}\n", base::escape_control(problem)));
  if (found.damaged > 0)
    note(
        fmt::format("  {} of the event log passed over: damaged.\n", count(found.damaged, "line")));
  if (found.lost_events > 0)
    note(fmt::format("  {} never written, since the disk did not take them.\n",
                     count(found.lost_events, "event")));
}

// ---- what waits now

bool is_final(events::EventKind kind) {
  using events::EventKind;
  return kind == EventKind::delivered || kind == EventKind::bounced || kind == EventKind::expired ||
         kind == EventKind::cancelled || kind == EventKind::suppressed;
}

// Whether some recipient has no final outcome as far as the history tells.
bool may_wait(const records::FoundMessage& message) {
  if (!message.id) return false;
  size_t open = 0;
  bool accepted = false;
  std::set<std::string> settled;
  for (const events::Event& event : message.events)
    if (is_final(event.kind)) settled.insert(event.recipients.begin(), event.recipients.end());
  for (const events::Event& event : message.events) {
    if (event.kind != events::EventKind::accepted) continue;
    accepted = true;
    for (const std::string& recipient : event.recipients) open += !settled.contains(recipient);
  }
  return !accepted || open > 0;
}

Result<Standings> read_standings(const config::DataPaths& paths, const records::Search& wanted,
                                 const std::vector<records::FoundMessage>& messages) {
  std::vector<MessageId> ids;
  for (const records::FoundMessage& message : messages)
    if (may_wait(message)) ids.push_back(*message.id);
  // Nothing may be known of it but that it waits.
  if (messages.empty() && wanted.message) ids.push_back(*wanted.message);
  Standings standings;
  auto add = [&](QueueView view) {
    for (queue::Standing& standing : view.standings)
      if (wanted.address.empty() || base::equals_ignoring_case(wanted.address, standing.sender) ||
          base::equals_ignoring_case(wanted.address, standing.recipient))
        standings[standing.id].push_back(std::move(standing));
  };
  if (ids.size() > single_questions_max) {
    TRY(QueueView view, read_queue(paths, queue::Selector(), standings_max));
    add(std::move(view));
    return standings;
  }
  for (MessageId id : ids) {
    TRY(QueueView view, read_message(paths, id));
    add(std::move(view));
  }
  return standings;
}

// ---- showing it

void print_json(const std::vector<events::Event>& events,
                const std::vector<queue::Standing>& waiting,
                const std::vector<records::Transcript>& transcripts) {
  for (const events::Event& event : events) print(events::to_json_line(event) + "\n");
  for (const records::Transcript& transcript : transcripts)
    print(json::serialize(json::object{
              {"transcript", json::object{{"id", transcript.message.text()},
                                          {"recipients", json::value_from(transcript.recipients)},
                                          {"attempt", transcript.attempt},
                                          {"at", base::to_rfc3339(transcript.at)},
                                          {"text", base::to_valid_utf8(*transcript.text)}}}}) +
          "\n");
  for (const queue::Standing& standing : waiting)
    print(json::serialize(json::object{{"waiting", standing_json(standing)}}) + "\n");
}

class TracePrinter {
 public:
  TracePrinter(const Global& global, const TraceArguments& arguments,
               const config::DataPaths& paths, io::Disk& disk)
      : global_(global), arguments_(arguments), paths_(paths), disk_(disk) {}

  void print_message(const records::FoundMessage& message,
                     const std::vector<queue::Standing>& waiting) {
    std::vector<records::Transcript> transcripts;
    if (arguments_.transcript && message.id) transcripts = read_transcripts(*message.id);
    if (global_.json) return print_json(message.events, waiting, transcripts);
    if (std::exchange(any_, true)) print("\n");
    print(render_timeline(message.events, waiting, io::SystemClock().wall_now(),
                          colors_output(global_.color), transcripts));
    if (arguments_.transcript && transcripts.empty() && !global_.quiet)
      note("  No transcripts of it were kept.\n");
  }

 private:
  std::vector<records::Transcript> read_transcripts(MessageId id) {
    auto read = records::read_transcripts(disk_, paths_.records, id, [](const Error& error) {
      note(fmt::format("  transcripts cannot be read: {}\n", error.describe()));
    });
    if (read) return *std::move(read);
    note(fmt::format("  transcripts cannot be read: {}\n", read.error().describe()));
    return {};
  }

  const Global& global_;
  const TraceArguments& arguments_;
  const config::DataPaths& paths_;
  io::Disk& disk_;
  bool any_ = false;
};

int say_nothing_found(const TraceArguments& arguments) {
  std::string what = arguments.what.empty()
                         ? "no such message"
                         : "nothing about " + base::escape_control(arguments.what);
  note(
      fmt::format("waypost: {} in the records, the event log or the queue\n"
                  "  They keep as much as `keep` of [records], and `keep` and `keep_files` of "
                  "[events] allow; older mail is gone from them.\n",
                  what));
  return exit_code::negative;
}

int print_found(const Global& global, const TraceArguments& arguments, TracePrinter& printer,
                records::Found found, Standings standings) {
  if (found.has_more && !global.quiet)
    note(fmt::format("  The newest {} messages; --limit N shows more.\n", arguments.messages_max));
  for (const records::FoundMessage& message : found.messages) {
    std::vector<queue::Standing> waiting;
    if (message.id) waiting = std::move(standings[*message.id]);
    if (message.id) standings.erase(*message.id);
    printer.print_message(message, waiting);
  }
  if (!found.messages.empty()) return exit_code::ok;
  for (const auto& [id, waiting] : standings) printer.print_message({id, {}}, waiting);
  return standings.empty() ? say_nothing_found(arguments) : exit_code::ok;
}

}  // namespace

int trace_command(const Global& global, const TraceArguments& arguments) {
  if (!asks_for_something(arguments)) {
    note(
        "waypost: trace what? A message id, as in the reply \"queued as ...\", an address, a "
        "<Message-ID>, a session; or --since, --domain, --class, --host\n");
    return exit_code::usage;
  }
  auto config = load_config(global, false);
  if (!config) return config.error();
  config::DataPaths paths(config->data_dir);
  auto wanted = search_of(arguments, io::SystemClock().wall_now());
  if (!wanted) {
    note(fmt::format("waypost: {}\n", wanted.error().message()));
    return exit_code::usage;
  }
  auto disk = io::make_system_disk();
  auto found = find(*disk, {paths.records, paths.events}, *wanted);
  if (!found) return report(found.error());
  note_shortfalls(*found);
  auto standings = read_standings(paths, *wanted, found->messages);
  if (!standings) {
    // What happened can be told all the same.
    note(fmt::format("  what waits now is not known: {}\n", standings.error().describe()));
    standings = Standings();
  }
  TracePrinter printer(global, arguments, paths, *disk);
  return print_found(global, arguments, printer, *std::move(found), *std::move(standings));
}

}  // namespace waypost::cli
