#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/dkim_commands.h"
#include "cli/key_questions.h"
#include "cli/message_file.h"
#include "io/clock.h"
#include "mailauth/dkim_verify.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using mailauth::DkimResult;
using mailauth::DkimStatus;

// What a signature says may be any octets.
json::object to_json(const DkimResult& result) {
  json::array notes;
  for (const std::string& text : result.notes)
    notes.push_back(json::string(base::to_valid_utf8(text)));
  return {{"result", name(result.status)},
          {"reason", base::to_valid_utf8(result.reason)},
          {"notes", std::move(notes)},
          {"domain", base::to_valid_utf8(result.domain)},
          {"selector", base::to_valid_utf8(result.selector)},
          {"identity", base::to_valid_utf8(result.identity)},
          {"algorithm", result.algorithm},
          {"key_bits", result.key_bits},
          {"testing", result.testing}};
}

bool any_is(const std::vector<DkimResult>& results, DkimStatus status) {
  return std::any_of(results.begin(), results.end(),
                     [status](const DkimResult& result) { return result.status == status; });
}

// Of the message: one good signature is enough.
DkimStatus summary(const std::vector<DkimResult>& results) {
  if (results.empty()) return DkimStatus::none;
  for (DkimStatus status : {DkimStatus::pass, DkimStatus::temperror})
    if (any_is(results, status)) return status;
  return results.front().status;
}

std::string title_of(const DkimResult& result) {
  if (result.domain.empty()) return "a signature that cannot be read";
  const std::string bits =
      result.key_bits > 0 ? fmt::format(", {} bits", result.key_bits) : std::string();
  return fmt::format("{} (selector {}, {}{})", result.domain, result.selector, result.algorithm,
                     bits);
}

void show(const std::vector<DkimResult>& results, bool color) {
  if (results.empty()) print("none  the message is not signed with DKIM\n");
  for (const DkimResult& result : results) {
    const Style style = result.status == DkimStatus::pass ? Style::good : Style::bad;
    print(fmt::format("{}  {}\n", styled(name(result.status), style, color),
                      styled(title_of(result), Style::bold, color)));
    print("      " + styled(result.reason, Style::plain, color) + "\n");
    for (const std::string& text : result.notes)
      print("      " + styled("note: " + text, Style::warning, color) + "\n");
  }
}

}  // namespace

int dkim_verify_command(const Global& global, const std::string& file) {
  auto message = MessageFile::open(file);
  if (!message) return unreadable_message(message.error());
  mailauth::DkimVerifier verifier((*message)->start(), (*message)->block(),
                                  io::SystemClock().wall_now());
  auto read = (*message)->read_body([&](std::string_view piece) { verifier.add_body(piece); });
  if (!read) return unreadable_message(read.error());
  verifier.finish_body();
  auto keys = ask_for_keys(global, verifier.key_names());
  if (!keys) return keys.error();
  const std::vector<DkimResult> results = verifier.judge(*keys);
  const DkimStatus status = summary(results);
  if (global.json) {
    json::array signatures;
    for (const DkimResult& result : results) signatures.push_back(to_json(result));
    print(json::serialize(json::object{{"file", base::to_valid_utf8(file)},
                                       {"result", name(status)},
                                       {"signatures", std::move(signatures)}}) +
          "\n");
  } else {
    show(results, colors_output(global.color));
  }
  if (status == DkimStatus::pass) return exit_code::ok;
  return status == DkimStatus::temperror ? exit_code::temporary : exit_code::negative;
}

}  // namespace waypost::cli
