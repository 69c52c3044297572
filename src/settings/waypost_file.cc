// Our own waypost.toml: where [delivery] or a [[route]] hands mail to (docs/operate/next-hops.md).
#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/dialect.h"
#include "settings/sheet.h"
#include "toml/document.h"
#include "toml/wording.h"

namespace waypost::settings {
namespace {

using toml::Member;
using toml::Node;

// What `waypost trace` calls the next hop of [delivery].
constexpr std::string_view delivery_id = "next_hop";

constexpr std::string_view hop_keys[] = {"next_hop",  "tls_mode",    "tls",      "login",
                                         "mechanism", "secret_file", "addresses"};

const Member* member_of(const Node& table, std::string_view key) {
  for (const Member& member : table.members)
    if (member.key == key) return &member;
  return nullptr;
}

std::string text_of(const Node& table, std::string_view key) {
  const Member* member = member_of(table, key);
  return member ? member->value.text : std::string();
}

// Columns count code points; offsets count octets.
size_t offset_of(const SourceText& source, const toml::Place& place) {
  if (place.line == 0 || place.line > source.line_count()) return 0;
  const std::string_view line = source.line(place.line - 1);
  size_t at = 0;
  for (unsigned column = 1; column < place.column && at < line.size(); ++column) do
      ++at;
    while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80);
  return source.line_start(place.line - 1) + at;
}

// The octets of a text or a bare word, its quotes included.
size_t length_of(std::string_view rest) {
  for (const std::string_view quote : {"\"\"\"", "'''", "\"", "'"}) {
    if (!rest.starts_with(quote)) continue;
    for (size_t at = quote.size(); at < rest.size(); ++at) {
      if (rest[at] == '\\' && quote.front() == '"')
        ++at;
      else if (rest.substr(at).starts_with(quote))
        return at + quote.size();
    }
    return rest.size();
  }
  return std::min(rest.find_first_of(" \t\r\n,#]}"), rest.size());
}

class Reader {
 public:
  Reader(const SourceText& source, Settings& settings)
      : source_(source), settings_(settings), sheet_(source) {}

  Result<void> read(std::string_view wanted) {
    const toml::Document document = toml::read_document(source_.text(), 0);
    if (!document.errors.empty()) {
      const toml::SyntaxError& error = document.errors.front();
      Place place;
      place.line = error.place.line;
      place.column = error.place.column;
      return complaint(settings_, place, base::escape_control(error.description));
    }
    list_hops(document.root);
    TRY(const Node* hop, choose(wanted));
    for (const Member& member : hop->members) add(member);
    if (delivery_ && hop != delivery_)
      if (const Member* addresses = member_of(*delivery_, "addresses")) add(*addresses);
    TRY_VOID(sheet_.hand_over(settings_));
    fill();
    return {};
  }

 private:
  void list_hops(const Node& root) {
    if (const Member* delivery = member_of(root, "delivery")) delivery_ = &delivery->value;
    if (delivery_ && member_of(*delivery_, "next_hop")) {
      hops_.push_back(delivery_);
      settings_.accounts.emplace_back(delivery_id);
    }
    const Member* routes = member_of(root, "route");
    if (!routes) return;
    for (const Node& route : routes->value.items) {
      if (!member_of(route, "next_hop")) continue;
      hops_.push_back(&route);
      settings_.accounts.push_back(text_of(route, "id"));
    }
  }

  Result<const Node*> choose(std::string_view wanted) {
    if (hops_.empty())
      return failure(ErrorCode::invalid_input,
                     fmt::format("{}: no next_hop in [delivery] or a [[route]]: mail goes to each "
                                 "domain's own hosts",
                                 settings_.file));
    const auto found =
        wanted.empty() ? settings_.accounts.begin()
                       : std::find(settings_.accounts.begin(), settings_.accounts.end(), wanted);
    if (found == settings_.accounts.end())
      return failure(ErrorCode::not_found, fmt::format("{}: there is no route {}", settings_.file,
                                                       base::escape_control(wanted)));
    settings_.account = *found;
    return hops_[size_t(found - settings_.accounts.begin())];
  }

  void add(const Member& member) {
    const bool is_known =
        std::find(std::begin(hop_keys), std::end(hop_keys), member.key) != std::end(hop_keys);
    if (!is_known || member.value.kind != Node::Kind::text) return;
    const size_t offset = offset_of(source_, member.value.place);
    sheet_.add({member.key, key_start(offset_of(source_, member.place)), offset,
                length_of(source_.text().substr(offset)), member.value.text, false});
  }

  // Of `delivery.next_hop` the place is that of its last part.
  size_t key_start(size_t offset) const {
    const std::string_view text = source_.text();
    while (offset > 0 && (base::is_alnum(text[offset - 1]) || text[offset - 1] == '.')) --offset;
    return offset;
  }

  void fill() {
    const Sheet::Entry* hop = sheet_.find("next_hop");
    const std::string_view text = sheet_.value("next_hop");
    const size_t colon = text.rfind(':');
    take(hop, settings_.host);
    settings_.host.value = text.substr(0, colon);
    if (settings_.host.value.starts_with('[') && settings_.host.value.ends_with(']'))
      settings_.host.value = settings_.host.value.substr(1, settings_.host.value.size() - 2);
    if (hop && colon != std::string_view::npos)
      take_as(number_in(text.substr(colon + 1)), hop, settings_.port);
    take(sheet_.find("login"), settings_.user);
    take_as(sheet_.has("login"), sheet_.find("login"), settings_.login);
    take(sheet_.find("mechanism"), settings_.mechanism);
    if (const Sheet::Entry* file = sheet_.find("secret_file")) {
      settings_.password.place = file->assignment.place;
      settings_.password.is_elsewhere = true;
    }
    const std::string_view addresses = sheet_.value("addresses");
    take_as(addresses == "ipv4-only"   ? Family::ipv4
            : addresses == "ipv6-only" ? Family::ipv6
                                       : Family::any,
            sheet_.find("addresses"), settings_.family);
    fill_encryption();
  }

  // A login makes TLS with a good certificate required.
  void fill_encryption() {
    const Sheet::Entry* mode = sheet_.find("tls_mode");
    const std::string_view tls = sheet_.value("tls");
    const bool is_required = settings_.login.value || tls == "required";
    settings_.check_certificate.value = is_required;
    if (sheet_.value("tls_mode") == "implicit")
      return take_as(Encryption::implicit, mode, settings_.encryption);
    if (tls == "never" && !is_required)
      return take_as(Encryption::none, sheet_.find("tls"), settings_.encryption);
    take_as(Encryption::starttls, mode ? mode : sheet_.find("tls"), settings_.encryption);
    settings_.is_opportunistic = !is_required;
  }

  const SourceText& source_;
  Settings& settings_;
  Sheet sheet_;
  const Node* delivery_ = nullptr;
  std::vector<const Node*> hops_;
};

Result<void> read_waypost(const SourceText& source, std::string_view account, Settings& settings) {
  return Reader(source, settings).read(account);
}

bool has_file_name(std::string_view file) { return file.ends_with("waypost.toml"); }

bool has_content(std::string_view text) {
  const SourceText source(text);
  bool has_table = false;
  for (size_t i = 0; i < source.line_count(); ++i) {
    const std::string_view line = base::trim(source.line(i));
    has_table |= line == "[delivery]" || line == "[[route]]";
    if (has_table && line.starts_with("next_hop")) return true;
  }
  return false;
}

std::vector<Wanted> write(const Settings& settings, const Change& change) {
  std::vector<Wanted> wanted;
  if (change.host || change.port) {
    const std::string host = change.host.value_or(settings.host.value);
    const bool is_address = host.find(':') != std::string::npos;
    const std::string shown = is_address ? "[" + host + "]" : host;
    const unsigned port = change.port.value_or(settings.port.value);
    wanted.push_back({"next_hop", toml::as_toml(fmt::format("{}:{}", shown, port))});
  }
  if (change.encryption) {
    const bool is_none = *change.encryption == Encryption::none;
    const bool is_implicit = *change.encryption == Encryption::implicit;
    wanted.push_back({"tls_mode", is_implicit ? "\"implicit\"" : "\"starttls\""});
    if (is_none) wanted.push_back({"tls", "\"never\""});
    if (!is_none && !settings.login.value) wanted.push_back({"tls", "\"required\""});
  }
  const bool is_delivery = settings.account == delivery_id;
  if (change.family && (is_delivery || settings.family.is_written()))
    wanted.push_back({"addresses", *change.family == Family::ipv4   ? "\"ipv4-only\""
                                   : *change.family == Family::ipv6 ? "\"ipv6-only\""
                                                                    : "\"ipv4-first\""});
  if (change.user) wanted.push_back({"login", toml::as_toml(*change.user)});
  return wanted;
}

// In a table a line; `delivery.next_hop = ...` and { next_hop = ... } are written as such.
std::string statement(const Settings& settings, const Assignment& beside, const Wanted& wanted) {
  const std::string_view text = settings.text.reveal();
  const std::string_view key = text.substr(beside.key_offset);
  const size_t before = text.substr(0, beside.key_offset).find_last_not_of(" \t");
  const bool is_inline =
      before != std::string_view::npos && (text[before] == '{' || text[before] == ',');
  return fmt::format("{}{} = {}{}", key.starts_with("delivery.") ? "delivery." : "", wanted.key,
                     wanted.literal, is_inline ? "," : "");
}

}  // namespace

const Form waypost_form{Dialect::waypost, "waypost.toml", has_file_name, has_content,
                        read_waypost,     write,          statement};

}  // namespace waypost::settings
