#include "mailauth/spf_analysis.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "mailauth/spf_check.h"
#include "mailauth/txt_strings.h"

namespace waypost::mailauth {
namespace {

using Weight = SpfRemark::Weight;

class Remarks {
 public:
  explicit Remarks(std::vector<SpfRemark>& into) : into_(into) {}
  void error(std::string text) { into_.push_back({Weight::error, std::move(text)}); }
  void warning(std::string text) { into_.push_back({Weight::warning, std::move(text)}); }
  void note(std::string text) { into_.push_back({Weight::note, std::move(text)}); }

 private:
  std::vector<SpfRemark>& into_;
};

// The term that is one lookup too many, found in the order of a check that nothing matches.
bool find_eleventh(const SurveyedRecord& record, unsigned& count, std::string& eleventh) {
  for (const SurveyedTerm& term : record.terms) {
    if (term.lookups == 0) continue;
    if (++count > spf_lookups_max) {
      eleventh = term.text;
      return true;
    }
    if (!term.inner.empty() && find_eleventh(term.inner.front(), count, eleventh)) return true;
  }
  return false;
}

void find_eleventh(SpfAnalysis& analysis) {
  unsigned count = 0;
  for (const SurveyedTerm& term : analysis.records.front().terms) {
    if (term.lookups == 0) continue;
    analysis.eleventh_below = term.text;
    if (++count > spf_lookups_max) {
      analysis.eleventh = term.text;
      return;
    }
    if (!term.inner.empty() && find_eleventh(term.inner.front(), count, analysis.eleventh)) return;
  }
  analysis.eleventh_below.clear();
}

void remark_on_end(const SurveyedRecord& record, Remarks& remarks) {
  const auto all = std::find_if(record.terms.begin(), record.terms.end(), [](const auto& term) {
    return !term.is_redirect && term.mechanism == SpfMechanism::all;
  });
  if (all == record.terms.end()) {
    const bool redirects = !record.terms.empty() && record.terms.back().is_redirect;
    if (!redirects)
      remarks.warning(
          "The record has neither \"all\" nor \"redirect=\" at its end, so mail from every other "
          "address is neutral: end it with \"~all\" or \"-all\".");
    return;
  }
  if (all->qualifier == SpfResult::pass)
    remarks.error("\"" + all->text + "\" lets every address in the world send as this domain.");
  if (all->qualifier == SpfResult::neutral)
    remarks.warning("\"?all\" says nothing about other addresses; \"~all\" or \"-all\" does.");
  for (auto term = all + 1; term != record.terms.end(); ++term)
    remarks.warning(
        fmt::format("\"{}\" stands behind \"{}\" and is never reached.", term->text, all->text));
}

void remark_on_terms(const SurveyedRecord& record, Remarks& remarks) {
  for (const SurveyedTerm& term : record.terms) {
    if (!term.problem.empty())
      remarks.error(fmt::format("\"{}\" breaks the record: {}.", term.text, term.problem));
    if (term.found_nothing)
      remarks.warning(fmt::format("\"{}\" finds no address at {}.", term.text, term.target));
    if (!term.is_redirect && term.mechanism == SpfMechanism::ptr)
      remarks.warning(
          fmt::format("\"{}\" is slow, unreliable and not to be used (RFC 7208 §5.5).", term.text));
    if (!term.inner.empty() && !term.is_redirect) {
      const SpfOutcomes inner = outcomes_of(term.inner.front().terms);
      if (term.known && inner.pass == AddressSet::everything())
        remarks.error(fmt::format("\"{}\" lets every address in the world pass.", term.text));
      else if (term.known && inner.pass.empty())
        remarks.warning(fmt::format("\"{}\" lets no address pass.", term.text));
    }
  }
}

// Nothing of such a record was looked up, but what its other terms are can be read.
void remark_on_broken(const SurveyedRecord& record, Remarks& remarks) {
  const SpfTerms parsed = parse_spf_terms(record.text);
  if (parsed.faults.empty())
    return remarks.error("The record cannot be used: " + record.problem + ".");
  for (const std::string& fault : parsed.faults)
    remarks.error(fmt::format("The record cannot be read: {}.", fault));
  SurveyedRecord rest{record.domain, record.text};
  for (const SpfDirective& directive : parsed.record.directives) {
    SurveyedTerm& term = rest.terms.emplace_back();
    term.text = directive.text;
    term.qualifier = directive.qualifier;
    term.mechanism = directive.mechanism;
    term.known = false;
  }
  if (parsed.record.redirect && !parsed.record.all()) {
    SurveyedTerm& term = rest.terms.emplace_back();
    term.text = parsed.record.redirect->text;
    term.is_redirect = true;
  }
  remark_on_terms(rest, remarks);
  // The end may be what cannot be read.
  if (parsed.record.all() || parsed.record.redirect) remark_on_end(rest, remarks);
}

void remark_on_size(const SurveyedRecord& record, Remarks& remarks) {
  const size_t octets = record.text.size();
  if (octets > spf_record_octets_advised)
    remarks.warning(fmt::format(
        "The record has {} octets. Over {} an answer may not fit into 512 octets, and some "
        "resolvers lose it (RFC 7208 §3.4).",
        octets, spf_record_octets_advised));
  if (octets > txt_string_octets_max)
    remarks.note(fmt::format(
        "The record has {} octets; one string of a TXT record holds {}, so it is published as {} "
        "strings, which are read without a space between them.",
        octets, txt_string_octets_max, txt_strings(record.text).size()));
}

void remark_on_counts(const SpfAnalysis& analysis, Remarks& remarks) {
  if (!analysis.eleventh.empty())
    remarks.error(fmt::format(
        "The record needs {} DNS lookups, {} are allowed; \"{}\" is the eleventh. A receiver that "
        "gets there treats the record as broken (permerror).",
        analysis.lookups, spf_lookups_max, analysis.eleventh));
  else if (analysis.lookups == spf_lookups_max)
    remarks.note("The record needs all ten DNS lookups that are allowed: there is room for none.");
  const unsigned voids = analysis.records.front().void_lookups();
  if (voids > spf_void_lookups_max)
    remarks.error(
        fmt::format("{} lookups find nothing, {} are allowed.", voids, spf_void_lookups_max));
}

}  // namespace

SpfAnalysis analyse_spf(std::string domain, std::vector<SurveyedRecord> records,
                        const std::vector<UnreadRecord>& unread) {
  SpfAnalysis analysis;
  analysis.domain = std::move(domain);
  analysis.records = std::move(records);
  Remarks remarks(analysis.remarks);
  for (const UnreadRecord& one : unread)
    remarks.error(fmt::format("Receivers do not see the record \"{}\": {}.", one.text, one.why));
  if (analysis.records.empty()) {
    remarks.error(fmt::format("{} has no SPF record{}.", analysis.domain,
                              unread.empty() ? "" : " that receivers see"));
    return analysis;
  }
  for (const SurveyedRecord& record : analysis.records) {
    if (record.problem.empty()) {
      remark_on_terms(record, remarks);
      remark_on_end(record, remarks);
    } else {
      remark_on_broken(record, remarks);
    }
    remark_on_size(record, remarks);
  }
  if (analysis.records.size() > 1) {
    remarks.error(fmt::format(
        "There are {} SPF records; receivers take that for an error (permerror). Merge them.",
        analysis.records.size()));
  } else {
    const SurveyedRecord& record = analysis.records.front();
    analysis.lookups = record.lookups();
    analysis.known = record.known();
    find_eleventh(analysis);
    analysis.outcomes = outcomes_of(record.terms);
    remark_on_counts(analysis, remarks);
  }
  analysis.proposal = propose_spf(analysis.records);
  return analysis;
}

}  // namespace waypost::mailauth
