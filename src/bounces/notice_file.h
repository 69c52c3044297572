#pragma once

#include <span>
#include <string>
#include <vector>

#include "bounces/notice_rule.h"
#include "toml/diagnostic.h"

namespace waypost::bounces {

struct NoticeFiles {
  std::vector<NoticeRule> rules;
  // Phrases behind which the returned message stands, whoever speaks.
  std::vector<std::string> returned;
  std::vector<toml::Diagnostic> diagnostics;
};

// Files of [[notice]] tables and at most one [returned]. A rule that is wrong is left out and
// reported.
NoticeFiles read_notice_files(std::span<const toml::Source> sources);

}  // namespace waypost::bounces
