#include "mailauth/spf_evaluation.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"

namespace waypost::mailauth {
namespace {

bool found_nothing(const dns::Answer& answer) { return answer.status != dns::AnswerStatus::found; }

// The name is at or below the domain.
bool is_within(std::string_view name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

// The texts of SPF among all that a domain has.
std::vector<std::string> spf_texts(const dns::TxtAnswer& answer) {
  std::vector<std::string> texts;
  for (const dns::TxtRecord& record : answer.records) {
    std::string text = record.joined();
    if (is_spf_record(text)) texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace

io::Task<SpfVerdict> SpfEvaluation::run(std::string domain, bool wants_trace) {
  wants_trace_ = wants_trace;
  if (domain.ends_with('.')) domain.pop_back();
  verdict_.domain = domain;
  verdict_.result = co_await check_host(std::move(domain), Role::whole, verdict_.trace);
  if (verdict_.result == SpfResult::none) verdict_.problem = verdict_.trace.problem;
  co_return std::move(verdict_);
}

io::Task<SpfResult> SpfEvaluation::check_host(std::string domain, Role role,
                                              SpfRecordTrace& trace) {
  if (traces()) trace.domain = domain;
  trace.result = SpfResult::none;
  if (!is_spf_domain(domain)) {
    trace.problem = "this is no domain that can have an SPF record";
    co_return SpfResult::none;
  }
  Result<dns::TxtAnswer> answer = co_await resolver_.txt(escape_labels(domain), deadline_);
  if (!answer) {
    if (answer.error().code() == ErrorCode::invalid_input) co_return SpfResult::none;
    trace.problem = verdict_.problem = answer.error().message();
    co_return trace.result = SpfResult::temperror;
  }
  const std::vector<std::string> texts = spf_texts(*answer);
  if (texts.empty()) {
    trace.problem = answer->status == dns::AnswerStatus::no_such_name
                        ? "this domain does not exist"
                        : "this domain has no SPF record";
    co_return SpfResult::none;
  }
  if (traces()) trace.record = texts.front();
  if (texts.size() > 1) {
    trace.problem = verdict_.problem = fmt::format(
        "{} has {} SPF records, and only one is allowed: merge them", domain, texts.size());
    co_return trace.result = SpfResult::permerror;
  }
  const Result<SpfRecord> record = parse_spf_record(texts.front());
  if (!record) {
    trace.problem = verdict_.problem =
        fmt::format("in the record of {}: {}", domain, record.error().message());
    co_return trace.result = SpfResult::permerror;
  }
  std::string outer = std::exchange(values_.domain, std::move(domain));
  trace.result = co_await evaluate(*record, role, trace);
  values_.domain = std::move(outer);
  co_return trace.result;
}

io::Task<SpfResult> SpfEvaluation::evaluate(const SpfRecord& record, Role role,
                                            SpfRecordTrace& trace) {
  if (traces()) {
    for (const SpfDirective& directive : record.directives) {
      trace.terms.emplace_back().term = directive.text;
      trace.terms.back().counted = costs_lookup(directive.mechanism);
    }
    if (record.redirect) {
      trace.terms.emplace_back().term = record.redirect->text;
      trace.terms.back().counted = true;
    }
  }
  SpfTermTrace untraced;
  for (size_t i = 0; i < record.directives.size(); ++i) {
    const SpfDirective& directive = record.directives[i];
    SpfTermTrace& step = traces() ? trace.terms[i] : untraced;
    step.outcome = SpfTermOutcome::not_matched;
    const Match matched = co_await match(directive, step);
    step.lookups = verdict_.lookups;
    if (matched == Match::no) continue;
    if (matched != Match::yes) {
      if (step.outcome == SpfTermOutcome::not_matched) step.outcome = SpfTermOutcome::failed;
      co_return matched == Match::temperror ? SpfResult::temperror : SpfResult::permerror;
    }
    step.outcome = SpfTermOutcome::matched;
    if (role == Role::whole) {
      verdict_.decided_by = directive.text;
      verdict_.decided_in = values_.domain;
      if (directive.qualifier == SpfResult::fail) co_await explain(record);
    }
    co_return directive.qualifier;
  }
  if (!record.redirect) co_return SpfResult::neutral;
  SpfTermTrace& step = traces() ? trace.terms.back() : untraced;
  const SpfResult result = co_await follow_redirect(record, role, step);
  step.lookups = verdict_.lookups;
  co_return result;
}

io::Task<SpfResult> SpfEvaluation::follow_redirect(const SpfRecord& record, Role role,
                                                   SpfTermTrace& trace) {
  trace.outcome = SpfTermOutcome::failed;
  if (!count_lookup(trace)) co_return SpfResult::permerror;
  std::string target = co_await target_of(&record.redirect->target);
  if (traces()) trace.target = target;
  SpfRecordTrace& inner = trace.inner.emplace_back();
  SpfResult result = co_await check_host(target, role, inner);
  if (result == SpfResult::none) {
    result = SpfResult::permerror;
    trace.problem = verdict_.problem =
        fmt::format("\"{}\" leads to {}: {}", record.redirect->text, target, inner.problem);
  } else if (result != SpfResult::temperror && result != SpfResult::permerror) {
    trace.outcome = SpfTermOutcome::matched;
  }
  co_return result;
}

io::Task<SpfEvaluation::Match> SpfEvaluation::match(const SpfDirective& directive,
                                                    SpfTermTrace& trace) {
  switch (directive.mechanism) {
    case SpfMechanism::all:
      co_return Match::yes;
    case SpfMechanism::ip4:
    case SpfMechanism::ip6:
      co_return directive.network.contains(values_.ip) ? Match::yes : Match::no;
    default:
      break;
  }
  if (!count_lookup(trace)) co_return Match::permerror;
  std::string target = co_await target_of(directive.target ? &*directive.target : nullptr);
  // check_host() does so by itself.
  if (directive.mechanism != SpfMechanism::include) target = escape_labels(target);
  if (traces()) trace.target = target;
  Match matched = Match::no;
  switch (directive.mechanism) {
    case SpfMechanism::include:
      matched = co_await match_include(std::move(target), trace);
      break;
    case SpfMechanism::a:
      matched = co_await match_a(directive, std::move(target), trace);
      break;
    case SpfMechanism::mx:
      matched = co_await match_mx(directive, std::move(target), trace);
      break;
    case SpfMechanism::ptr:
      matched = co_await match_ptr(std::move(target), trace);
      break;
    default:
      matched = co_await match_exists(std::move(target), trace);
      break;
  }
  co_return matched;
}

io::Task<SpfEvaluation::Match> SpfEvaluation::match_include(std::string target,
                                                            SpfTermTrace& trace) {
  SpfRecordTrace& inner = trace.inner.emplace_back();
  const SpfResult result = co_await check_host(target, Role::included, inner);
  switch (result) {
    case SpfResult::pass:
      co_return Match::yes;
    case SpfResult::temperror:
      co_return Match::temperror;
    case SpfResult::permerror:
      co_return Match::permerror;
    case SpfResult::none:
      trace.problem = verdict_.problem =
          fmt::format("the record of {} includes {}: {}", values_.domain, target, inner.problem);
      co_return Match::permerror;
    default:
      co_return Match::no;
  }
}

io::Task<SpfEvaluation::Match> SpfEvaluation::match_a(const SpfDirective& directive,
                                                      std::string target, SpfTermTrace& trace) {
  const auto family = values_.ip.is_v4() ? dns::AddressFamily::v4 : dns::AddressFamily::v6;
  Result<dns::AddressAnswer> answer = co_await resolver_.addresses(target, family, deadline_);
  if (!answer) co_return temporary(answer.error(), trace);
  if (found_nothing(*answer) && !count_void(trace)) co_return Match::permerror;
  co_return contains_client(directive, answer->addresses, trace) ? Match::yes : Match::no;
}

io::Task<SpfEvaluation::Match> SpfEvaluation::match_mx(const SpfDirective& directive,
                                                       std::string target, SpfTermTrace& trace) {
  Result<dns::MxAnswer> answer = co_await resolver_.mx(target, deadline_);
  if (!answer) co_return temporary(answer.error(), trace);
  if (found_nothing(*answer) && !count_void(trace)) co_return Match::permerror;
  if (answer->records.size() > spf_names_max) {
    trace.problem = verdict_.problem =
        fmt::format("{} has {} mail hosts; \"mx\" may ask for the addresses of {} at most", target,
                    answer->records.size(), spf_names_max);
    co_return Match::permerror;
  }
  std::stable_sort(answer->records.begin(), answer->records.end(),
                   [](const auto& a, const auto& b) { return a.preference < b.preference; });
  const auto family = values_.ip.is_v4() ? dns::AddressFamily::v4 : dns::AddressFamily::v6;
  for (const dns::MxRecord& record : answer->records) {
    if (record.host.empty()) continue;
    if (traces()) trace.answers.push_back(record.host);
    Result<dns::AddressAnswer> host = co_await resolver_.addresses(record.host, family, deadline_);
    if (!host) {
      const Match failed = temporary(host.error(), trace);
      if (failed != Match::no) co_return failed;
      continue;
    }
    if (contains_client(directive, host->addresses, trace)) co_return Match::yes;
  }
  co_return Match::no;
}

io::Task<SpfEvaluation::Match> SpfEvaluation::match_ptr(std::string target, SpfTermTrace& trace) {
  co_await find_validated_names(&trace);
  if (no_names_ && !count_void(trace)) co_return Match::permerror;
  for (const std::string& host : *validated_names_)
    if (is_within(host, target)) co_return Match::yes;
  co_return Match::no;
}

io::Task<SpfEvaluation::Match> SpfEvaluation::match_exists(std::string target,
                                                           SpfTermTrace& trace) {
  // IPv4 whatever the client uses: RFC 7208 §5.7.
  Result<dns::AddressAnswer> answer =
      co_await resolver_.addresses(target, dns::AddressFamily::v4, deadline_);
  if (!answer) co_return temporary(answer.error(), trace);
  if (!found_nothing(*answer)) co_return Match::yes;
  co_return count_void(trace) ? Match::no : Match::permerror;
}

io::Task<std::string> SpfEvaluation::target_of(const MacroString* macros) {
  if (!macros) co_return values_.domain;
  if (macros->needs_validated_name()) {
    co_await find_validated_names(nullptr);
    values_.validated = preferred_name();
  }
  co_return macros->expand_domain(values_);
}

io::Task<void> SpfEvaluation::find_validated_names(SpfTermTrace* trace) {
  if (validated_names_) co_return;
  validated_names_.emplace();
  Result<dns::PtrAnswer> answer = co_await resolver_.ptr(values_.ip, deadline_);
  // A client whose names cannot be found matches nothing: RFC 7208 §5.5.
  if (!answer) co_return;
  no_names_ = found_nothing(*answer);
  if (answer->hosts.size() > spf_names_max) answer->hosts.resize(spf_names_max);
  const auto family = values_.ip.is_v4() ? dns::AddressFamily::v4 : dns::AddressFamily::v6;
  for (const std::string& host : answer->hosts) {
    if (host.empty()) continue;
    Result<dns::AddressAnswer> back = co_await resolver_.addresses(host, family, deadline_);
    const bool leads_back = back && std::find(back->addresses.begin(), back->addresses.end(),
                                              values_.ip) != back->addresses.end();
    if (leads_back) validated_names_->push_back(host);
    if (trace && traces())
      trace->answers.push_back(leads_back ? host : host + " (does not lead back)");
  }
}

std::string SpfEvaluation::preferred_name() const {
  const std::string domain = escape_labels(values_.domain);
  const std::vector<std::string>& names = *validated_names_;
  auto best = std::find(names.begin(), names.end(), domain);
  if (best == names.end())
    best = std::find_if(names.begin(), names.end(),
                        [&](const std::string& host) { return is_within(host, domain); });
  if (best == names.end()) best = names.begin();
  return best == names.end() ? "unknown" : *best;
}

io::Task<void> SpfEvaluation::explain(const SpfRecord& record) {
  if (!record.explanation) co_return;
  std::string target = co_await target_of(&record.explanation->target);
  Result<dns::TxtAnswer> answer = co_await resolver_.txt(escape_labels(target), deadline_);
  // Whatever is wrong with it, the result stands: RFC 7208 §6.2.
  if (!answer || answer->records.size() != 1) co_return;
  const Result<MacroString> text =
      MacroString::parse(answer->records.front().joined(), MacroString::Place::explanation);
  if (!text) co_return;
  if (text->needs_validated_name()) {
    co_await find_validated_names(nullptr);
    values_.validated = preferred_name();
  }
  verdict_.explanation = text->expand(values_);
}

bool SpfEvaluation::contains_client(const SpfDirective& directive,
                                    const std::vector<IpAddress>& addresses,
                                    SpfTermTrace& trace) const {
  const unsigned bits = values_.ip.is_v4() ? directive.v4_bits : directive.v6_bits;
  bool found = false;
  for (const IpAddress& address : addresses) {
    const Network network = network_around(address, bits);
    found |= network.contains(values_.ip);
    if (traces()) trace.answers.push_back(network.text());
  }
  return found;
}

bool SpfEvaluation::count_lookup(SpfTermTrace& trace) {
  if (++verdict_.lookups <= spf_lookups_max) return true;
  if (traces()) verdict_.eleventh = trace.term;
  trace.outcome = SpfTermOutcome::over_limit;
  trace.problem = verdict_.problem =
      fmt::format("more than {} terms need DNS lookups", spf_lookups_max);
  return false;
}

bool SpfEvaluation::count_void(SpfTermTrace& trace) {
  trace.found_nothing = true;
  if (++verdict_.void_lookups <= spf_void_lookups_max) return true;
  trace.outcome = SpfTermOutcome::over_limit;
  trace.problem = verdict_.problem =
      fmt::format("more than {} lookups found nothing", spf_void_lookups_max);
  return false;
}

SpfEvaluation::Match SpfEvaluation::temporary(const Error& error, SpfTermTrace& trace) {
  trace.problem = error.message();
  // A name that cannot exist is one that does not: RFC 7208 §4.8.
  if (error.code() == ErrorCode::invalid_input) return Match::no;
  verdict_.problem = error.message();
  return Match::temperror;
}

}  // namespace waypost::mailauth
