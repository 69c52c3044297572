#include "cli/spool_command.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/load_config.h"
#include "cli/spool_check.h"
#include "config/data_paths.h"
#include "io/disk.h"
#include "spool/spool_lock.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using spool::Defect;

constexpr size_t damaged_shown_max = 100;
constexpr size_t recipients_shown_max = 5;

// What a defect costs and what helps, for people.
struct Advice {
  const char* lost;
  const char* remedy;
};

Advice advice(Defect defect) {
  switch (defect) {
    case Defect::envelope_damaged:
      return {"to whom it goes; the content is kept as far as its chunks are",
              "`waypost trace ID` knows sender and recipients; --export FOLDER writes the content"};
    case Defect::chunk_missing:
    case Defect::chunk_unreadable:
      return {"a part of the content: it cannot be sent whole",
              "have it sent again; `waypost queue cancel ID` takes it out of the queue"};
    case Defect::chunk_unexpected:
      return {"nothing; there is more than was accepted",
              "look at the content that --export FOLDER writes before it goes out"};
    case Defect::size_differs:
      return {"perhaps a part of the content", "look at the content that --export FOLDER writes"};
    case Defect::progress_damaged:
    case Defect::progress_unexpected:
      return {"who has got it already; such recipients may get it again",
              "`waypost trace ID` knows who has it"};
    case Defect::orphan_chunks:
      return {"nothing, if `waypost trace ID` knows that it is settled; else its envelope",
              "--export FOLDER writes the content; it only takes room"};
    case Defect::orphan_progress:
    case Defect::stray_marker:
      return {"nothing", "nothing needs to be done"};
  }
  return {"", ""};
}

std::string sender_of(const spool::InspectedMessage& message) {
  if (!message.envelope) return "";
  return message.envelope->sender ? message.envelope->sender->text() : "<>";
}

std::string recipients_text(const spool::Envelope& envelope) {
  std::string text;
  for (size_t i = 0; i < std::min(envelope.recipients.size(), recipients_shown_max); ++i)
    text += (i > 0 ? ", " : "") + envelope.recipients[i].text();
  if (envelope.recipients.size() > recipients_shown_max)
    text += fmt::format(" and {} more", envelope.recipients.size() - recipients_shown_max);
  return text;
}

// ---- for programs

json::object to_json(const spool::InspectedMessage& message) {
  json::array findings;
  for (const spool::Finding& finding : message.findings)
    findings.push_back({{"defect", spool::name(finding.defect)},
                        {"detail", base::to_valid_utf8(finding.detail)},
                        {"lost", advice(finding.defect).lost},
                        {"remedy", advice(finding.defect).remedy}});
  json::array recipients;
  if (message.envelope)
    for (const smtp::Mailbox& recipient : message.envelope->recipients)
      recipients.emplace_back(base::to_valid_utf8(recipient.text()));
  return {{"id", message.id.text()},
          {"sender", base::to_valid_utf8(sender_of(message))},
          {"recipients", std::move(recipients)},
          {"waiting", message.waiting()},
          {"findings", std::move(findings)}};
}

json::object to_json(const spool::Gap& gap) {
  json::object object{{"family", spool::family_names[size_t(gap.family)]},
                      {"reason", base::to_valid_utf8(gap.reason)},
                      {"cut_off", gap.cut_off}};
  if (gap.after != MessageId()) object["after"] = gap.after.text();
  if (gap.before) object["before"] = gap.before->text();
  return object;
}

void print_json(const SpoolReport& report, const std::string& export_to) {
  const spool::Inspection& found = report.inspection;
  json::array tables;
  for (const spool::DamagedTable& table : report.tables)
    tables.push_back({{"file", table.file},
                      {"family", spool::family_names[size_t(table.family)]},
                      {"what", base::to_valid_utf8(table.what)}});
  json::array damaged;
  for (const auto& message : report.damaged) damaged.push_back(to_json(message));
  json::array gaps;
  for (const spool::Gap& gap : found.gaps) gaps.push_back(to_json(gap));
  json::object object{{"spool", base::to_valid_utf8(report.spool)},
                      {"whole", report.whole()},
                      {"opens", !report.does_not_open},
                      {"repaired_copy", report.repaired_copy},
                      {"messages", found.messages},
                      {"recipients", found.recipients},
                      {"waiting", found.waiting},
                      {"arriving", found.arriving},
                      {"chunks", found.chunks},
                      {"octets", found.octets},
                      {"odd_keys", found.odd_keys},
                      {"damaged_messages", found.damaged},
                      {"damaged", std::move(damaged)},
                      {"damaged_tables", std::move(tables)},
                      {"gaps", std::move(gaps)}};
  if (report.does_not_open)
    object["reason"] = base::to_valid_utf8(report.does_not_open->describe());
  if (!export_to.empty())
    object["exported"] = json::object{{"folder", base::to_valid_utf8(export_to)},
                                      {"whole", report.exported_whole},
                                      {"damaged", report.exported_damaged}};
  print(json::serialize(object) + "\n");
}

// ---- for people

std::string counted(uint64_t number, const char* one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

void field(std::string_view label, const std::string& value, Style style, bool color) {
  print(fmt::format("  {:<9} {}\n", label, styled(value, style, color)));
}

void print_message(const spool::InspectedMessage& message, bool color) {
  print("\n" + message.id.text() + "\n");
  if (message.envelope) {
    field("from", sender_of(message), Style::plain, color);
    field("to", fmt::format("{} ({} wait)", recipients_text(*message.envelope), message.waiting()),
          Style::plain, color);
  }
  for (const spool::Finding& finding : message.findings) {
    field(spool::name(finding.defect), finding.detail, Style::bad, color);
    field("lost", advice(finding.defect).lost, Style::plain, color);
    field("do", advice(finding.defect).remedy, Style::plain, color);
  }
}

std::string gap_text(const spool::Gap& gap) {
  const char* family = spool::family_names[size_t(gap.family)];
  const std::string from =
      gap.after == MessageId() ? "the first message" : base::to_rfc3339(gap.after.accepted_at());
  const std::string until =
      gap.before ? base::to_rfc3339(gap.before->accepted_at()) : "the last message";
  return fmt::format("{} of messages accepted from {} to {} cannot be read: {}", family, from,
                     until, gap.reason);
}

void print_report(const SpoolReport& report, const std::string& export_to, bool color) {
  const spool::Inspection& found = report.inspection;
  field("spool", report.spool, Style::plain, color);
  if (report.does_not_open)
    field("opens", "no: " + report.does_not_open->describe(), Style::bad, color);
  for (const spool::DamagedTable& table : report.tables)
    field("table",
          fmt::format("{} of {}: {}", table.file, spool::family_names[size_t(table.family)],
                      table.what),
          Style::bad, color);
  for (const spool::Gap& gap : found.gaps) field("gap", gap_text(gap), Style::bad, color);
  if (found.odd_keys > 0)
    field("keys", counted(found.odd_keys, "key") + " that no Waypost wrote", Style::bad, color);
  if (report.readable || report.repaired_copy)
    field("holds",
          fmt::format("{}{}, {} in {}; {}, {} wait",
                      report.repaired_copy && !report.readable ? "after a repair: " : "",
                      counted(found.messages, "message"), octets_text(found.octets),
                      counted(found.chunks, "chunk"), counted(found.recipients, "recipient"),
                      found.waiting),
          Style::plain, color);
  if (found.arriving > 0)
    field("arriving",
          counted(found.arriving, "message") + " never acknowledged: the next start erases them",
          Style::plain, color);
  for (size_t i = 0; i < std::min(report.damaged.size(), damaged_shown_max); ++i)
    print_message(report.damaged[i], color);
  if (found.damaged > damaged_shown_max)
    print(fmt::format("\n  and {} more; --json has them\n", found.damaged - damaged_shown_max));
  if (!export_to.empty())
    field("exported",
          fmt::format("{} whole, {} damaged, to {}", report.exported_whole, report.exported_damaged,
                      export_to),
          Style::plain, color);
}

void print_verdict(const SpoolReport& report, const std::string& export_to, bool color) {
  if (report.whole()) {
    print(styled("  The spool is whole.", Style::good, color) + "\n");
    return;
  }
  print("\n" + styled("  The spool is DAMAGED.", Style::bad, color) + "\n");
  const bool starts = !report.does_not_open && report.inspection.gaps.empty();
  print(starts ? "  `waypost serve` starts with it and passes over what is damaged.\n"
               : "  `waypost serve` may not start with it. What to do: "
                 "docs/operate/backup.md, \"A damaged spool\".\n");
  if (export_to.empty())
    print(
        "  Before anything else: `waypost spool check --export FOLDER` saves what is readable.\n");
}

Result<std::string> folder_of(const std::string& named) {
  auto disk = io::make_system_disk();
  const std::string below = named + "/spool";
  if (disk->exists(below)) return below;
  if (!disk->exists(named)) return failure(ErrorCode::not_found, "there is no " + named);
  return named;
}

}  // namespace

int spool_check_command(const Global& global, const SpoolCheckArguments& arguments) {
  std::string named = arguments.folder;
  if (named.empty()) {
    auto config = load_config(global, false);
    if (!config) return config.error();
    named = config->data_dir;
  }
  auto folder = folder_of(named);
  if (!folder) return report(folder.error());
  auto lock = spool::SpoolLock::take(*folder);
  if (!lock) {
    if (lock.error().code() != ErrorCode::unavailable) return report(lock.error());
    note(
        fmt::format("waypost: a relay uses the spool in {}: stop it first, or check a backup "
                    "(`waypost backup FOLDER`, which checks it)\n",
                    *folder));
    return exit_code::temporary;
  }
  Result<SpoolReport> checked = failure(ErrorCode::unavailable, "nothing was checked");
  {
    Progress progress(global);
    checked = check_spool(*folder, arguments.export_to, progress);
  }
  if (!checked) return report(checked.error());
  const bool color = colors_output(global.color);
  if (global.json) {
    print_json(*checked, arguments.export_to);
  } else {
    print_report(*checked, arguments.export_to, color);
    print_verdict(*checked, arguments.export_to, color);
  }
  return checked->whole() ? exit_code::ok : exit_code::negative;
}

}  // namespace waypost::cli
