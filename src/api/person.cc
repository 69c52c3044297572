#include "api/person.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "intake/compose.h"

namespace waypost::api {
namespace {

constexpr size_t name_octets_max = 200;

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

// Whether what stands before "<" is more than a name: it has an address of its own, and whoever
// reads on to the last "<" would lose that one without a word.
bool has_another_address(std::string_view before) {
  bool in_quotes = false;
  bool is_list = false;
  bool has_at = false;
  for (size_t i = 0; i < before.size(); ++i) {
    const char c = before[i];
    if (c == '"') in_quotes = !in_quotes;
    if (in_quotes && c == '\\') ++i;
    if (in_quotes) continue;
    if (c == '<' || c == '>') return true;
    is_list = is_list || c == ',' || c == ';';
    has_at = has_at || c == '@';
  }
  return is_list && has_at;
}

// A name in quotes or not (RFC 5322 §3.2.4, §3.4).
std::string without_quotes(std::string_view before) {
  const bool in_quotes = before.size() >= 2 && before.starts_with('"') && before.ends_with('"');
  if (in_quotes) before = before.substr(1, before.size() - 2);
  std::string name;
  for (size_t i = 0; i < before.size(); ++i) {
    if (in_quotes && before[i] == '\\' && i + 1 < before.size()) ++i;
    name += before[i];
  }
  return name;
}

}  // namespace

Result<Person> parse_person(std::string_view text) {
  text = base::trim(text);
  std::string name;
  std::string_view address = text;
  if (text.ends_with('>')) {
    const size_t open = text.rfind('<');
    if (open == text.npos) return failure(ErrorCode::invalid_input, "\">\" has no \"<\"");
    address = text.substr(open + 1, text.size() - open - 2);
    const std::string_view before = base::trim(text.substr(0, open));
    if (has_another_address(before))
      return failure(ErrorCode::invalid_input,
                     "it has more than one: give a list with an entry for each, and put quotes "
                     "around a name with \"<\" or \">\" in it");
    name = without_quotes(before);
  }
  TRY(smtp::Mailbox mailbox, smtp::parse_mailbox(address, smtp::Characters::utf8));
  if (name.size() > name_octets_max)
    return failure(ErrorCode::invalid_input,
                   fmt::format("the name has more than {} octets", name_octets_max));
  std::string shown = mailbox.text();
  if (!name.empty()) {
    const std::string encoded = intake::header_text(name);
    shown = (encoded == name ? quoted(name) : encoded) + " <" + shown + ">";
  }
  return Person{std::move(mailbox), std::move(shown)};
}

}  // namespace waypost::api
