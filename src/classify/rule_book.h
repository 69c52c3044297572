#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "classify/knowledge.h"
#include "classify/normal_text.h"
#include "toml/diagnostic.h"

namespace waypost::classify {

// All that the rule files know. Never changed after load(); references into it live as long as it.
class RuleBook {
 public:
  const std::vector<Rule>& rules() const { return rules_; }
  const std::vector<Provider>& providers() const { return providers_; }
  const std::vector<BlockList>& lists() const { return lists_; }
  const std::vector<CodeMeaning>& codes() const { return codes_; }
  const ClassPage& page(ReplyClass reply_class) const { return pages_[size_t(reply_class)]; }
  const KnownHosts& known_hosts() const { return known_hosts_; }

  // Null when there is none of that name.
  const Rule* rule(std::string_view id) const;
  const Provider* provider(std::string_view id) const;
  const BlockList* list(std::string_view zone) const;
  // "5.7.26" finds "x.7.26" too.
  const CodeMeaning* code(std::string_view code) const;

  // The rules of shipped files that a local file has replaced.
  const std::vector<Rule>& replaced() const { return replaced_; }

 private:
  friend class BookReader;

  std::vector<Rule> rules_;
  std::vector<Rule> replaced_;
  std::vector<Provider> providers_;
  std::vector<BlockList> lists_;
  std::vector<CodeMeaning> codes_;
  std::array<ClassPage, reply_class_count> pages_;
  KnownHosts known_hosts_;
  std::map<std::string, size_t, std::less<>> rule_index_;
  std::map<std::string, size_t, std::less<>> provider_index_;
  std::map<std::string, size_t, std::less<>> list_index_;
  std::map<std::string, size_t, std::less<>> code_index_;
};

struct LoadedBook {
  std::optional<RuleBook> book;  // none when a diagnostic is an error
  std::vector<toml::Diagnostic> diagnostics;
};

// Reads rule files, the first `shipped` of which came with the program; a rule, provider, class,
// code or list of a later file replaces one of the same name of a shipped file, and twice the same
// name on one side is an error. Bounded like toml::read_document(), and to rules_max rules.
// `Patterns::compile` tries every pattern; the program's own have been tried by its tests.
enum class Patterns { compile_local, compile_all };
LoadedBook load(std::span<const toml::Source> sources, size_t shipped,
                Patterns patterns = Patterns::compile_local);

inline constexpr size_t rules_max = 20'000;

}  // namespace waypost::classify
