#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace waypost::toml {

// A stretch of one line of one source.
struct Place {
  unsigned source = 0;  // index into the sources of parse()
  unsigned line = 0;    // 0: nowhere
  unsigned column = 0;
  unsigned length = 1;
};

struct Member;

// A TOML value with its place: what the rest of this folder sees instead of toml++.
struct Node {
  enum class Kind { text, integer, real, boolean, date_or_time, list, table };

  Kind kind = Kind::table;
  Place place;
  std::string text;
  int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<Node> items;
  std::vector<Member> members;
};

struct Member {
  std::string key;
  Place place;  // of the key
  Node value;
};

// For sentences: "text", "a number" ...
std::string_view describe(Node::Kind kind);

struct SyntaxError {
  Place place;
  std::string description;  // in the parser's words
};

// What could be read, and where it could not. After an error on a line that stands alone, that line
// is left out and reading goes on; after any other error `root` is empty.
struct Document {
  Node root;
  std::vector<SyntaxError> errors;
};

// Bounded in time and depth for any text: at most 1 MiB, 16 nested brackets, 16 dots in a key and
// 20 broken lines.
Document read_document(std::string_view text, unsigned source);

}  // namespace waypost::toml
