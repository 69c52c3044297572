#include "domains/domain_file.h"

#include <array>

#include <fmt/format.h>

#include "base/check.h"
#include "toml/document.h"
#include "toml/problems.h"
#include "toml/wording.h"

namespace waypost::domains {
namespace {

using mailauth::DmarcPolicy;
using toml::Member;
using toml::Node;
using Kind = Node::Kind;

constexpr std::array key_types = {KeyType::rsa, KeyType::ed25519};
constexpr std::array key_states = {KeyState::prepared, KeyState::signing, KeyState::retired};
constexpr std::array policies = {DmarcPolicy::none, DmarcPolicy::quarantine, DmarcPolicy::reject};

std::string_view word(KeyType type) { return type_name(type); }
std::string_view word(KeyState state) { return name(state); }
std::string_view word(DmarcPolicy policy) { return mailauth::name(policy); }

class FileReader {
 public:
  explicit FileReader(toml::Problems& problems) : problems_(problems) {}

  SendingDomain read(const Node& root) {
    SendingDomain domain;
    for (const Member& member : root.members) {
      if (member.key == "key" && member.value.kind == Kind::list)
        read_keys(member.value, domain);
      else if (!read_member(member, domain))
        report(member, "the file of a domain");
    }
    if (domain.domain.empty() && !problems_.has_errors())
      problems_.report(root.place, "`domain` is missing");
    return domain;
  }

 private:
  void report(const Member& member, std::string_view where) {
    problems_.report(member.place, fmt::format("{} has no {} of this form", where,
                                               toml::in_backquotes(member.key)));
  }

  bool read_member(const Member& member, SendingDomain& domain) {
    if (member.value.kind != Kind::text) return false;
    if (member.key == "domain")
      domain.domain = member.value.text;
    else if (member.key == "return_path")
      domain.return_path = member.value.text;
    else if (member.key == "senders")
      domain.senders = member.value.text;
    else if (member.key == "reports")
      domain.reports = member.value.text;
    else if (member.key == "policy")
      return choose(member, policies, domain.policy.emplace());
    else
      return false;
    return true;
  }

  void read_keys(const Node& list, SendingDomain& domain) {
    for (const Node& table : list.items) {
      if (domain.keys.size() > domain_keys_max) return;  // check_domain() says so
      if (table.kind == Kind::table)
        domain.keys.push_back(read_key(table));
      else
        problems_.report(table.place, "a key is a table: [[key]]");
    }
  }

  DomainKey read_key(const Node& table) {
    DomainKey key;
    constexpr std::array<std::string_view, 6> needed = {"selector", "type",    "state",
                                                        "file",     "made_at", "since"};
    size_t seen = 0;
    for (const Member& member : table.members) {
      if (member.value.kind == Kind::text && read_key_member(member, key))
        ++seen;
      else
        report(member, "a key");
    }
    if (seen != needed.size() && !problems_.has_errors())
      problems_.report(table.place, fmt::format("a key has {}", toml::all_of(needed)));
    return key;
  }

  bool read_key_member(const Member& member, DomainKey& key) {
    if (member.key == "type") return choose(member, key_types, key.type);
    if (member.key == "state") return choose(member, key_states, key.state);
    if (member.key == "made_at") return take_time(member, key.made_at);
    if (member.key == "since") return take_time(member, key.since);
    if (member.key == "selector")
      key.selector = member.value.text;
    else if (member.key == "file")
      key.file = member.value.text;
    else
      return false;
    return true;
  }

  template <class T, size_t count>
  static bool choose(const Member& member, const std::array<T, count>& choices, T& to) {
    for (T choice : choices) {
      if (word(choice) != member.value.text) continue;
      to = choice;
      return true;
    }
    return false;
  }

  static bool take_time(const Member& member, WallTime& to) {
    auto time = base::parse_rfc3339(member.value.text);
    if (time) to = *time;
    return time.has_value();
  }

  toml::Problems& problems_;
};

}  // namespace

std::string encode_domain(const SendingDomain& domain) {
  CHECK(check_domain(domain));
  std::string text = "# Written by waypost; `waypost domains` and `waypost keys` change it.\n";
  auto add = [&text](std::string_view key, std::string_view value) {
    text += fmt::format("{} = {}\n", key, toml::as_toml(value));
  };
  add("domain", domain.domain);
  if (domain.return_path) add("return_path", *domain.return_path);
  if (domain.policy) add("policy", word(*domain.policy));
  if (!domain.senders.empty()) add("senders", domain.senders);
  if (!domain.reports.empty()) add("reports", domain.reports);
  for (const DomainKey& key : domain.keys) {
    text += "\n[[key]]\n";
    add("selector", key.selector);
    add("type", word(key.type));
    add("state", word(key.state));
    add("file", key.file);
    add("made_at", base::to_rfc3339(key.made_at));
    add("since", base::to_rfc3339(key.since));
  }
  return text;
}

Result<SendingDomain> decode_domain(std::string_view octets, const std::string& name) {
  if (octets.size() > domain_file_octets_max)
    return failure(ErrorCode::corrupt,
                   fmt::format("{} has over {} octets", name, domain_file_octets_max));
  const std::array sources = {toml::Source{name, std::string(octets)}};
  toml::Problems problems(sources);
  const toml::Document document = toml::read_document(sources[0].text, 0);
  problems.report_syntax(document, sources[0]);
  SendingDomain domain = FileReader(problems).read(document.root);
  if (problems.has_errors()) {
    const toml::Diagnostic first = problems.take().front();
    return failure(ErrorCode::corrupt, fmt::format("{}:{}:{}: {}", first.file, first.line,
                                                   first.column, first.message));
  }
  auto sound = check_domain(domain);
  if (!sound) return failure(ErrorCode::corrupt, name + ": " + sound.error().message());
  return domain;
}

}  // namespace waypost::domains
