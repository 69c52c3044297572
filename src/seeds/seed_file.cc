#include "seeds/seed_file.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/time.h"
#include "toml/document.h"
#include "toml/problems.h"
#include "toml/secret_value.h"
#include "toml/wording.h"

namespace waypost::seeds {
namespace {

using toml::Member;
using toml::Node;
using toml::Place;
using Kind = Node::Kind;

constexpr uint16_t implicit_port = 993;
constexpr uint16_t starttls_port = 143;
constexpr size_t text_octets_max = 320;
constexpr size_t folders_named_max = 40;
constexpr Duration wait_max = std::chrono::hours(1);
constexpr std::array<std::string_view, 11> keys{
    "id",        "address", "host",        "port",  "tls", "user", "password_file",
    "mechanism", "folders", "authserv_id", "delete"};
constexpr std::array<std::string_view, 7> mechanisms{
    "auto", "plain", "login", "scram-sha-256", "cram-md5", "xoauth2", "oauthbearer"};

// What may stand in commands, reports and URLs as it is.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= text_octets_max &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return base::is_control(c) || static_cast<unsigned char>(c) >= 0x80;
         });
}

bool is_host(std::string_view text) {
  return is_plain(text) && std::all_of(text.begin(), text.end(), [](char c) {
           return base::is_alnum(c) || c == '-' || c == '.' || c == ':';
         });
}

bool is_address(std::string_view text) {
  const size_t at = text.rfind('@');
  return is_plain(text) && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find_first_of(" <>") == std::string_view::npos;
}

class Reader {
 public:
  Reader(toml::Problems& problems, Seeds& into) : problems_(problems), seeds_(into) {}

  void read(const Node& root) {
    for (const Member& member : root.members) {
      if (member.key == "wait")
        read_duration(member, seeds_.wait);
      else if (member.key == "slow_after")
        read_duration(member, seeds_.slow_after);
      else if (member.key == "seed" && member.value.kind == Kind::list)
        for (const Node& item : member.value.items) read_seed(item);
      else
        problems_.report_unknown(member, "a seeds file",
                                 "it has `wait`, `slow_after` and [[seed]]");
    }
    if (seeds_.all.empty() && !problems_.has_errors())
      problems_.report(root.place, "no mailbox is named",
                       "write one [[seed]] for each, with its `address`, `host` and "
                       "`password_file`");
  }

 private:
  void read_duration(const Member& member, Duration& into) {
    auto duration = base::parse_duration(member.value.text);
    if (member.value.kind != Kind::text || !duration || *duration > wait_max ||
        *duration < std::chrono::seconds(1))
      return problems_.report(member.value.place,
                              fmt::format("`{}` is a time from \"1s\" to \"1h\"", member.key));
    into = *duration;
  }

  void read_seed(const Node& table) {
    Seed seed;
    for (const Member& member : table.members) read_key(member, seed);
    if (seed.user.empty()) seed.user = seed.address;
    if (seed.id.empty()) seed.id = seed.address;
    if (seed.port == 0) seed.port = seed.tls == SeedTls::implicit ? implicit_port : starttls_port;
    if (seed.address.empty() || seed.host.empty() || seed.password_file.empty())
      problems_.report(table.place, "a [[seed]] needs `address`, `host` and `password_file`");
    else if (!ids_.insert(seed.id).second || !addresses_.insert(seed.address).second)
      problems_.report(table.place, "this mailbox stands here twice");
    if (seeds_.all.size() == seeds_max)
      return problems_.report(table.place, fmt::format("at most {} mailboxes", seeds_max));
    seeds_.all.push_back(std::move(seed));
  }

  void read_key(const Member& member, Seed& seed) {
    const Node& value = member.value;
    const bool is_text = value.kind == Kind::text;
    if (member.key == "id" && is_text)
      read_text(value, seed.id, is_plain, "`id` is a short name");
    else if (member.key == "address" && is_text)
      read_text(value, seed.address, is_address, "`address` is that of the mailbox");
    else if (member.key == "host" && is_text)
      read_text(value, seed.host, is_host, "`host` is a name (its A-labels) or an address");
    else if (member.key == "user" && is_text)
      seed.user = value.text;
    else if (member.key == "password_file" && is_text)
      seed.password_file = value.text;
    else if (member.key == "authserv_id" && is_text)
      read_text(value, seed.authserv_id, is_plain, "`authserv_id` is a name");
    else if (member.key == "delete" && value.kind == Kind::boolean)
      seed.erase = value.boolean;
    else if (member.key == "port" && value.kind == Kind::integer)
      read_port(value, seed);
    else if (member.key == "tls")
      read_tls(value, seed);
    else if (member.key == "mechanism")
      read_mechanism(value, seed);
    else if (member.key == "folders" && value.kind == Kind::list)
      read_folders(value, seed);
    else
      report_unknown(member);
  }

  template <class Allowed>
  void read_text(const Node& value, std::string& into, Allowed allowed, const char* what) {
    if (!allowed(value.text)) return problems_.report(value.place, what);
    into = value.text;
  }

  void read_port(const Node& value, Seed& seed) {
    if (value.integer < 1 || value.integer > 65535)
      return problems_.report(value.place, "a port is from 1 to 65535");
    seed.port = static_cast<uint16_t>(value.integer);
  }

  void read_tls(const Node& value, Seed& seed) {
    if (value.kind != Kind::text || (value.text != "implicit" && value.text != "starttls"))
      return problems_.report(value.place, "`tls` is \"implicit\" or \"starttls\"",
                              "a password goes over TLS or not at all");
    seed.tls = value.text == "implicit" ? SeedTls::implicit : SeedTls::starttls;
  }

  void read_mechanism(const Node& value, Seed& seed) {
    if (value.kind != Kind::text ||
        std::find(mechanisms.begin(), mechanisms.end(), value.text) == mechanisms.end())
      return problems_.report(value.place,
                              fmt::format("`mechanism` is {}", toml::one_of(mechanisms)));
    seed.mechanism = value.text;
  }

  void read_folders(const Node& value, Seed& seed) {
    for (const Node& item : value.items) {
      if (item.kind != Kind::text || !is_plain(item.text))
        return problems_.report(item.place, "`folders` holds names, as the server has them");
      if (seed.folders.size() == folders_named_max)
        return problems_.report(item.place, fmt::format("at most {} folders", folders_named_max));
      seed.folders.push_back(item.text);
    }
  }

  void report_unknown(const Member& member) {
    const bool is_secret = toml::secret_value(member.key + " = x") != std::string_view::npos;
    problems_.report_unknown(
        member, "[[seed]]",
        is_secret && member.key != "password_file"
            ? "a password or token stands in a file of its own: name it with `password_file`"
            : "it has " + toml::all_of(keys));
  }

  toml::Problems& problems_;
  Seeds& seeds_;
  std::set<std::string> ids_;
  std::set<std::string> addresses_;
};

}  // namespace

ReadSeeds read_seed_file(const toml::Source& source) {
  const std::span<const toml::Source> sources(&source, 1);
  toml::Problems problems(sources);
  const toml::Document document = toml::read_document(source.text, 0);
  problems.report_syntax(document, source);
  ReadSeeds result;
  if (document.errors.empty()) Reader(problems, result.seeds).read(document.root);
  result.diagnostics = problems.take();
  return result;
}

}  // namespace waypost::seeds
