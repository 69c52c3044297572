#pragma once

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "config/notebook.h"

// The declarative reader: a table of the configuration is a list of keys, each one line saying what
// it is called, where it goes, how it is read and what it means. Unknown keys, suggestions, missing
// keys and the documentation's check all follow from the lists.
namespace waypost::config {

struct KeyText {
  std::string_view name;
  std::string_view example;  // as TOML
  std::string_view meaning;  // completes "`key` is ..."
  bool required = false;
};

template <class T>
struct Key {
  KeyText text;
  // Stores the value, or says what is wrong with it.
  std::function<std::vector<Refusal>(const Node&, T&, const Origin&)> read;
};

template <class M, class V>
void store(M& member, V value, const Origin&) {
  member = std::move(value);
}
template <class M, class V>
void store(Sourced<M>& member, V value, const Origin& origin) {
  member = {std::move(value), origin};
}

// `member` is a member pointer or a function from T& to the member.
template <class T, class Access, class V>
Key<T> key(std::string_view name, Access member, Reader<V> read, std::string_view example,
           std::string_view meaning) {
  auto read_and_store = [member, read = std::move(read)](const Node& node, T& target,
                                                         const Origin& origin) {
    Reading<V> value = read(node);
    if (!value) return std::move(value).error();
    store(std::invoke(member, target), *std::move(value), origin);
    return std::vector<Refusal>();
  };
  return {{name, example, meaning, false}, std::move(read_and_store)};
}

template <class T>
Key<T> required(Key<T> key) {
  key.text.required = true;
  return key;
}

// Which table of the configuration: "queue", "listener[0]", "" for the top of the file.
struct TableName {
  std::string_view section;
  std::string path;

  std::string of(std::string_view key) const {
    return path.empty() ? std::string(key) : path + "." + std::string(key);
  }
};

void report_unknown_key(Notebook& notebook, const TableName& table, const Member& member);
void report_missing_key(Notebook& notebook, std::string_view section, const KeyText& key,
                        const Place& place);
void note_value(Notebook& notebook, const std::string& path, const KeyText& key,
                const Member& member, const std::vector<Refusal>& refusals);

template <class T>
void read_table(Notebook& notebook, const TableName& name, const Node& table,
                const std::vector<Key<T>>& keys, T& target) {
  for (const Member& member : table.members) {
    auto known = std::find_if(keys.begin(), keys.end(),
                              [&](const Key<T>& key) { return key.text.name == member.key; });
    if (known == keys.end()) {
      report_unknown_key(notebook, name, member);
      continue;
    }
    std::vector<Refusal> refusals =
        known->read(member.value, target, notebook.origin(member.place));
    note_value(notebook, name.of(member.key), known->text, member, refusals);
  }
}

}  // namespace waypost::config
