#include <algorithm>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
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
  json::array fields;
  for (const std::string& field : result.signed_fields)
    fields.push_back(json::string(base::to_valid_utf8(field)));
  return {{"result", name(result.status)},
          {"reason", base::to_valid_utf8(result.reason)},
          {"notes", std::move(notes)},
          {"domain", base::to_valid_utf8(result.domain)},
          {"selector", base::to_valid_utf8(result.selector)},
          {"identity", base::to_valid_utf8(result.identity)},
          {"algorithm", base::to_valid_utf8(result.algorithm)},
          {"signed_fields", std::move(fields)},
          {"key_bits", result.key_bits},
          {"testing", result.testing}};
}

bool any_is(const std::vector<DkimResult>& results, DkimStatus status) {
  return std::any_of(results.begin(), results.end(),
                     [status](const DkimResult& result) { return result.status == status; });
}

// Of a message in which no signature was found.
struct Unsigned {
  DkimStatus status = DkimStatus::none;
  std::string reason;
};

Unsigned judge_unsigned(const MessageFile& message) {
  const std::string fault = message.header_fault();
  if (fault.empty()) return {DkimStatus::none, "the message is not signed with DKIM"};
  // Behind the limit a signature may stand.
  return {message.block().over_limit() ? DkimStatus::permerror : DkimStatus::none,
          "no signature was found: " + fault};
}

std::string_view or_question(std::string_view text) { return text.empty() ? "?" : text; }

// Of the message: one good signature is enough.
DkimStatus summary(const std::vector<DkimResult>& results, const Unsigned& none) {
  if (results.empty()) return none.status;
  for (DkimStatus status : {DkimStatus::pass, DkimStatus::temperror})
    if (any_is(results, status)) return status;
  return results.front().status;
}

std::string title_of(const DkimResult& result) {
  if (result.domain.empty()) return "a signature that cannot be read";
  const std::string bits =
      result.key_bits > 0 ? fmt::format(", {} bits", result.key_bits) : std::string();
  return fmt::format("{} (selector {}, {}{})", result.domain, or_question(result.selector),
                     or_question(result.algorithm), bits);
}

// Each field once, in the order of h=.
std::string signed_fields(const DkimResult& result) {
  std::string fields;
  std::set<std::string> named;
  for (const std::string& field : result.signed_fields)
    if (named.insert(base::to_lower(field)).second)
      fields += fmt::format("{}{}", fields.empty() ? "" : ", ", field);
  return fields;
}

// Where no signature was found.
void show_none(const Unsigned& none) {
  print(styled(fmt::format("{}  {}", name(none.status), none.reason), Style::plain, false) + "\n");
}

void show(const std::vector<DkimResult>& results, bool color) {
  for (const DkimResult& result : results) {
    const Style style = result.status == DkimStatus::pass ? Style::good : Style::bad;
    print(fmt::format("{}  {}\n", styled(name(result.status), style, color),
                      styled(title_of(result), Style::bold, color)));
    print("      " + styled(result.reason, Style::plain, color) + "\n");
    if (!result.signed_fields.empty())
      print("      " + styled("covers the body and " + signed_fields(result), Style::dim, color) +
            "\n");
    for (const std::string& text : result.notes)
      print("      " + styled("note: " + text, Style::warning, color) + "\n");
  }
}

}  // namespace

int dkim_verify_command(const Global& global, const CheckMessageArguments& arguments) {
  auto patience = base::parse_duration(arguments.timeout);
  if (!patience) return report(patience.error());
  auto message = MessageFile::open(arguments.file);
  if (!message) return unreadable_message(message.error());
  mailauth::DkimVerifier verifier((*message)->start(), (*message)->block(),
                                  io::SystemClock().wall_now());
  auto read = (*message)->read_body([&](std::string_view piece) { verifier.add_body(piece); });
  if (!read) return unreadable_message(read.error());
  verifier.finish_body();
  auto keys = ask_for_keys(global, *patience, verifier.key_names());
  if (!keys) return keys.error();
  const std::vector<DkimResult> results = verifier.judge(*keys);
  const Unsigned none = judge_unsigned(**message);
  const DkimStatus status = summary(results, none);
  if (global.json) {
    json::array signatures;
    for (const DkimResult& result : results) signatures.push_back(to_json(result));
    json::object object{{"file", base::to_valid_utf8(arguments.file)}, {"result", name(status)}};
    if (results.empty()) object["reason"] = base::to_valid_utf8(none.reason);
    object["signatures"] = std::move(signatures);
    print(json::serialize(object) + "\n");
  } else if (results.empty()) {
    show_none(none);
  } else {
    show(results, colors_output(global.color));
  }
  if (status == DkimStatus::pass) return exit_code::ok;
  return status == DkimStatus::temperror ? exit_code::temporary : exit_code::negative;
}

}  // namespace waypost::cli
