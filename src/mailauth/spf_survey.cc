#include "mailauth/spf_survey.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/spf_check.h"
#include "mailauth/spf_outcomes.h"

namespace waypost::mailauth {
namespace {

constexpr unsigned asking_terms_max = 100;
constexpr size_t terms_max = 2'000;
constexpr size_t levels_max = 10;

using Records = std::vector<SurveyedRecord>;

class Survey {
 public:
  Survey(dns::Resolver& resolver, Instant deadline) : resolver_(resolver), deadline_(deadline) {}

  io::Task<Result<Records>> read(std::string domain) {
    Records records;
    if (!is_spf_domain(domain)) co_return records;
    CO_TRY(dns::TxtAnswer answer, co_await resolver_.txt(escape_labels(domain), deadline_));
    for (const dns::TxtRecord& txt : answer.records) {
      std::string text = txt.joined();
      if (is_spf_record(text)) records.push_back({domain, std::move(text)});
    }
    above_.push_back(domain);
    for (SurveyedRecord& record : records) CO_TRY_VOID(co_await fill(record));
    above_.pop_back();
    co_return records;
  }

  io::Task<Result<SurveyedRecord>> read_text(std::string domain, std::string text) {
    SurveyedRecord record{domain, std::move(text)};
    above_.push_back(std::move(domain));
    CO_TRY_VOID(co_await fill(record));
    co_return record;
  }

 private:
  io::Task<Result<void>> fill(SurveyedRecord& record) {
    Result<SpfRecord> parsed = parse_spf_record(record.text);
    if (!parsed) {
      record.problem = parsed.error().message();
      co_return Result<void>();
    }
    terms_ += parsed->directives.size();
    if (terms_ > terms_max) {
      record.problem = "the record has more terms than anybody would read";
      co_return Result<void>();
    }
    record.modifiers = std::move(parsed->unknown_modifiers);
    if (parsed->explanation) record.modifiers.push_back(parsed->explanation->text);
    for (const SpfDirective& directive : parsed->directives) {
      SurveyedTerm term;
      term.text = directive.text;
      term.qualifier = directive.qualifier;
      term.mechanism = directive.mechanism;
      CO_TRY_VOID(co_await look_at(directive, record.domain, term));
      record.terms.push_back(std::move(term));
    }
    if (parsed->redirect && !parsed->all()) {
      SurveyedTerm term;
      term.text = parsed->redirect->text;
      term.is_redirect = true;
      CO_TRY_VOID(co_await follow(parsed->redirect->target, record.domain, term));
      record.terms.push_back(std::move(term));
    }
    co_return Result<void>();
  }

  io::Task<Result<void>> look_at(const SpfDirective& directive, std::string domain,
                                 SurveyedTerm& term) {
    switch (directive.mechanism) {
      case SpfMechanism::all:
        term.addresses = AddressSet::everything();
        co_return Result<void>();
      case SpfMechanism::ip4:
      case SpfMechanism::ip6:
        term.addresses.add(directive.network);
        co_return Result<void>();
      case SpfMechanism::include:
        CO_TRY_VOID(co_await follow(*directive.target, std::move(domain), term));
        co_return Result<void>();
      default:
        break;
    }
    term.lookups = 1;
    term.known = directive.mechanism == SpfMechanism::a || directive.mechanism == SpfMechanism::mx;
    if (directive.target && directive.target->depends_on_message()) term.known = false;
    if (!term.known) co_return Result<void>();
    MacroValues values;
    values.domain = domain;
    term.target =
        escape_labels(directive.target ? directive.target->expand_domain(values) : domain);
    if (!may_ask(term)) co_return Result<void>();
    if (directive.mechanism == SpfMechanism::a) {
      CO_TRY_VOID(co_await add_host(term.target, directive, term));
      term.found_nothing = term.addresses.empty();
    } else {
      CO_TRY_VOID(co_await add_mail_hosts(directive, term));
    }
    co_return Result<void>();
  }

  io::Task<Result<void>> add_host(std::string host, const SpfDirective& directive,
                                  SurveyedTerm& term) {
    for (dns::AddressFamily family : {dns::AddressFamily::v4, dns::AddressFamily::v6}) {
      const bool v4 = family == dns::AddressFamily::v4;
      Result<dns::AddressAnswer> answer = co_await resolver_.addresses(host, family, deadline_);
      if (!answer && answer.error().code() == ErrorCode::invalid_input) co_return Result<void>();
      if (!answer) co_return failure(std::move(answer).error());
      for (const IpAddress& address : answer->addresses)
        term.addresses.add(network_around(address, v4 ? directive.v4_bits : directive.v6_bits));
    }
    co_return Result<void>();
  }

  io::Task<Result<void>> add_mail_hosts(const SpfDirective& directive, SurveyedTerm& term) {
    Result<dns::MxAnswer> answer = co_await resolver_.mx(term.target, deadline_);
    if (!answer && answer.error().code() == ErrorCode::invalid_input) co_return Result<void>();
    if (!answer) co_return failure(std::move(answer).error());
    term.found_nothing = answer->records.empty();
    if (answer->records.size() > spf_names_max) {
      term.problem = fmt::format("{} has {} mail hosts; \"mx\" may ask about {} at most",
                                 term.target, answer->records.size(), spf_names_max);
      co_return Result<void>();
    }
    for (const dns::MxRecord& record : answer->records)
      if (!record.host.empty()) CO_TRY_VOID(co_await add_host(record.host, directive, term));
    co_return Result<void>();
  }

  // What "include" and "redirect" lead to.
  io::Task<Result<void>> follow(const MacroString& target, std::string domain, SurveyedTerm& term) {
    term.lookups = 1;
    term.known = !target.depends_on_message();
    if (!term.known) co_return Result<void>();
    MacroValues values;
    values.domain = std::move(domain);
    term.target = target.expand_domain(values);
    if (std::find(above_.begin(), above_.end(), term.target) != above_.end()) {
      term.problem = fmt::format("{} leads back to itself", term.target);
      co_return Result<void>();
    }
    if (above_.size() >= levels_max || !may_ask(term)) {
      term.known = false;
      co_return Result<void>();
    }
    CO_TRY(term.inner, co_await read(term.target));
    if (term.inner.size() != 1) {
      term.problem = term.inner.empty()
                         ? fmt::format("{} has no SPF record", term.target)
                         : fmt::format("{} has {} SPF records", term.target, term.inner.size());
      term.inner.clear();
      co_return Result<void>();
    }
    const SurveyedRecord& inner = term.inner.front();
    for (const SurveyedTerm& below : inner.terms) {
      if (below.problem.empty() || !term.problem.empty()) continue;
      term.problem =
          fmt::format("in the record of {}: \"{}\": {}", inner.domain, below.text, below.problem);
    }
    if (!inner.problem.empty())
      term.problem = fmt::format("in the record of {}: {}", inner.domain, inner.problem);
    term.lookups += inner.lookups();
    term.known = inner.known();
    if (term.known && !term.is_redirect) term.addresses = outcomes_of(inner.terms).pass;
    co_return Result<void>();
  }

  bool may_ask(SurveyedTerm& term) {
    if (++asked_ <= asking_terms_max) return true;
    term.known = false;
    term.problem = "the record leads to more terms than anybody would follow";
    return false;
  }

  dns::Resolver& resolver_;
  Instant deadline_;
  unsigned asked_ = 0;
  size_t terms_ = 0;
  std::vector<std::string> above_;
};

}  // namespace

unsigned SurveyedRecord::lookups() const {
  unsigned sum = 0;
  for (const SurveyedTerm& term : terms) sum += term.lookups;
  return sum;
}

unsigned SurveyedRecord::void_lookups() const {
  unsigned sum = 0;
  for (const SurveyedTerm& term : terms) sum += term.void_lookups();
  return sum;
}

unsigned SurveyedTerm::void_lookups() const {
  const unsigned below = inner.empty() ? 0 : inner.front().void_lookups();
  return below + (found_nothing ? 1 : 0);
}

bool SurveyedRecord::known() const {
  return std::all_of(terms.begin(), terms.end(),
                     [](const SurveyedTerm& term) { return term.known; });
}

io::Task<Result<std::vector<SurveyedRecord>>> survey_spf(dns::Resolver& resolver,
                                                         std::string domain, Instant deadline) {
  Survey survey(resolver, deadline);
  if (domain.ends_with('.')) domain.pop_back();
  Result<std::vector<SurveyedRecord>> records = co_await survey.read(base::to_lower(domain));
  co_return records;
}

io::Task<Result<SurveyedRecord>> survey_spf_text(dns::Resolver& resolver, std::string domain,
                                                 std::string text, Instant deadline) {
  Survey survey(resolver, deadline);
  if (domain.ends_with('.')) domain.pop_back();
  Result<SurveyedRecord> record =
      co_await survey.read_text(base::to_lower(domain), std::move(text));
  co_return record;
}

}  // namespace waypost::mailauth
