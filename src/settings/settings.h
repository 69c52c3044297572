#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

// How another program is told to send mail: its settings file read as values with their places, and
// a correction written the way that program writes it (docs/operate/settings-files.md).
namespace waypost::settings {

enum class Dialect {
  nodemailer,    // the object or the URL given to createTransport()
  phpmailer,     // $mail->Host = ...
  django,        // settings.py
  laravel,       // .env
  msmtp,         // msmtprc
  postfix,       // main.cf
  wp_mail_smtp,  // constants of wp-config.php, or the plugin's JSON export
  waypost,       // our own waypost.toml
};

// As people call it: "Postfix main.cf".
std::string_view name(Dialect dialect);

enum class Encryption { unset, none, starttls, implicit };
enum class Family { any, ipv4, ipv6 };

// Where a value stands. Lines and columns count from 1, columns in code points; line 0: nowhere,
// the program's own default holds.
struct Place {
  unsigned line = 0;
  unsigned column = 0;
  size_t offset = 0;  // octets into the text
  size_t length = 0;  // octets, quotes included
  std::string raw;    // the same as written; empty for what is secret
};

template <class T>
struct Setting {
  T value{};
  Place place;
  // The text names an environment variable, another file or an expression: `value` is not known.
  bool is_elsewhere = false;
  // The environment variable that it is taken from; `value` is then what the text has for when
  // there is none, or not known.
  std::string variable = {};

  bool is_written() const { return place.line != 0; }
  bool is_known() const { return is_written() && !is_elsewhere; }
};

// One `key = value` that was understood, in the words of the dialect.
struct Assignment {
  std::string key;        // "port", "EMAIL_USE_TLS", "auth.user"
  size_t key_offset = 0;  // octets into the text: where the whole of it begins
  Place place;            // of the value
  bool is_secret = false;
};

// What the file says of the way mail goes that is no setting of a server: which of several was
// taken, that nothing is sent by SMTP, where a default comes from. `place` may be nowhere.
struct Notice {
  Place place;
  std::string text;
};

// Values are octet for octet what the program would use: nothing is trimmed. What is not written
// has the default of that program where it documents one.
struct Settings {
  Dialect dialect = Dialect::msmtp;
  std::string file;     // only shown
  std::string account;  // which of several was read; empty where there is one
  std::vector<std::string> accounts;

  // A URL pasted here may hold a password: where remarks() names the host, show what it shows.
  Setting<std::string> host;
  Setting<unsigned> port;  // 0: not said, or not a number; may be over 65535, as it was mistyped
  Setting<Encryption> encryption;
  bool is_opportunistic = false;          // STARTTLS only where the server offers it
  std::optional<Place> other_encryption;  // a second setting that contradicts the first
  Setting<bool> check_certificate;
  Setting<bool> login;  // whether the program logs in
  Setting<std::string> user;
  Setting<base::Secret> password;
  Setting<std::string> mechanism;  // as written: "plain", "LOGIN", "OAuth2"
  Setting<std::string> from;
  Setting<std::string> service;  // Nodemailer's name of a provider, in the place of a host
  Setting<Family> family;

  std::vector<Notice> notices;
  std::vector<Assignment> assignments;  // those that hold for the account, in the order of the text
  base::Secret text;                    // the whole file, which may hold other secrets
};

constexpr size_t text_octets_max = size_t{1} << 20;

// Which dialect it is, by file name, then by content.
std::optional<Dialect> recognise(std::string_view text, std::string_view file);

// Total: takes any octets, at most text_octets_max of them. `account` chooses one of an msmtprc or
// a route of ours; empty: the one that the program takes. Fails with invalid_input,
// "FILE:LINE:COLUMN: what is wrong" or without a place where it has none; not_found for an unknown
// account; resource_exhausted for a text that is too long. No failure quotes a value.
Result<Settings> read(std::string_view text, std::optional<Dialect> dialect, std::string_view file,
                      std::string_view account = {});

// What to set; the rest stays as it is.
struct Change {
  std::optional<std::string> host;
  std::optional<unsigned> port;
  std::optional<Encryption> encryption;  // not unset
  std::optional<Family> family;          // where the dialect can say it
  std::optional<std::string> user;
};

// Replaces `length` octets at `offset` of the text.
struct Edit {
  size_t offset = 0;
  size_t length = 0;
  std::string text;
};

// In the order of the text, none overlapping. What already says so is written again all the same.
std::vector<Edit> edits(const Settings& settings, const Change& change);

// The lines that `change` alters, as they read afterwards, for people: secrets are replaced by
// [hidden], control characters escaped. Ends in a newline; empty where nothing changes.
std::string with_change(const Settings& settings, const Change& change);

}  // namespace waypost::settings
