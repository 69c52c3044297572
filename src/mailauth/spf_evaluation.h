#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dns/resolver.h"
#include "mailauth/spf_check.h"

// Only for the .cc files of this folder.
namespace waypost::mailauth {

// One run of check_host() with its counts. Lives as long as the run.
class SpfEvaluation {
 public:
  SpfEvaluation(dns::Resolver& resolver, MacroValues values, Instant deadline)
      : resolver_(resolver), values_(std::move(values)), deadline_(deadline) {}

  io::Task<SpfVerdict> run(std::string domain, bool wants_trace);

 private:
  enum class Match { no, yes, temperror, permerror };
  // Whose words explain a fail: those of an included record never do (RFC 7208 §6.2).
  enum class Role { whole, included };

  io::Task<SpfResult> check_host(std::string domain, Role role, SpfRecordTrace& trace);
  io::Task<SpfResult> evaluate(const SpfRecord& record, Role role, SpfRecordTrace& trace);
  io::Task<SpfResult> follow_redirect(const SpfRecord& record, Role role, SpfTermTrace& trace);
  io::Task<Match> match(const SpfDirective& directive, SpfTermTrace& trace);
  io::Task<Match> match_include(std::string target, SpfTermTrace& trace);
  io::Task<Match> match_a(const SpfDirective& directive, std::string target, SpfTermTrace& trace);
  io::Task<Match> match_mx(const SpfDirective& directive, std::string target, SpfTermTrace& trace);
  io::Task<Match> match_ptr(std::string target, SpfTermTrace& trace);
  io::Task<Match> match_exists(std::string target, SpfTermTrace& trace);

  io::Task<std::string> target_of(const MacroString* macros);
  io::Task<void> find_validated_names(SpfTermTrace* trace);
  io::Task<void> explain(const SpfRecord& record);
  std::string preferred_name() const;

  bool contains_client(const SpfDirective& directive, const std::vector<IpAddress>& addresses,
                       SpfTermTrace& trace) const;
  // False when it is one too many.
  bool count_lookup(SpfTermTrace& trace);
  bool count_void(SpfTermTrace& trace);
  Match temporary(const Error& error, SpfTermTrace& trace);
  bool traces() const { return wants_trace_; }

  dns::Resolver& resolver_;
  MacroValues values_;
  Instant deadline_;
  bool wants_trace_ = true;
  SpfVerdict verdict_;
  // The names of the client that lead back to it; none before somebody needed them.
  std::optional<std::vector<std::string>> validated_names_;
  bool no_names_ = false;  // the client has no name at all
};

}  // namespace waypost::mailauth
