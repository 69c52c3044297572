#pragma once

#include <span>
#include <string>
#include <vector>

#include "doctor/block_list_file.h"
#include "doctor/lookups.h"

// What the lists say about an address. A false alarm here sends people after a fault that they do
// not have, so an answer counts only from a list that shows that it works.
namespace waypost::doctor {

struct ListVerdict {
  enum class Kind {
    clear,    // not listed, by a list that works
    listed,   // ListWord::listed
    policy,   // ListWord::policy
    refused,  // it does not answer us: nothing is known
    broken,   // it lists what no list may, or not what each must (RFC 5782 §5): nothing is known
    silent,   // no answer: nothing is known
  };

  const BlockList* list = nullptr;
  Kind kind = Kind::silent;
  std::string answer;  // "127.0.0.2", more than one with commas; empty for none
  std::string means;   // one sentence: why it is listed, or why nothing is known
  std::string words;   // the list's own (TXT), as they came; may be empty

  bool is_known() const { return kind <= Kind::policy; }
  bool is_on_it() const { return kind == Kind::listed || kind == Kind::policy; }
};

// What a list is asked about an address: "2.0.0.127.zen.spamhaus.org" (RFC 5782 §2.1, §2.4).
std::string listed_name(const IpAddress& address, std::string_view zone);

// Asks each list that knows addresses of this family, side by side, and beside it about the two
// addresses that show whether it works. Every question stands in the evidence.
io::Task<std::vector<ListVerdict>> ask_lists(Lookups lookups, std::span<const BlockList> lists,
                                             IpAddress address);

}  // namespace waypost::doctor
