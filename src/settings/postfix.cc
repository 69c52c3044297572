// Postfix main.cf, as postconf(5) describes it: what its SMTP client is told about the relay host.
#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/dialect.h"
#include "settings/sheet.h"

namespace waypost::settings {
namespace {

constexpr std::string_view parameters[] = {"relayhost",
                                           "smtp_tls_security_level",
                                           "smtp_tls_wrappermode",
                                           "smtp_use_tls",
                                           "smtp_enforce_tls",
                                           "smtp_sasl_auth_enable",
                                           "smtp_sasl_password_maps",
                                           "smtp_sasl_mechanism_filter",
                                           "inet_protocols",
                                           "smtp_address_preference"};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Reads logical lines: one that begins with a blank continues the one before it, and neither empty
// lines nor comments end it.
class Reader {
 public:
  Reader(const SourceText& source, Sheet& sheet) : source_(source), sheet_(sheet) {}

  void read() {
    for (size_t i = 0; i < source_.line_count(); ++i) {
      const std::string_view line = source_.line(i);
      const size_t start = source_.line_start(i);
      const size_t first = line.find_first_not_of(" \t");
      if (first == std::string_view::npos || line[first] == '#') continue;
      if (is_blank(line.front()))
        extend(line, start);
      else
        begin(line, start);
    }
    finish();
  }

 private:
  void begin(std::string_view line, size_t start) {
    finish();
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) return;
    key_ = base::trim(line.substr(0, equals));
    key_offset_ = start;
    offset_ = start + equals + 1;
    end_ = offset_;
    extend(line.substr(equals + 1), offset_);
    if (value_.empty()) offset_ = end_ = start + equals + 1;
  }

  void extend(std::string_view part, size_t start) {
    const std::string_view trimmed = base::trim(part);
    if (key_.empty() || trimmed.empty()) return;
    if (value_.empty()) offset_ = start + size_t(trimmed.data() - part.data());
    if (!value_.empty()) value_ += ' ';
    value_ += trimmed;
    end_ = start + size_t(trimmed.data() - part.data()) + trimmed.size();
  }

  void finish() {
    const bool is_known =
        std::find(std::begin(parameters), std::end(parameters), key_) != std::end(parameters);
    // A password in the file itself: static:user:password.
    const bool is_secret = value_.starts_with("static:") || value_.starts_with("inline:");
    if (is_known)
      sheet_.add({key_, key_offset_, offset_, end_ - offset_, value_,
                  value_.find('$') != std::string::npos},
                 is_secret);
    key_ = {};
    base::Secret::wipe(value_);
  }

  const SourceText& source_;
  Sheet& sheet_;
  std::string_view key_;
  size_t key_offset_ = 0;
  size_t offset_ = 0;
  size_t end_ = 0;
  std::string value_;
};

struct RelayHost {
  std::string_view host;
  std::string_view port;
  size_t port_start = 0;  // octets into the value
  bool has_brackets = false;
};

RelayHost relay_host_in(std::string_view value) {
  RelayHost relay;
  value = value.substr(0, value.find_first_of(", \t"));
  const size_t close = value.rfind(']');
  relay.has_brackets = value.starts_with('[') && close != std::string_view::npos;
  const size_t colon = value.find(':', relay.has_brackets ? close : 0);
  if (colon != std::string_view::npos) {
    relay.port = value.substr(colon + 1);
    relay.port_start = colon + 1;
  }
  relay.host = value.substr(0, colon);
  if (relay.has_brackets) relay.host = value.substr(1, close - 1);
  return relay;
}

// Of several, by Postfix 3.5 and newer, the first is tried first. A port behind a blank is taken
// for one of them, though it was not meant so.
void notice_other_hosts(const Assignment& relay_host, std::string_view value, bool has_port,
                        Settings& settings) {
  constexpr std::string_view separators = ", \t";
  const size_t blank = value.find_first_of(separators);
  const size_t start = value.find_first_not_of(separators, blank);
  if (blank == std::string_view::npos || start == std::string_view::npos) return;
  const std::string_view next = value.substr(start, value.find_first_of(separators, start) - start);
  const bool is_port = !has_port && (number_in(next) > 0 || next == "submission" ||
                                     next == "submissions" || next == "smtps");
  settings.notices.push_back(
      {relay_host.place,
       is_port ? fmt::format("relayhost has a blank in front of {}, so that it is no port but "
                             "another host: taken is port 25; a port stands right behind a colon",
                             next)
               : "relayhost has several hosts: taken is the first"});
}

void fill_relay_host(const SourceText& source, const Sheet& sheet, Settings& settings) {
  settings.port.value = 25;
  const Sheet::Entry* entry = sheet.find("relayhost");
  take(entry, settings.host);
  if (!entry || entry->is_elsewhere) return;
  const RelayHost relay = relay_host_in(entry->value.reveal());
  notice_other_hosts(entry->assignment, entry->value.reveal(), !relay.port.empty(), settings);
  settings.host.value = relay.host;
  if (relay.port.empty()) return;
  settings.port.value = number_in(relay.port);
  if (relay.port == "submission") settings.port.value = 587;
  if (relay.port == "smtps" || relay.port == "submissions") settings.port.value = 465;
  if (relay.port == "smtp") settings.port.value = 25;
  settings.port.place =
      source.place(entry->assignment.place.offset + relay.port_start, relay.port.size());
}

void fill_encryption(const Sheet& sheet, Settings& settings) {
  const Sheet::Entry* level_entry = sheet.find("smtp_tls_security_level");
  const Sheet::Entry* wrapper = sheet.find("smtp_tls_wrappermode");
  std::string_view level = sheet.value("smtp_tls_security_level");
  if (!sheet.has("smtp_tls_security_level")) {  // the words of old versions
    const bool is_enforced = sheet.value("smtp_enforce_tls") == "yes";
    level_entry = sheet.find(is_enforced ? "smtp_enforce_tls" : "smtp_use_tls");
    level = is_enforced ? "verify" : sheet.value("smtp_use_tls") == "yes" ? "may" : "none";
  }
  const bool is_checked =
      level == "verify" || level == "secure" || level.starts_with("dane") || level == "fingerprint";
  take_as(is_checked, level_entry, settings.check_certificate);
  settings.is_opportunistic = level == "may" || level == "dane";
  if (level_entry && level_entry->is_elsewhere)
    return take_as(Encryption::unset, level_entry, settings.encryption);
  if (sheet.value("smtp_tls_wrappermode") == "yes" && (level == "none" || level == "may"))
    settings.notices.push_back(
        {wrapper->assignment.place,
         fmt::format("smtp_tls_wrappermode = yes needs smtp_tls_security_level = encrypt or "
                     "stronger, which is {} here",
                     sheet.has("smtp_tls_security_level") ? level : "not set")});
  if (sheet.value("smtp_tls_wrappermode") == "yes")
    return take_as(Encryption::implicit, wrapper, settings.encryption);
  take_as(level == "none" ? Encryption::none : Encryption::starttls, level_entry,
          settings.encryption);
}

// static:user:password serves every host; other tables are files that are not ours to read.
void fill_login(const Sheet& sheet, Settings& settings) {
  take_as(sheet.value("smtp_sasl_auth_enable") == "yes", sheet.find("smtp_sasl_auth_enable"),
          settings.login);
  take(sheet.find("smtp_sasl_mechanism_filter"), settings.mechanism);
  const Sheet::Entry* maps = sheet.find("smtp_sasl_password_maps");
  if (!maps) return;
  settings.user.place = settings.password.place = maps->assignment.place;
  std::string_view value = maps->value.reveal();
  const size_t colon = value.find(':', 7);
  if (!value.starts_with("static:") || colon == std::string_view::npos || maps->is_elsewhere) {
    settings.user.is_elsewhere = settings.password.is_elsewhere = true;
    return;
  }
  settings.user.value = value.substr(7, colon - 7);
  settings.password.value = base::Secret(value.substr(colon + 1));
}

Result<void> read_postfix(const SourceText& source, std::string_view, Settings& settings) {
  Sheet sheet(source);
  Reader(source, sheet).read();
  TRY_VOID(sheet.hand_over(settings));
  // postconf(5): of a parameter that is there twice the last one counts.
  for (const std::string_view key :
       {"relayhost", "smtp_tls_security_level", "smtp_tls_wrappermode", "smtp_sasl_auth_enable"})
    notice_repeated(sheet, key, settings);
  fill_relay_host(source, sheet, settings);
  fill_encryption(sheet, settings);
  fill_login(sheet, settings);
  const Sheet::Entry* protocols = sheet.find("inet_protocols");
  const std::string_view family = sheet.value("inet_protocols");
  take_as(family == "ipv4"   ? Family::ipv4
          : family == "ipv6" ? Family::ipv6
                             : Family::any,
          protocols, settings.family);
  return {};
}

bool has_file_name(std::string_view file) { return file == "main.cf"; }

bool has_content(std::string_view text) {
  const SourceText source(text);
  for (size_t i = 0; i < source.line_count(); ++i) {
    const std::string_view line = source.line(i);
    const std::string_view key = base::trim(line.substr(0, line.find('=')));
    if (key.size() < line.size() &&
        (key == "relayhost" || key.starts_with("smtp_tls_") || key.starts_with("smtp_sasl_")))
      return true;
  }
  return false;
}

// One value has host and port, so each change writes both. A host without a port is looked up by
// MX unless it stands in brackets, which is what a relay host wants.
std::string relay_host(const Settings& settings, const Change& change) {
  const std::string host = change.host.value_or(settings.host.value);
  const unsigned port = change.port.value_or(settings.port.value);
  return port == 25 ? fmt::format("[{}]", host) : fmt::format("[{}]:{}", host, port);
}

std::vector<Wanted> write(const Settings& settings, const Change& change) {
  std::vector<Wanted> wanted;
  if (change.host || change.port) wanted.push_back({"relayhost", relay_host(settings, change)});
  if (change.encryption) {
    const bool is_none = *change.encryption == Encryption::none;
    const bool is_checked = settings.check_certificate.value;
    const bool keeps_level = !is_none && is_checked && !settings.is_opportunistic;
    if (!keeps_level) wanted.push_back({"smtp_tls_security_level", is_none ? "none" : "encrypt"});
    wanted.push_back(
        {"smtp_tls_wrappermode", *change.encryption == Encryption::implicit ? "yes" : "no"});
  }
  if (change.family)
    wanted.push_back({"inet_protocols", *change.family == Family::ipv4   ? "ipv4"
                                        : *change.family == Family::ipv6 ? "ipv6"
                                                                         : "all"});
  return wanted;
}

std::string statement(const Settings&, const Assignment&, const Wanted& wanted) {
  return fmt::format("{} = {}", wanted.key, wanted.literal);
}

}  // namespace

const Form postfix_form{Dialect::postfix, "Postfix main.cf", has_file_name,
                        has_content,      read_postfix,      write,
                        statement};

}  // namespace waypost::settings
