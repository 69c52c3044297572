#include "cli/key_questions.h"

#include "cli/ask_resolver.h"

namespace waypost::cli {
namespace {

io::Task<void> ask(dns::Resolver& resolver, Instant deadline, const std::vector<std::string>& names,
                   mailauth::KeyAnswers& answers) {
  answers = co_await mailauth::look_up_keys(resolver, names, deadline);
}

}  // namespace

tl::expected<mailauth::KeyAnswers, int> ask_for_keys(const Global& global, Duration patience,
                                                     const std::vector<std::string>& names) {
  mailauth::KeyAnswers answers;
  if (names.empty()) return answers;
  auto asked = ask_resolver(global, patience, [&](dns::Resolver& resolver, Instant deadline) {
    return ask(resolver, deadline, names, answers);
  });
  if (!asked) return tl::unexpected(asked.error());
  return answers;
}

}  // namespace waypost::cli
