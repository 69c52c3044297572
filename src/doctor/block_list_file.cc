#include "doctor/block_list_file.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/check.h"
#include "dns/rdata.h"
#include "doctor/shipped_lists.h"
#include "toml/document.h"
#include "toml/problems.h"

namespace waypost::doctor {
namespace {

using toml::Member;
using toml::Node;
using toml::Place;
using Kind = Node::Kind;

std::optional<ListWord> word_of(std::string_view text) {
  if (text == "listed") return ListWord::listed;
  if (text == "policy") return ListWord::policy;
  if (text == "refused") return ListWord::refused;
  return std::nullopt;
}

class ListReader {
 public:
  explicit ListReader(toml::Problems& problems) : problems_(problems) {}

  BlockList read(const Node& root) {
    for (const Member& member : root.members) {
      if (member.key == "list" && member.value.kind == Kind::table)
        read_list(member.value);
      else if (member.key == "answer" && member.value.kind == Kind::list)
        for (const Node& item : member.value.items) read_answer(item);
      else if (member.key == "as_of" && member.value.kind == Kind::text)
        list_.as_of = member.value.text;
      else
        problems_.report_unknown(member, "the file of a list",
                                 "it has `as_of`, [list] and [[answer]]");
    }
    check_whole(root.place);
    return std::move(list_);
  }

 private:
  void read_list(const Node& table) {
    for (const Member& member : table.members) {
      const Node& value = member.value;
      if (std::string* text = text_of(member.key); text && value.kind == Kind::text)
        *text = value.text;
      else if (member.key == "addresses" && value.kind == Kind::list)
        for (const Node& item : value.items) read_family(item);
      else
        problems_.report_unknown(
            member, "[list]", "it has `zone`, `name`, `addresses`, `look_up`, `note` and `source`");
    }
  }

  std::string* text_of(std::string_view key) {
    if (key == "zone") return &list_.zone;
    if (key == "name") return &list_.name;
    if (key == "look_up") return &list_.look_up;
    if (key == "note") return &list_.note;
    if (key == "source") return &source_;
    return nullptr;
  }

  void read_family(const Node& item) {
    if (item.kind == Kind::text && item.text == "v4")
      list_.knows_v4 = true;
    else if (item.kind == Kind::text && item.text == "v6")
      list_.knows_v6 = true;
    else
      problems_.report(item.place, "`addresses` holds \"v4\" or \"v6\", or both");
  }

  void read_answer(const Node& table) {
    ListAnswer answer;
    std::string address, says;
    for (const Member& member : table.members) {
      const bool is_text = member.value.kind == Kind::text;
      if (member.key == "address" && is_text)
        address = member.value.text;
      else if (member.key == "says" && is_text)
        says = member.value.text;
      else if (member.key == "means" && is_text)
        answer.means = member.value.text;
      else
        problems_.report_unknown(member, "[[answer]]", "it has `address`, `says` and `means`");
    }
    auto parsed = IpAddress::parse(address);
    auto word = word_of(says);
    if (!parsed || !parsed->is_loopback() || !parsed->is_v4())
      return problems_.report(table.place, "`address` is the list's answer, within 127.0.0.0/8");
    if (!word)
      return problems_.report(table.place, "`says` is \"listed\", \"policy\" or \"refused\"");
    if (answer.means.empty()) return problems_.report(table.place, "`means` is missing");
    if (list_.answer_of(*parsed))
      return problems_.report(table.place, "this answer stands here twice");
    answer.address = *parsed;
    answer.says = *word;
    list_.answers.push_back(std::move(answer));
  }

  void check_whole(const Place& place) {
    if (problems_.has_errors()) return;
    auto zone = dns::normalize_name(list_.zone);
    if (!zone || *zone != list_.zone || list_.zone.empty())
      problems_.report(place, "[list] needs its `zone`, in lower case without a final dot");
    if (list_.name.empty() || (!list_.knows_v4 && !list_.knows_v6) || list_.as_of.empty())
      problems_.report(place, "[list] needs `name` and `addresses`, and the file `as_of`");
    if (!list_.look_up.starts_with("https://") || !source_.starts_with("https://"))
      problems_.report(place, "[list] needs `look_up` and `source`, https:// pages");
  }

  toml::Problems& problems_;
  BlockList list_;
  std::string source_;
};

}  // namespace

const ListAnswer* BlockList::answer_of(const IpAddress& address) const {
  auto found = std::find_if(answers.begin(), answers.end(),
                            [&](const ListAnswer& one) { return one.address == address; });
  return found == answers.end() ? nullptr : &*found;
}

LoadedLists load_lists(std::span<const toml::Source> sources) {
  LoadedLists loaded;
  toml::Problems problems(sources);
  std::set<std::string> zones;
  for (size_t i = 0; i < sources.size(); ++i) {
    toml::Document document = toml::read_document(sources[i].text, unsigned(i));
    problems.report_syntax(document, sources[i]);
    BlockList list = ListReader(problems).read(document.root);
    if (!problems.has_errors() && !zones.insert(list.zone).second)
      problems.report(Place{unsigned(i), 1, 1, 1},
                      fmt::format("another file has the zone {}", list.zone));
    loaded.lists.push_back(std::move(list));
  }
  loaded.diagnostics = problems.take();
  return loaded;
}

const std::vector<BlockList>& known_lists() {
  static const std::vector<BlockList> lists = [] {
    LoadedLists loaded = load_lists(shipped_lists());
    CHECK(loaded.diagnostics.empty());
    return std::move(loaded.lists);
  }();
  return lists;
}

}  // namespace waypost::doctor
