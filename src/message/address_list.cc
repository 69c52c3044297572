#include "message/address_list.h"

#include "base/ascii.h"

namespace waypost::message {
namespace {

using base::ErrorCode;
using base::failure;
using base::Result;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Reads the list from the front. A mailbox is gathered twice: all words as they would stand in an
// address, and, once "<" is seen, only what the brackets hold.
class ListReader {
 public:
  explicit ListReader(std::string_view text) : rest_(text) {}

  Result<std::vector<std::string>> read() {
    while (!rest_.empty()) TRY_VOID(step());
    TRY_VOID(end_mailbox());
    if (in_group_) return refuse("a group does not end with \";\"");
    return std::move(addresses_);
  }

 private:
  static tl::unexpected<base::Error> refuse(const char* why) {
    return failure(ErrorCode::invalid_input, why);
  }

  Result<void> step() {
    const char c = rest_.front();
    if (is_blank(c)) {
      blank_before_ = true;
      rest_.remove_prefix(1);
      return {};
    }
    if (c == '(') return skip_comment();
    if (c == '"') return take_quoted();
    if (c == '<') return take_angle();
    if (c == '[') return take_literal();
    rest_.remove_prefix(1);
    if (c == ',') return end_mailbox();
    if (c == ':' && !in_group_ && bare_.find('@') == std::string::npos) return begin_group();
    if (c == ';' && in_group_) return end_group();
    if (c == '>' || c == ')' || c == ';' || c == ':' || c == '\\')
      return refuse("a sign stands where none may");
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return refuse("a control octet");
    add(std::string_view(&c, 1));
    return {};
  }

  // "ann @ example.com" is one address, "Ann Lee" two words: a blank matters only there.
  void add(std::string_view piece) {
    const bool joins =
        bare_.empty() || piece == "@" || piece == "." || bare_.back() == '@' || bare_.back() == '.';
    if (blank_before_ && !joins) has_words_ = true;
    blank_before_ = false;
    bare_ += piece;
  }

  Result<void> skip_comment() {
    size_t depth = 0;
    for (size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '(') {
        if (++depth > comment_depth_max) return refuse("comments stand too deep in each other");
      } else if (rest_[i] == ')' && --depth == 0) {
        rest_.remove_prefix(i + 1);
        blank_before_ = true;
        return {};
      }
    }
    return refuse("a comment does not end");
  }

  // The octets up to and with the closing quote.
  Result<std::string_view> quoted() {
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        std::string_view whole = rest_.substr(0, i + 1);
        rest_.remove_prefix(i + 1);
        return whole;
      }
    }
    return refuse("a quoted text does not end");
  }

  Result<void> take_quoted() {
    TRY(std::string_view whole, quoted());
    add(whole);
    return {};
  }

  Result<void> take_literal() {
    const size_t end = rest_.find(']');
    if (end == rest_.npos) return refuse("\"[\" has no \"]\"");
    add(rest_.substr(0, end + 1));
    rest_.remove_prefix(end + 1);
    return {};
  }

  Result<void> take_angle() {
    if (angled_) return refuse("two addresses without a comma between them");
    rest_.remove_prefix(1);
    std::string address;
    while (!rest_.empty() && rest_.front() != '>') {
      const char c = rest_.front();
      if (c == '"') {
        TRY(std::string_view whole, quoted());
        address += whole;
        continue;
      }
      if (c == '<' || c == ',' || c == ';' || c == '(')
        return refuse("what stands in <> is no address");
      if (!is_blank(c)) address += c;
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return refuse("\"<\" has no \">\"");
    rest_.remove_prefix(1);
    angled_ = true;
    address_ = std::move(address);
    bare_.clear();
    return {};
  }

  Result<void> end_mailbox() {
    if (angled_ && !bare_.empty()) return refuse("text behind \">\"");
    if (!angled_ && has_words_) return refuse("words that are no address; is a comma missing?");
    std::string address = angled_ ? std::move(address_) : std::move(bare_);
    const bool nothing = !angled_ && address.empty();  // an empty place of the list
    if (!nothing && address.empty()) return refuse("\"<>\" is nobody");
    if (!nothing) addresses_.push_back(std::move(address));
    start_mailbox();
    return {};
  }

  Result<void> begin_group() {
    if (angled_) return refuse("a group's name with <>");
    in_group_ = true;
    start_mailbox();
    return {};
  }

  Result<void> end_group() {
    TRY_VOID(end_mailbox());
    in_group_ = false;
    return {};
  }

  void start_mailbox() {
    bare_.clear();
    address_.clear();
    angled_ = has_words_ = blank_before_ = false;
  }

  std::string_view rest_;
  std::vector<std::string> addresses_;
  std::string bare_;
  std::string address_;
  bool angled_ = false;
  bool has_words_ = false;
  bool blank_before_ = false;
  bool in_group_ = false;
};

}  // namespace

Result<std::vector<std::string>> parse_address_list(std::string_view value) {
  return ListReader(value).read();
}

}  // namespace waypost::message
