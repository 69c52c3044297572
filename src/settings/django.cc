// Django's settings.py: EMAIL_HOST = "..." and its like.
#include "settings/django.h"

#include <algorithm>

#include <fmt/format.h>

#include "settings/code.h"
#include "settings/dialect.h"
#include "settings/switches.h"

namespace waypost::settings {

void notice_backends(const Sheet& sheet, Settings& settings) {
  constexpr std::pair<std::string_view, std::string_view> backends[] = {
      {".console.", "prints the mail on the terminal"},
      {".filebased.", "writes the mail into files"},
      {".locmem.", "keeps the mail in memory"},
      {".dummy.", "throws the mail away"}};
  for (size_t i = 0; i < sheet.size(); ++i) {
    const Sheet::Entry& entry = sheet[i];
    if (entry.assignment.key != "EMAIL_BACKEND") continue;
    for (const auto& [part, what] : backends)
      if (entry.value.reveal().find(part) != std::string::npos)
        settings.notices.push_back(
            {entry.assignment.place,
             fmt::format("this EMAIL_BACKEND {}: while it holds, nothing is sent over SMTP and the "
                         "other settings are not used",
                         what)});
  }
}

namespace {

constexpr std::string_view switches[] = {"EMAIL_USE_TLS", "EMAIL_USE_SSL"};

bool is_setting(std::string_view name) {
  return name.starts_with("EMAIL_") || name == "DEFAULT_FROM_EMAIL";
}

// `EMAIL_HOST, EMAIL_PORT = 'a.example', 25` from its first name on; nothing for what is no such
// assignment. A call that gives all of them is what each is taken from.
Result<void> collect_assignment(const Code& code, size_t first, const Settings& settings,
                                Sheet& sheet) {
  size_t equals = first + 1;
  while (code.is(equals, ",") && code.is_name(equals + 1)) equals += 2;
  if (!code.is(equals, "=")) return {};
  const bool is_one = equals == first + 1;
  size_t begin = equals + 1;
  if (!is_one && code.is(begin, "(")) ++begin;
  for (size_t name = first; name < equals && begin < code.size(); name += 2) {
    const size_t end = code.expression_end(begin);
    const std::string_view key = code.text(name);
    const size_t offset = code.tokens()[name].offset;
    if (std::find(std::begin(switches), std::end(switches), key) != std::end(switches))
      TRY_VOID(code.add_switch(sheet, settings, key, offset, begin, end));
    else if (is_setting(key))
      TRY_VOID(code.add(sheet, settings, key, offset, begin, end));
    if (!is_one && code.is(end, ",")) begin = end + 1;
  }
  return {};
}

// An assignment of one name, in no brackets, where it would be an argument.
bool is_assignment(const Code& code, size_t index, size_t depth) {
  return depth == 0 && code.tokens()[index].begins_line && code.is(index + 1, "=");
}

void notice_at(const SourceText& source, const Code& code, size_t index, std::string text,
               Settings& settings) {
  const Token& token = code.tokens()[index];
  settings.notices.push_back({source.place(token.offset, token.length), std::move(text)});
}

// EMAIL_HOST = 'a.example', is a tuple.
void notice_tuple(const SourceText& source, const Code& code, size_t name, Settings& settings) {
  constexpr std::string_view scalars[] = {"EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER",
                                          "EMAIL_HOST_PASSWORD"};
  const std::string_view key = code.text(name);
  const size_t end = code.expression_end(name + 2);
  if (std::find(std::begin(scalars), std::end(scalars), key) == std::end(scalars)) return;
  if (!code.is(end, ",") || end == name + 2) return;
  notice_at(source, code, end,
            fmt::format("the comma makes a tuple of {}, with which Django cannot send: taken is "
                        "what stands in front of it",
                        key),
            settings);
}

// Whether true and false may be names that the file has made or got.
bool has_small_words(const Code& code) {
  const auto is_word = [&](size_t index) {
    return code.is(index, "true") || code.is(index, "false");
  };
  for (size_t i = 0; i + 1 < code.size(); ++i)
    if ((is_word(i) && code.is(i + 1, "=")) ||
        (code.is(i, "import") && (code.is(i + 1, "*") || is_word(i + 1))))
      return true;
  return false;
}

// EMAIL_USE_TLS = true is a name for Python.
void notice_small_word(const SourceText& source, const Code& code, size_t name,
                       Settings& settings) {
  const std::string_view word = code.text(name + 2);
  if ((word != "true" && word != "false") || code.expression_end(name + 2) != name + 3) return;
  notice_at(
      source, code, name + 2,
      fmt::format("{0} is no word of Python, which has {1}: the settings do not load with it; "
                  "taken is {1}",
                  word, word == "true" ? "True" : "False"),
      settings);
}

// What Python makes of the settings before Django sees them.
void notice_slips(const SourceText& source, const Code& code, Settings& settings) {
  const bool has_words = has_small_words(code);
  size_t depth = 0;
  for (size_t i = 0; i + 2 < code.size(); ++i) {
    const std::string_view mark = code.is_text(i) ? std::string_view() : code.text(i);
    if (mark == "(" || mark == "[" || mark == "{") ++depth;
    if ((mark == ")" || mark == "]" || mark == "}") && depth > 0) --depth;
    if (!is_assignment(code, i, depth) || !is_setting(mark)) continue;
    notice_tuple(source, code, i, settings);
    if (!has_words) notice_small_word(source, code, i, settings);
  }
}

Result<void> read_django(const SourceText& source, std::string_view, Settings& settings) {
  const Code code(source, Language::python);
  Sheet sheet(source);
  for (size_t i = 0; i + 2 < code.size(); ++i)
    if (code.tokens()[i].begins_line && code.is_name(i))
      TRY_VOID(collect_assignment(code, i, settings, sheet));
  TRY_VOID(sheet.hand_over(settings));
  notice_backends(sheet, settings);
  notice_slips(source, code, settings);
  for (const std::string_view key : {"EMAIL_HOST", "EMAIL_PORT"})
    notice_repeated(sheet, key, settings);
  for (const std::string_view key : switches) notice_true_text(sheet, key, settings);
  if (!sheet.has("EMAIL_HOST"))
    settings.notices.push_back({{}, "no EMAIL_HOST: taken is Django's default, localhost"});
  settings.host.value = "localhost";
  take(sheet.find("EMAIL_HOST"), settings.host);
  settings.port.value = 25;
  take_port(sheet.find("EMAIL_PORT"), settings.port);
  take(sheet.find("EMAIL_HOST_USER"), settings.user);
  take(sheet.find("EMAIL_HOST_PASSWORD"), settings.password);
  take(sheet.find("DEFAULT_FROM_EMAIL"), settings.from);
  // Django logs in where both are there.
  take_as(sheet.has("EMAIL_HOST_USER") && sheet.has("EMAIL_HOST_PASSWORD"),
          sheet.find("EMAIL_HOST_USER"), settings.login);
  settings.check_certificate.value = true;
  take_switches(sheet.find("EMAIL_USE_TLS"), sheet.find("EMAIL_USE_SSL"), settings);
  return {};
}

bool has_file_name(std::string_view file) {
  return file.ends_with(".py") && file.find("settings") != std::string_view::npos;
}

bool has_content(std::string_view text) {
  const SourceText source(text);
  const Code code(source, Language::python);
  for (size_t i = 0; i + 1 < code.size(); ++i)
    if (code.tokens()[i].begins_line &&
        (code.text(i).starts_with("EMAIL_HOST") || code.is(i, "EMAIL_BACKEND")) &&
        (code.is(i + 1, "=") || code.is(i + 1, ",")) &&
        (code.is_text(i + 2) || source.text().find(" = ") != std::string_view::npos))
      return true;
  return false;
}

std::vector<Wanted> write(const Settings&, const Change& change) {
  std::vector<Wanted> wanted;
  if (change.host) wanted.push_back({"EMAIL_HOST", quoted(*change.host)});
  if (change.port) wanted.push_back({"EMAIL_PORT", std::to_string(*change.port)});
  if (change.encryption) {
    const auto on = [&](Encryption each) { return *change.encryption == each ? "True" : "False"; };
    wanted.push_back({"EMAIL_USE_TLS", on(Encryption::starttls)});
    wanted.push_back({"EMAIL_USE_SSL", on(Encryption::implicit)});
  }
  if (change.user) wanted.push_back({"EMAIL_HOST_USER", quoted(*change.user)});
  return wanted;
}

std::string statement(const Settings&, const Assignment&, const Wanted& wanted) {
  return fmt::format("{} = {}", wanted.key, wanted.literal);
}

}  // namespace

const Form django_form{Dialect::django, "Django settings", has_file_name, has_content, read_django,
                       write,           statement};

}  // namespace waypost::settings
