#include "cli/sendmail_arguments.h"

#include <string_view>

namespace waypost::cli {
namespace {

using Mode = SendmailCall::Mode;
using Refused = tl::unexpected<std::string>;

// Options with a value, in the same argument or the next.
constexpr std::string_view with_value = "ABCFLNORVXbdefhopr";
// A value of -q stands in the same argument or nowhere.
constexpr std::string_view with_attached_value = "q";
constexpr std::string_view plain = "GIUimntvx";

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  tl::expected<SendmailCall, std::string> run(SendmailCall call) {
    call_ = std::move(call);
    bool options_end = false;
    for (; at_ < arguments_.size(); ++at_) {
      const std::string& argument = arguments_[at_];
      if (options_end || argument.size() < 2 || argument[0] != '-') {
        call_.recipients.push_back(argument);
      } else if (argument == "--") {
        options_end = true;
      } else if (auto problem = take_options(argument); !problem.empty()) {
        return Refused(std::move(problem));
      }
    }
    return std::move(call_);
  }

 private:
  std::string take_options(const std::string& argument) {
    for (size_t i = 1; i < argument.size(); ++i) {
      const char option = argument[i];
      std::string_view rest = std::string_view(argument).substr(i + 1);
      if (with_value.find(option) != with_value.npos) {
        if (rest.empty() && at_ + 1 >= arguments_.size())
          return std::string("option -") + option + " needs a value";
        return take(option, rest.empty() ? arguments_[++at_] : std::string(rest));
      }
      if (with_attached_value.find(option) != with_attached_value.npos)
        return take(option, std::string(rest));
      if (plain.find(option) == plain.npos) return std::string("unknown option -") + option;
      if (auto problem = take(option, ""); !problem.empty()) return problem;
    }
    return "";
  }

  std::string take(char option, std::string value) {
    switch (option) {
      case 'b':
        return choose_mode(value);
      case 'C':
        call_.config_file = std::move(value);
        break;
      case 'F':
        call_.full_name = std::move(value);
        break;
      case 'f':
      case 'r':
        call_.sender = value == "<>" ? "" : std::move(value);
        break;
      case 'i':
        call_.dot_is_text = true;
        break;
      case 'N':
        call_.notify = std::move(value);
        break;
      case 'o':
        if (value == "i") call_.dot_is_text = true;
        break;
      case 'q':
        call_.mode = Mode::nothing;
        break;
      case 'R':
        call_.returns = std::move(value);
        break;
      case 't':
        call_.recipients_from_header = true;
        break;
      case 'V':
        call_.envelope_id = std::move(value);
        break;
      default:
        break;
    }
    return "";
  }

  std::string choose_mode(const std::string& value) {
    if (value == "m")
      call_.mode = Mode::send;
    else if (value == "s")
      call_.mode = Mode::serve_stdin;
    else if (value == "p")
      call_.mode = Mode::list_queue;
    else if (value == "i")
      call_.mode = Mode::nothing;
    else
      return "-b" + value + " is not for this program; `waypost serve` is the daemon";
    return "";
  }

  const std::vector<std::string>& arguments_;
  size_t at_ = 0;
  SendmailCall call_;
};

}  // namespace

tl::expected<SendmailCall, std::string> parse_sendmail_arguments(
    const std::string& program, const std::vector<std::string>& arguments) {
  SendmailCall call;
  if (base_name(program) == "mailq") call.mode = Mode::list_queue;
  if (base_name(program) == "newaliases") call.mode = Mode::nothing;
  return Parser(arguments).run(std::move(call));
}

}  // namespace waypost::cli
