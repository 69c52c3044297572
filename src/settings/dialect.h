#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/settings.h"
#include "settings/source_text.h"

namespace waypost::settings {

// A key of the dialect and what is to stand behind it, as it is written there.
struct Wanted {
  std::string key;
  std::string literal;
};

// One dialect: everything that read(), edits() and recognise() must know of it.
struct Form {
  Dialect dialect;
  std::string_view name;
  bool (*has_file_name)(std::string_view file);  // without its folder, in lower case
  bool (*has_content)(std::string_view text);
  // Fills in what the text says. A failure's message begins with its place (complaint()).
  Result<void> (*read)(const SourceText& source, std::string_view account, Settings& settings);
  std::vector<Wanted> (*write)(const Settings& settings, const Change& change);
  // A whole assignment that can stand in front of another one, `beside`.
  std::string (*statement)(const Settings& settings, const Assignment& beside,
                           const Wanted& wanted);
};

// In the order in which content is tried.
std::span<const Form> forms();
const Form& form(Dialect dialect);

extern const Form django_form;
extern const Form laravel_form;
extern const Form msmtp_form;
extern const Form nodemailer_form;
extern const Form phpmailer_form;
extern const Form postfix_form;
extern const Form waypost_form;
extern const Form wp_mail_smtp_form;

// "FILE:LINE:COLUMN: message".
tl::unexpected<Error> complaint(const Settings& settings, const Place& place, std::string message);

}  // namespace waypost::settings
