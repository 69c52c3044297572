#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "toml/diagnostic.h"

// The lists of addresses that receivers ask about a sender (RFC 5782): rules/lists/*.toml, which
// the program carries (docs/format/rules.md).
namespace waypost::doctor {

enum class ListWord {
  listed,
  policy,   // no fault of the sender's: such addresses are not meant to send mail directly
  refused,  // an error code; nothing is said about the address
};

struct ListAnswer {
  IpAddress address;
  ListWord says = ListWord::listed;
  std::string means;
};

struct BlockList {
  std::string zone;
  std::string name;
  bool knows_v4 = false;
  bool knows_v6 = false;
  std::string look_up;  // the page that says why, and how to be taken off
  std::string note;
  std::vector<ListAnswer> answers;
  std::string as_of;  // when its pages were read: "2026-11"

  // What its own table says of an answer; none for one that is not in it.
  const ListAnswer* answer_of(const IpAddress& address) const;
};

struct LoadedLists {
  std::vector<BlockList> lists;  // in the order of their files
  std::vector<toml::Diagnostic> diagnostics;
};
// Reads rule files; what is wrong with one is a diagnostic. Total: takes any text.
LoadedLists load_lists(std::span<const toml::Source> sources);

// rules/lists/*.toml, read at the first call. Any thread.
const std::vector<BlockList>& known_lists();

}  // namespace waypost::doctor
