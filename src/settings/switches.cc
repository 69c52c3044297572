#include "settings/switches.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::settings {
namespace {

constexpr unsigned implicit_port = 465;

constexpr std::string_view on_words[] = {"true", "1", "yes", "on", "y", "t", "ok"};
constexpr std::string_view implicit_words[] = {"ssl", "smtps", "ssl/tls", "implicit", "force_tls"};
constexpr std::string_view starttls_words[] = {"tls", "starttls", "start_tls", "explicit"};
constexpr std::string_view off_words[] = {"false", "0",        "no",    "off",   "none",
                                          "plain", "disabled", "clear", "never", "null"};

template <size_t n>
bool is_among(std::string_view word, const std::string_view (&words)[n]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// In lower case; what dotenv takes for nothing is the word all the same: the author wrote it.
std::string word_of(const Sheet::Entry* entry) {
  if (entry == nullptr) return {};
  std::string word = base::to_lower(entry->value.reveal());
  if (!word.empty()) return word;
  const std::string raw = base::to_lower(entry->assignment.place.raw);
  return raw == "null" || raw == "(null)" ? "null" : word;
}

const Sheet::Entry* find(const Sheet& sheet, std::string_view prefix, std::string_view name) {
  return sheet.find(fmt::format("{}{}", prefix, name));
}

void take_if_offered(const Sheet::Entry* entry, Settings& settings) {
  take_as(Encryption::starttls, entry, settings.encryption);
  settings.is_opportunistic = true;
}

// What the port means where nothing else is said.
void take_by_port(const Sheet::Entry* entry, Settings& settings) {
  if (settings.port.value != implicit_port) return take_if_offered(entry, settings);
  take_as(Encryption::implicit, entry, settings.encryption);
}

// Since Laravel 9 port 465 means implicit TLS with MAIL_ENCRYPTION=tls as well, and whatever else
// that says, STARTTLS is taken where it is offered.
void fill_laravels(const Sheet::Entry* scheme, const Sheet::Entry* encryption, Settings& settings) {
  const Sheet::Entry* said = scheme ? scheme : encryption;
  if (said && said->is_elsewhere) return take_as(Encryption::unset, said, settings.encryption);
  const std::string word = word_of(said);
  if (scheme && word != "smtp" && word != "smtps" && word != "null")
    settings.notices.push_back({scheme->assignment.place,
                                "MAIL_SCHEME is neither smtp nor smtps: new versions of Laravel, "
                                "those with Symfony Mailer "
                                "7.2 and newer, refuse any other word and send nothing"});
  const bool is_implicit =
      word == "smtps" || word == "ssl" || (word != "smtp" && settings.port.value == implicit_port);
  if (is_implicit) return take_as(Encryption::implicit, said, settings.encryption);
  if (is_among(word, starttls_words))
    return take_as(Encryption::starttls, said, settings.encryption);
  take_if_offered(said, settings);
  if (scheme || !is_among(word, off_words)) return;
  settings.notices.push_back(
      {said->assignment.place,
       fmt::format("MAIL_ENCRYPTION={}: Laravel 9 and newer take STARTTLS all the same where the "
                   "server offers it, and so does this; older ones send in the clear",
                   word)});
}

void fill_by_word(const Sheet::Entry* said, Settings& settings) {
  const std::string& key = said->assignment.key;
  const std::string word = word_of(said);
  const auto ends_with = [&key](std::string_view end) { return key.ends_with(end); };
  const bool is_on = is_among(word, on_words);
  if (said->is_elsewhere) return take_as(Encryption::unset, said, settings.encryption);
  // Nodemailer's `secure` and PHPMailer's SMTPSecure say how a connection begins.
  const bool begins_so = ends_with("SECURE") || ends_with("SSL");
  if (is_among(word, implicit_words) || (is_on && begins_so))
    return take_as(Encryption::implicit, said, settings.encryption);
  if (is_on || is_among(word, starttls_words)) {
    const bool fits_port = !begins_so && settings.port.value == implicit_port;
    return take_as(fits_port ? Encryption::implicit : Encryption::starttls, said,
                   settings.encryption);
  }
  if (!is_among(word, off_words)) return take_by_port(said, settings);
  if (begins_so && word != "none" && word != "plain") return take_if_offered(said, settings);
  if (!ends_with("_TLS")) return take_as(Encryption::none, said, settings.encryption);
  take_by_port(said, settings);
  settings.notices.push_back(
      {said->assignment.place,
       fmt::format("{}={}: some programs send in the clear with it, others take STARTTLS where it "
                   "is offered, and so does this; try --tls none as well",
                   key, word)});
}

}  // namespace

void take_switches(const Sheet::Entry* tls, const Sheet::Entry* ssl, Settings& settings) {
  const auto is_on = [](const Sheet::Entry* entry) {
    return entry && !entry->is_elsewhere && is_among(word_of(entry), on_words);
  };
  if (is_on(tls) && is_on(ssl)) settings.other_encryption = ssl->assignment.place;
  if (is_on(tls))
    take_as(Encryption::starttls, tls, settings.encryption);
  else if (is_on(ssl))
    take_as(Encryption::implicit, ssl, settings.encryption);
  else if ((tls && tls->is_elsewhere) || (ssl && ssl->is_elsewhere))
    take_as(Encryption::unset, tls && tls->is_elsewhere ? tls : ssl, settings.encryption);
  else
    take_as(Encryption::none, tls ? tls : ssl, settings.encryption);
}

void fill_encryption(const Sheet& sheet, std::string_view prefix, Settings& settings) {
  const auto first = [&](std::initializer_list<std::string_view> names) {
    const Sheet::Entry* found = nullptr;
    for (const std::string_view name : names)
      if (found == nullptr) found = find(sheet, prefix, name);
    return found;
  };
  const Sheet::Entry* scheme = sheet.has("MAIL_SCHEME") ? sheet.find("MAIL_SCHEME") : nullptr;
  const Sheet::Entry* encryption = sheet.find("MAIL_ENCRYPTION");
  if (prefix == "MAIL_" && (scheme || encryption))
    return fill_laravels(scheme, encryption, settings);
  const Sheet::Entry* tls = first({"USE_TLS", "USE_STARTTLS", "STARTTLS"});
  const Sheet::Entry* ssl = first({"USE_SSL", "SSL_TLS"});
  const bool is_unneeded = tls && !ssl && tls->assignment.key.ends_with("STARTTLS") &&
                           settings.port.value == implicit_port;
  if (is_unneeded && is_among(word_of(tls), off_words)) return take_by_port(tls, settings);
  if (tls || ssl) return take_switches(tls, ssl, settings);
  tls = first({"TLS"});
  ssl = first({"SSL"});
  if (tls && ssl) return take_switches(tls, ssl, settings);
  const Sheet::Entry* said = first({"SECURE", "ENCRYPTION", "SECURITY", "TLS", "SSL"});
  if (said) return fill_by_word(said, settings);
  take_by_port(nullptr, settings);
}

}  // namespace waypost::settings
