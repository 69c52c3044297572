#include "cli/arc_command.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/key_questions.h"
#include "cli/message_file.h"
#include "mailauth/arc_validate.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using mailauth::ArcFinding;
using mailauth::ArcResult;
using mailauth::ArcSetResult;
using mailauth::ChainValidation;

// Null where it is not known.
json::value holds(ArcFinding finding) {
  if (finding == ArcFinding::holds || finding == ArcFinding::broken)
    return finding == ArcFinding::holds;
  return nullptr;
}

std::string_view words_of_seal(ArcFinding finding) {
  static constexpr std::string_view words[] = {"was not checked", "holds", "does not hold",
                                               "cannot be checked"};
  return words[size_t(finding)];
}

std::string_view words_of_message(ArcFinding finding) {
  static constexpr std::string_view words[] = {
      "and neither was the message", "the message is as it left there",
      "the message was changed since", "whether the message was changed since cannot be told"};
  return words[size_t(finding)];
}

json::object to_json(const ArcResult& result, const std::string& file) {
  json::array sets;
  for (const ArcSetResult& set : result.sets)
    sets.push_back(json::object{{"instance", set.instance},
                                {"sealer", base::to_valid_utf8(set.sealer)},
                                {"authserv_id", base::to_valid_utf8(set.authserv_id)},
                                {"results", base::to_valid_utf8(set.results)},
                                {"seal_holds", holds(set.seal)},
                                {"message_signature_holds", holds(set.message)}});
  return {{"file", base::to_valid_utf8(file)},
          {"result", name(result.status)},
          {"reason", base::to_valid_utf8(result.reason)},
          {"temporary", result.temporary},
          {"oldest_pass", result.oldest_pass},
          {"sets", std::move(sets)}};
}

void show(const ArcResult& result, bool color) {
  const Style style = result.status == ChainValidation::pass ? Style::good : Style::bad;
  print(fmt::format("{}  {}\n", styled(name(result.status), style, color),
                    styled(result.reason, Style::plain, color)));
  for (const ArcSetResult& set : result.sets) {
    print(fmt::format("  hop {}  {}  seal {}, {}\n", set.instance,
                      styled(set.sealer, Style::bold, color), words_of_seal(set.seal),
                      words_of_message(set.message)));
    if (!set.results.empty())
      print("         " +
            styled(fmt::format("{} said: {}", set.authserv_id, set.results), Style::dim, color) +
            "\n");
  }
}

}  // namespace

int arc_verify_command(const Global& global, const CheckMessageArguments& arguments) {
  auto patience = base::parse_duration(arguments.timeout);
  if (!patience) return report(patience.error());
  auto message = MessageFile::open(arguments.file);
  if (!message) return unreadable_message(message.error());
  mailauth::ArcValidator validator((*message)->start(), (*message)->block());
  auto read = (*message)->read_body([&](std::string_view piece) { validator.add_body(piece); });
  if (!read) return unreadable_message(read.error());
  validator.finish_body();
  auto keys = ask_for_keys(global, *patience, validator.key_names());
  if (!keys) return keys.error();
  ArcResult result = validator.judge(*keys);
  if (const std::string fault = (*message)->header_fault();
      result.status == ChainValidation::none && !fault.empty())
    result.reason = "no ARC chain was found: " + fault;
  if (global.json)
    print(json::serialize(to_json(result, arguments.file)) + "\n");
  else
    show(result, colors_output(global.color));
  if (result.status == ChainValidation::pass) return exit_code::ok;
  return result.temporary ? exit_code::temporary : exit_code::negative;
}

}  // namespace waypost::cli
