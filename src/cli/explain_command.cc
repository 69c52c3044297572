#include "cli/explain_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "checks/catalogue.h"
#include "classify/classifier.h"
#include "cli/explain_message.h"
#include "cli/load_config.h"
#include "cli/load_rules.h"
#include "cli/page_output.h"
#include "cli/reply_lines.h"
#include "config/data_paths.h"
#include "explain/answer.h"
#include "explain/id_page.h"
#include "explain/reply_json.h"
#include "explain/reply_page.h"
#include "explain/shipped_topics.h"
#include "explain/topics.h"
#include "explain/unrecognised.h"
#include "io/disk.h"
#include "logs/line_reader.h"
#include "logs/log_source.h"
#include "logs/mta_lines.h"
#include "records/event_reader.h"
#include "settings/settings.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using classify::Classifier;
using classify::Reader;
using classify::Reading;
using classify::RuleBook;

// What every form of the command needs.
struct Knowledge {
  std::unique_ptr<RuleBook> book;
  explain::Topics topics;
  std::unique_ptr<Classifier> classifier;
};

tl::expected<Knowledge, int> load_knowledge(const Global& global, const std::string& folder) {
  auto book = load_rules(global, folder);
  if (!book) return tl::unexpected(book.error());
  Knowledge knowledge{*std::move(book), explain::load_topics(explain::shipped_topics()).topics, {}};
  knowledge.classifier = std::make_unique<Classifier>(*knowledge.book);
  return knowledge;
}

int explain_reply(const Global& global, const ExplainArguments& arguments,
                  const Knowledge& knowledge, const std::string& text) {
  Reader reader(*knowledge.classifier);
  Reading reading = reader.read({text, arguments.provider, smtp::parse_phase(arguments.phase),
                                 arguments.own_ip, arguments.own_domain});
  explain::Answer answer = explain::answer(reading, *knowledge.book);
  if (global.json)
    print_json(explain::to_json(answer));
  else
    show(explain::reply_page(text, answer), global);
  return reading.rule_id().empty() ? exit_code::negative : exit_code::ok;
}

ReplyLine defaults_of(const ExplainArguments& arguments) {
  return {"", arguments.provider, smtp::parse_phase(arguments.phase), arguments.own_ip,
          arguments.own_domain};
}

int explain_lines(const ExplainArguments& arguments, const Knowledge& knowledge) {
  Reader reader(*knowledge.classifier);
  for_each_input_line([&](std::string_view line) {
    Result<ReplyLine> asked = parse_reply_line(line, *knowledge.classifier, defaults_of(arguments));
    if (!asked) return print_json(json::object{{"error", asked.error().message()}});
    Reading reading = reader.read(asked->question());
    print_json(explain::to_json(explain::answer(reading, *knowledge.book)));
  });
  return exit_code::ok;
}

struct Named {
  std::string_view kind;
  std::string id;
  std::string about;  // class of a rule, group of a class
  std::string title;
};

std::vector<Named> all_names(const Knowledge& knowledge) {
  std::vector<Named> names;
  for (const auto& row : classify::reply_classes())
    names.push_back({"class", std::string(row.slug), std::string(row.group),
                     knowledge.book->page(row.id).title});
  for (const auto& topic : knowledge.topics.all())
    names.push_back({"topic", topic.id, {}, topic.title});
  for (const auto& check : checks::shipped_catalogue().all())
    names.push_back({"check", check.id, check.slug, check.title});
  for (const auto& provider : knowledge.book->providers())
    names.push_back({"provider", provider.id, {}, provider.name});
  for (const auto& rule : knowledge.book->rules())
    names.push_back({"rule", rule.id, std::string(classify::slug(rule.reply_class)), rule.title});
  for (const auto& code : knowledge.book->codes())
    names.push_back({"code", code.code, {}, code.name});
  for (const auto& list : knowledge.book->lists())
    names.push_back({"list", list.zone, list.kind, list.name});
  return names;
}

bool is_wanted(const Named& named, const std::string& wanted) {
  if (wanted.empty()) return true;
  std::string kind(named.kind);
  if (kind + "s" == wanted || kind + "es" == wanted) return true;
  return named.id.find(wanted) != std::string::npos || named.about == wanted;
}

int list_names(const Global& global, const Knowledge& knowledge, const std::string& wanted) {
  bool found = false;
  for (const Named& named : all_names(knowledge)) {
    if (!is_wanted(named, wanted)) continue;
    found = true;
    if (global.json)
      print_json(json::object{
          {"kind", named.kind}, {"id", named.id}, {"about", named.about}, {"title", named.title}});
    else
      print(
          fmt::format("{:<9} {:<34} {:<22} {}\n", named.kind, named.id, named.about, named.title));
  }
  if (!found) note(fmt::format("waypost: nothing is called like \"{}\"\n", wanted));
  return found ? exit_code::ok : exit_code::negative;
}

// From the relay's event log: what the world refused.
Result<void> read_refusals(const std::string& folder, Reader& reader,
                           explain::Unrecognised& unrecognised) {
  auto disk = io::make_system_disk();
  TRY([[maybe_unused]] records::EventsRead read,
      records::read_events(*disk, folder, {}, [&](const events::Event& event) {
        bool refused =
            event.kind == events::EventKind::deferred || event.kind == events::EventKind::bounced;
        if (refused && !event.reply.empty()) {
          Reading reading = reader.read({event.reply, event.peer.host, event.phase, {}, {}});
          unrecognised.note(reading, reader.normal_text());
        }
        return true;
      }));
  return {};
}

int show_unrecognised(const Global& global, bool stub, const explain::Unrecognised& unrecognised) {
  size_t number = 0;
  for (const auto& text : unrecognised.texts()) {
    ++number;
    if (stub)
      print(explain::rule_stub(text, number) + "\n");
    else if (global.json)
      print_json(
          json::object{{"text", text.normal}, {"count", text.count}, {"by_code", text.by_code}});
    else
      print(fmt::format("{:>8}  {}\n", text.count, text.normal));
  }
  if (!global.quiet)
    note(fmt::format("{} of {} replies are known to no rule: {} texts.\n",
                     unrecognised.unrecognised(), unrecognised.replies(), number));
  return exit_code::ok;
}

int explain_unknown(const Global& global, const ExplainArguments& arguments,
                    const Knowledge& knowledge) {
  Reader reader(*knowledge.classifier);
  explain::Unrecognised unrecognised;
  if (!arguments.words.empty() && arguments.words.front() == "-") {
    for_each_input_line([&](std::string_view line) {
      Result<ReplyLine> asked =
          parse_reply_line(line, *knowledge.classifier, defaults_of(arguments));
      if (!asked) return;
      Reading reading = reader.read(asked->question());
      unrecognised.note(reading, reader.normal_text());
    });
  } else {
    auto config = load_config(global, false);
    if (!config) return config.error();
    auto read = read_refusals(config::DataPaths(config->data_dir).events, reader, unrecognised);
    if (!read) return report(read.error());
  }
  return show_unrecognised(global, arguments.stub, unrecognised);
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

int no_such_name(const Knowledge& knowledge, const std::string& name) {
  note(fmt::format("waypost: there is no page called \"{}\", and it is no reply\n",
                   base::escape_control(name)));
  std::vector<std::string> similar =
      explain::similar_names(name, *knowledge.book, knowledge.topics);
  if (!similar.empty()) note(fmt::format("  perhaps: {}\n", fmt::join(similar, ", ")));
  note("  `waypost explain --list` names all pages; put a reply in quotes.\n");
  return exit_code::negative;
}

bool looks_like_a_finding(const std::string& text) {
  return text.size() == 5 && base::to_upper(text[0]) == 'M' &&
         std::all_of(text.begin() + 1, text.end(), base::is_digit);
}

// An id of ours, or a word that is meant to be one; replies have several words or a digit.
bool looks_like_a_name(const std::string& text) {
  if (looks_like_a_finding(text)) return true;
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return base::is_alpha(c) || c == '-' || c == '_';
  });
}

std::string standard_input() {
  std::string text;
  for_each_input_line([&](std::string_view line) {
    if (text.size() < explained_octets_max) text.append(line).push_back('\n');
  });
  return text;
}

// What would be shown of it holds a password.
int refuse_settings(std::string_view file, settings::Dialect dialect) {
  note(
      fmt::format("waypost: {} holds settings ({}), no reply\n"
                  "  waypost doctor --settings FILE walks the way that they describe.\n",
                  file.empty() ? "this" : base::escape_control(file), settings::name(dialect)));
  return exit_code::input;
}

// Several lines of which the first has a time and one tells an outcome.
bool looks_like_a_log(std::string_view octets) {
  constexpr size_t start_octets = 256 * 1024;
  octets = octets.substr(0, start_octets);
  if (logs::time_of_line(octets).empty()) return false;
  logs::LineReader reader;
  logs::LineCutter cutter;
  bool tells_outcome = false;
  cutter.feed(octets, [&](std::string_view line) {
    tells_outcome |= !reader.read(line).empty();
    return true;
  });
  constexpr uint64_t lines_min = 2;
  return tells_outcome && reader.lines() >= lines_min;
}

int refuse_log(std::string_view file) {
  note(
      fmt::format("waypost: {} looks like a mail log\n"
                  "  waypost explain --log {} tells what it says.\n",
                  file.empty() ? "this" : base::escape_control(file),
                  file.empty() ? "-" : base::escape_control(file)));
  return exit_code::input;
}

// A message as one, any other text as one reply. `file`: its name, empty for none.
int explain_octets(const Global& global, const ExplainArguments& arguments,
                   const Knowledge& knowledge, const std::string& octets, std::string_view file) {
  if (looks_like_a_log(octets)) return refuse_log(file);
  if (is_message(octets)) return explain_message(global, *knowledge.classifier, octets);
  if (auto dialect = settings::recognise(octets, file)) return refuse_settings(file, *dialect);
  if (octets.size() > classify::input_octets_max) {
    note("waypost: this is no message, and too large to be one reply\n");
    return exit_code::input;
  }
  return explain_reply(global, arguments, knowledge, octets);
}

bool are_files(const std::vector<std::string>& words, io::Disk& disk) {
  return words.size() > 1 && std::all_of(words.begin(), words.end(), [&](const std::string& word) {
           return disk.exists(word);
         });
}

// One word with the ending of a file that people explain, or with a folder before it.
bool looks_like_a_file(const std::vector<std::string>& words) {
  if (words.size() != 1 || words.front().find_first_of(" \t\n") != std::string::npos) return false;
  const std::string word = base::to_lower(words.front());
  if (word.starts_with("/") || word.starts_with("./") || word.starts_with("../")) return true;
  constexpr std::array<std::string_view, 8> endings{".eml", ".msg",  ".txt", ".log",
                                                    ".gz",  ".mbox", ".xz",  ".json"};
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return word.ends_with(ending); });
}

int wrong_call(std::string_view what) {
  note(fmt::format("waypost explain: {}\n  See waypost explain --help.\n", what));
  return exit_code::usage;
}

int explain_words(const Global& global, const ExplainArguments& arguments,
                  const Knowledge& knowledge) {
  std::string text = joined(arguments.words);
  if (text == "-") return explain_octets(global, arguments, knowledge, standard_input(), {});
  if (auto entry = explain::find_entry(text, *knowledge.book, knowledge.topics)) {
    if (global.json)
      print_json(explain::entry_json(*entry, *knowledge.book));
    else
      show(explain::entry_page(*entry, *knowledge.book), global);
    return exit_code::ok;
  }
  auto disk = io::make_system_disk();
  if (disk->exists(text)) {
    Result<std::string> file = disk->read_file(text, explained_octets_max);
    if (!file) {
      const bool is_large = file.error().code() == ErrorCode::resource_exhausted;
      report(std::move(file).error().while_doing("reading it as a message or a reply"));
      if (is_large) note("  A mail log is read by waypost explain --log FILE.\n");
      return exit_code::input;
    }
    return explain_octets(global, arguments, knowledge, *file, text);
  }
  if (are_files(arguments.words, *disk))
    return wrong_call("one file at a time; a mail log is read by --log FILE");
  if (looks_like_a_file(arguments.words)) {
    note(fmt::format("waypost: there is no file {}\n", base::escape_control(text)));
    return exit_code::input;
  }
  if (looks_like_a_name(text)) return no_such_name(knowledge, text);
  return explain_reply(global, arguments, knowledge, text);
}

// Empty when the arguments make sense together.
std::string_view contradiction(const ExplainArguments& arguments) {
  bool is_log = !arguments.log.file.empty();
  if (arguments.lines + arguments.list + arguments.unknown + is_log > 1)
    return "--lines, --list, --unknown and --log exclude each other";
  if (is_log && !arguments.words.empty()) return "--log takes one file and no text";
  if (!is_log && (arguments.log.follow || !arguments.log.since.empty()))
    return "--follow and --since belong to --log";
  if (arguments.stub && !arguments.unknown) return "--stub belongs to --unknown";
  bool reads_input = arguments.words.empty() || joined(arguments.words) == "-";
  if (arguments.unknown && !reads_input)
    return "--unknown reads the relay's event log, or standard input with -";
  if (arguments.lines && !arguments.words.empty()) return "--lines reads standard input only";
  bool needs_words = !arguments.lines && !arguments.list && !arguments.unknown && !is_log;
  if (needs_words && joined(arguments.words).empty()) return "there is nothing to explain";
  if (!arguments.phase.empty() && !smtp::parse_phase(arguments.phase))
    return "--phase is one of resolve, connect, greeting, hello, tls, login, mail, rcpt, data, "
           "content";
  if (!arguments.own_ip.empty() && !base::IpAddress::parse(arguments.own_ip))
    return "--our-ip is not an IP address";
  return {};
}

}  // namespace

int explain_command(const Global& global, const ExplainArguments& arguments) {
  if (std::string_view wrong = contradiction(arguments); !wrong.empty()) return wrong_call(wrong);
  if (arguments.rules_folder != config::Config().rules_dir &&
      !io::make_system_disk()->exists(arguments.rules_folder)) {
    note(fmt::format("waypost: there is no folder {}\n",
                     base::escape_control(arguments.rules_folder)));
    return exit_code::input;
  }
  auto knowledge = load_knowledge(global, arguments.rules_folder);
  if (!knowledge) return knowledge.error();
  if (!arguments.provider.empty() &&
      knowledge->classifier->provider_named(arguments.provider) == nullptr && !global.quiet)
    note(fmt::format("waypost: no rules are for provider \"{}\"; the general ones are used\n",
                     base::escape_control(arguments.provider)));
  if (!arguments.log.file.empty()) {
    LogArguments log = arguments.log;
    log.provider = arguments.provider;
    return explain_log(global, log, *knowledge->classifier);
  }
  if (arguments.lines) return explain_lines(arguments, *knowledge);
  if (arguments.list) return list_names(global, *knowledge, joined(arguments.words));
  if (arguments.unknown) return explain_unknown(global, arguments, *knowledge);
  return explain_words(global, arguments, *knowledge);
}

}  // namespace waypost::cli
