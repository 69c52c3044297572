#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/sheet.h"

// Just enough of three programming languages to find literal settings in them. Nothing is
// evaluated, nothing nests: the tokens are one flat list.
namespace waypost::settings {

enum class Language { javascript, php, python };

struct Token {
  enum class Kind {
    name,       // host, $mail, "PHPMailer"
    text,       // a literal; see literal_value()
    open_text,  // a literal whose quote is not closed on its line
    number,     // 587
    mark,       // = ( { -> :: =>
  };
  Kind kind = Kind::mark;
  size_t offset = 0;
  size_t length = 0;
  bool begins_line = false;
};

// Comments and blanks are left out. Total: takes any octets.
std::vector<Token> tokens_of(std::string_view text, Language language);

// What an expression says without being evaluated.
struct Expression {
  std::string value;          // of a literal; "true" and "false"; the last part of A::B
  bool is_elsewhere = false;  // an environment variable, a call, several literals
  bool is_open = false;       // a quote is not closed
  // Of `process.env.HOST || 'a.example'` and its like in the other languages: the variable, and
  // the token of the literal that counts where the variable is not set.
  std::string variable = {};
  std::optional<size_t> fallback = {};
};

class Code {
 public:
  Code(const SourceText& source, Language language)
      : source_(source), language_(language), tokens_(tokens_of(source.text(), language)) {}

  const std::vector<Token>& tokens() const { return tokens_; }
  size_t size() const { return tokens_.size(); }
  std::string_view text(size_t index) const;  // empty behind the end
  bool is(size_t index, std::string_view text) const { return this->text(index) == text; }
  bool is_name(size_t index) const;
  bool is_text(size_t index) const;
  // The octets that the literal stands for.
  std::string literal(size_t index) const;

  // The index behind the expression that begins at `index`: at the next comma, semicolon or closing
  // bracket that is not inside brackets, for Python at a new line as well.
  size_t expression_end(size_t index) const;
  Expression expression(size_t begin, size_t end) const;
  // Whether these tokens are surely a text that is not empty, which Python and JavaScript take for
  // true whatever it says: a literal, or a variable of the environment with nothing but such a
  // literal for when it is not set. Not where something is done with it: == 'True', int(...).
  bool is_true_text(size_t begin, size_t end) const;
  // From the first token to the last, both included.
  size_t span(size_t begin, size_t end) const;

  // A switch of the program's: as add(), and a text is the "true" for which it is taken.
  Result<void> add_switch(Sheet& sheet, const Settings& settings, std::string_view key,
                          size_t key_offset, size_t begin, size_t end) const;
  // Puts `key` with the expression of these tokens into `sheet`; fails for an open quote.
  Result<void> add(Sheet& sheet, const Settings& settings, std::string_view key, size_t key_offset,
                   size_t begin, size_t end) const;

 private:
  bool is_literal(size_t index) const;
  // Where the tokens name a variable of the environment: its name; "" where they do not.
  std::string variable_in(size_t begin, size_t end) const;
  // Whether they call what makes a number of a text.
  bool reads_a_number(size_t begin, size_t end) const;
  // os.getenv('X', 'literal') and process.env.X || 'literal', with nothing around them.
  bool is_bare_lookup(size_t begin, size_t end) const;
  std::optional<size_t> fallback_in(size_t begin, size_t end) const;
  void read_token(size_t index, Expression& result) const;

  const SourceText& source_;
  Language language_;
  std::vector<Token> tokens_;
};

// Says in `settings` where a switch that add_switch() added is on by a text such as 'False'.
void notice_true_text(const Sheet& sheet, std::string_view key, Settings& settings);

// "SMTP_PASS", "clientSecret": nothing of the kind is shown.
bool is_secret_name(std::string_view name);

// In single quotes, escaped for all three languages.
std::string quoted(std::string_view text);

}  // namespace waypost::settings
