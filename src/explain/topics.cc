#include "explain/topics.h"

#include <utility>

#include <fmt/format.h>

#include "toml/document.h"
#include "toml/problems.h"

namespace waypost::explain {
namespace {

using toml::Member;
using toml::Node;
using Kind = Node::Kind;

struct TextKey {
  std::string_view name;
  std::string Topic::*member;
  bool required;
};
constexpr TextKey text_keys[] = {
    {"id", &Topic::id, true},           {"title", &Topic::title, true},
    {"summary", &Topic::summary, true}, {"source", &Topic::source, true},
    {"as_of", &Topic::as_of, false},
};

struct ListKey {
  std::string_view name;
  std::vector<std::string> Topic::*member;
};
constexpr ListKey list_keys[] = {
    {"aliases", &Topic::aliases}, {"text", &Topic::text}, {"table", &Topic::table},
    {"steps", &Topic::steps},     {"see", &Topic::see},
};

bool read_text(const Member& member, Topic& topic) {
  for (const TextKey& key : text_keys)
    if (key.name == member.key && member.value.kind == Kind::text) {
      topic.*key.member = member.value.text;
      return true;
    }
  return false;
}

bool read_list(const Member& member, Topic& topic) {
  for (const ListKey& key : list_keys) {
    if (key.name != member.key || member.value.kind != Kind::list) continue;
    for (const Node& item : member.value.items) {
      if (item.kind != Kind::text) return false;
      (topic.*key.member).push_back(item.text);
    }
    return true;
  }
  return false;
}

Topic read_topic(const Node& table, toml::Problems& problems) {
  Topic topic;
  for (const Member& member : table.members)
    if (!read_text(member, topic) && !read_list(member, topic))
      problems.report_unknown(member, "a topic");
  for (const TextKey& key : text_keys)
    if (key.required && (topic.*key.member).empty())
      problems.report(table.place, fmt::format("`{}` is missing here", key.name));
  return topic;
}

}  // namespace

const Topic* Topics::find(std::string_view name) const {
  auto found = index_.find(name);
  return found == index_.end() ? nullptr : &topics_[found->second];
}

LoadedTopics load_topics(std::span<const toml::Source> sources) {
  LoadedTopics loaded;
  toml::Problems problems(sources);
  auto& [topics, diagnostics] = loaded;
  for (size_t i = 0; i < sources.size(); ++i) {
    toml::Document document = toml::read_document(sources[i].text, unsigned(i));
    problems.report_syntax(document, sources[i]);
    for (const Member& member : document.root.members) {
      if (member.key != "topic" || member.value.kind != Kind::list) {
        problems.report(member.place, "a topic file holds [[topic]] tables only");
        continue;
      }
      for (const Node& table : member.value.items) {
        Topic topic = read_topic(table, problems);
        auto name = [&](const std::string& word) {
          if (!topics.index_.try_emplace(word, topics.topics_.size()).second)
            problems.report(table.place, fmt::format("`{}` names another topic already", word));
        };
        name(topic.id);
        for (const std::string& alias : topic.aliases) name(alias);
        topics.topics_.push_back(std::move(topic));
      }
    }
  }
  diagnostics = problems.take();
  return loaded;
}

}  // namespace waypost::explain
