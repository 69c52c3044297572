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
using mailauth::ArcResult;
using mailauth::ArcSetResult;
using mailauth::ChainValidation;

json::object to_json(const ArcResult& result, const std::string& file) {
  json::array sets;
  for (const ArcSetResult& set : result.sets)
    sets.push_back(json::object{{"instance", set.instance},
                                {"sealer", base::to_valid_utf8(set.sealer)},
                                {"authserv_id", base::to_valid_utf8(set.authserv_id)},
                                {"results", base::to_valid_utf8(set.results)},
                                {"seal_holds", set.seal_holds},
                                {"message_signature_holds", set.message_signature_holds}});
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
                      styled(set.sealer, Style::bold, color),
                      set.seal_holds ? "holds" : "not shown to hold",
                      set.message_signature_holds ? "the message is as it left there"
                                                  : "the message was changed since"));
    if (!set.results.empty())
      print("         " +
            styled(fmt::format("{} said: {}", set.authserv_id, set.results), Style::dim, color) +
            "\n");
  }
}

}  // namespace

int arc_verify_command(const Global& global, const std::string& file) {
  auto message = MessageFile::open(file);
  if (!message) return unreadable_message(message.error());
  mailauth::ArcValidator validator((*message)->start(), (*message)->block());
  auto read = (*message)->read_body([&](std::string_view piece) { validator.add_body(piece); });
  if (!read) return unreadable_message(read.error());
  validator.finish_body();
  auto keys = ask_for_keys(global, validator.key_names());
  if (!keys) return keys.error();
  const ArcResult result = validator.judge(*keys);
  if (global.json)
    print(json::serialize(to_json(result, file)) + "\n");
  else
    show(result, colors_output(global.color));
  if (result.status == ChainValidation::pass) return exit_code::ok;
  return result.temporary ? exit_code::temporary : exit_code::negative;
}

}  // namespace waypost::cli
