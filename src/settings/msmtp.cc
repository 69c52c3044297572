// msmtprc, as msmtp(1) describes it: a command and its argument a line, in accounts.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/dialect.h"
#include "settings/sheet.h"

namespace waypost::settings {
namespace {

constexpr size_t accounts_max = 200;

struct Command {
  std::string_view name;
  std::string_view argument;  // without the quotes around it
  size_t name_offset = 0;
  size_t offset = 0;  // of the argument, with its quotes
  size_t length = 0;
};

// All that msmtp has had: it refuses a file with any other.
constexpr std::string_view commands[] = {"account",
                                         "defaults",
                                         "eval",
                                         "host",
                                         "port",
                                         "source_ip",
                                         "proxy_host",
                                         "proxy_port",
                                         "socket",
                                         "timeout",
                                         "connect_timeout",
                                         "protocol",
                                         "domain",
                                         "auth",
                                         "user",
                                         "password",
                                         "passwordeval",
                                         "ntlmdomain",
                                         "tls",
                                         "tls_starttls",
                                         "tls_nostarttls",
                                         "tls_trust_file",
                                         "tls_crl_file",
                                         "tls_fingerprint",
                                         "tls_key_file",
                                         "tls_cert_file",
                                         "tls_certcheck",
                                         "tls_nocertcheck",
                                         "tls_priorities",
                                         "tls_host_override",
                                         "tls_min_dh_prime_bits",
                                         "tls_force_sslv3",
                                         "from",
                                         "from_full_name",
                                         "allow_from_override",
                                         "set_from_header",
                                         "set_date_header",
                                         "set_msgid_header",
                                         "remove_bcc_headers",
                                         "undisclosed_recipients",
                                         "dsn_notify",
                                         "dsn_return",
                                         "logfile",
                                         "logfile_time_format",
                                         "syslog",
                                         "aliases",
                                         "auto_from",
                                         "maildomain",
                                         "add_missing_from_header",
                                         "add_missing_date_header",
                                         "keepbcc"};

// An empty name for a line without a command.
Command command_in(std::string_view line, size_t line_start) {
  Command command;
  const size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos || line[start] == '#') return command;
  const size_t name_end = std::min(line.find_first_of(" \t", start), line.size());
  command.name = line.substr(start, name_end - start);
  command.name_offset = line_start + start;
  command.argument = base::trim(line.substr(name_end));
  command.offset = command.argument.empty()
                       ? line_start + name_end
                       : line_start + size_t(command.argument.data() - line.data());
  command.length = command.argument.size();
  std::string_view& argument = command.argument;
  if (argument.size() >= 2 && argument.front() == '"' && argument.back() == '"')
    argument = argument.substr(1, argument.size() - 2);
  return command;
}

bool is_on(std::string_view argument) { return argument.empty() || argument == "on"; }

using Account = std::map<std::string, size_t, std::less<>>;  // command -> index in the sheet

class Reader {
 public:
  Reader(const SourceText& source, Settings& settings)
      : source_(source), settings_(settings), sheet_(source) {}

  Result<void> read(std::string_view wanted) {
    for (size_t i = 0; i < source_.line_count(); ++i) {
      const Command command = command_in(source_.line(i), source_.line_start(i));
      if (command.name.empty()) continue;
      note_unknown(command);
      if (command.name == "defaults") {
        current_ = &defaults_;
      } else if (command.name == "account") {
        TRY_VOID(begin_account(command));
      } else {
        add(command);
      }
    }
    TRY(const Account* account, choose(wanted));
    return fill(*account);
  }

 private:
  Result<void> begin_account(const Command& command) {
    const size_t colon = command.argument.find(':');
    const std::string_view name = base::trim(command.argument.substr(0, colon));
    if (name.empty() || settings_.accounts.size() >= accounts_max)
      return complain(command, name.empty() ? "an account needs a name" : "too many accounts");
    Account account = defaults_;
    if (colon != std::string_view::npos)
      TRY_VOID(inherit(command, command.argument.substr(colon + 1), account));
    if (!accounts_.contains(name)) settings_.accounts.emplace_back(name);
    current_ = &accounts_.insert_or_assign(std::string(name), std::move(account)).first->second;
    return {};
  }

  Result<void> inherit(const Command& command, std::string_view names, Account& account) {
    for (size_t bases = 0; !names.empty(); ++bases) {
      if (bases == accounts_max) return complain(command, "too many accounts behind the colon");
      const size_t comma = std::min(names.find(','), names.size());
      const auto base = accounts_.find(base::trim(names.substr(0, comma)));
      if (base == accounts_.end())
        return complain(command, "the account behind the colon is not defined above this line");
      for (const auto& [key, index] : base->second) account.insert_or_assign(key, index);
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
    return {};
  }

  // The first alone. What stands there may be anything, and is not shown.
  void note_unknown(const Command& command) {
    const bool is_known =
        std::find(std::begin(commands), std::end(commands), command.name) != std::end(commands);
    if (is_known || has_unknown_) return;
    has_unknown_ = true;
    settings_.notices.push_back(
        {source_.place(command.name_offset, command.name.size(), true),
         "no command of msmtp that is known here: msmtp reads nothing of a file with a command "
         "that it does not know"});
  }

  void add(const Command& command) {
    const bool is_secret = command.name == "password";
    const bool is_elsewhere = command.name == "passwordeval";
    const size_t index = sheet_.add({command.name, command.name_offset, command.offset,
                                     command.length, command.argument, is_elsewhere},
                                    is_secret);
    if (sheet_.is_full()) return;
    // Before the first account stands what msmtp refuses; it is read as defaults.
    Account& account = current_ ? *current_ : defaults_;
    account.insert_or_assign(std::string(command.name), index);
  }

  Result<const Account*> choose(std::string_view wanted) {
    if (accounts_.empty() && wanted.empty() && !defaults_.empty()) return &defaults_;
    std::string_view name = wanted.empty() ? "default" : wanted;
    if (wanted.empty() && settings_.accounts.size() == 1) name = settings_.accounts[0];
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
      return failure(
          wanted.empty() ? ErrorCode::invalid_input : ErrorCode::not_found,
          fmt::format(
              "{}: there is no account {}; there is {}", settings_.file, base::escape_control(name),
              settings_.accounts.empty()
                  ? "none"
                  : base::escape_control(fmt::to_string(fmt::join(settings_.accounts, ", ")))));
    settings_.account = name;
    return &found->second;
  }

  Result<void> fill(const Account& account) {
    std::vector<size_t> indexes;
    for (const auto& [key, index] : account) indexes.push_back(index);
    std::sort(indexes.begin(), indexes.end());
    sheet_.keep(indexes);
    TRY_VOID(sheet_.hand_over(settings_));
    take(sheet_.find("host"), settings_.host);
    take(sheet_.find("user"), settings_.user);
    take(sheet_.find("from"), settings_.from);
    take(sheet_.find("passwordeval"), settings_.password);
    take(sheet_.find("password"), settings_.password);
    fill_encryption();
    settings_.port.value = settings_.encryption.value == Encryption::implicit ? 465 : 25;
    take_port(sheet_.find("port"), settings_.port);
    fill_login();
    return {};
  }

  bool is_set_on(std::string_view key) const {
    return sheet_.find(key) && is_on(sheet_.value(key));
  }

  void fill_encryption() {
    const bool is_implicit = sheet_.find("tls_starttls") && !is_set_on("tls_starttls");
    if (!is_set_on("tls"))
      take_as(Encryption::none, sheet_.find("tls"), settings_.encryption);
    else if (is_implicit)
      take_as(Encryption::implicit, sheet_.find("tls_starttls"), settings_.encryption);
    else
      take_as(Encryption::starttls, sheet_.find("tls"), settings_.encryption);
    const Sheet::Entry* check = sheet_.find("tls_certcheck");
    take_as(!check || is_set_on("tls_certcheck"), check, settings_.check_certificate);
  }

  void fill_login() {
    const Sheet::Entry* auth = sheet_.find("auth");
    const std::string_view method = sheet_.value("auth");
    take_as(auth && method != "off", auth, settings_.login);
    if (settings_.login.value && !is_on(method)) take(auth, settings_.mechanism);
  }

  tl::unexpected<Error> complain(const Command& command, std::string message) {
    return complaint(settings_, source_.place(command.name_offset, command.name.size()),
                     std::move(message));
  }

  const SourceText& source_;
  Settings& settings_;
  Sheet sheet_;
  Account defaults_;
  std::map<std::string, Account, std::less<>> accounts_;
  Account* current_ = nullptr;
  bool has_unknown_ = false;
};

bool has_file_name(std::string_view file) { return file.ends_with("msmtprc"); }

// The words with which most of its lines begin, and no other of the dialects.
bool has_content(std::string_view text) {
  const SourceText source(text);
  bool has_account = false;
  bool has_host = false;
  for (size_t i = 0; i < source.line_count(); ++i) {
    const Command command = command_in(source.line(i), 0);
    const bool is_plain = command.argument.find_first_of("={}();") == std::string_view::npos;
    if (command.name == "account" || command.name == "defaults") has_account |= is_plain;
    if (command.name == "host") has_host |= is_plain && !command.argument.empty();
  }
  return has_host && has_account;
}

Result<void> read_msmtp(const SourceText& source, std::string_view account, Settings& settings) {
  return Reader(source, settings).read(account);
}

std::vector<Wanted> write(const Settings&, const Change& change) {
  std::vector<Wanted> wanted;
  if (change.host) wanted.push_back({"host", *change.host});
  if (change.port) wanted.push_back({"port", std::to_string(*change.port)});
  if (change.encryption) {
    const bool is_encrypted = *change.encryption != Encryption::none;
    wanted.push_back({"tls", is_encrypted ? "on" : "off"});
    if (is_encrypted)
      wanted.push_back({"tls_starttls", *change.encryption == Encryption::starttls ? "on" : "off"});
  }
  if (change.user) wanted.push_back({"user", *change.user});
  return wanted;
}

std::string statement(const Settings&, const Assignment&, const Wanted& wanted) {
  return fmt::format("{} {}", wanted.key, wanted.literal);
}

}  // namespace

const Form msmtp_form{Dialect::msmtp, "msmtprc", has_file_name, has_content,
                      read_msmtp,     write,     statement};

}  // namespace waypost::settings
