#include <algorithm>

#include "base/ascii.h"
#include "mailauth/spf_analysis.h"
#include "mailauth/spf_check.h"
#include "mailauth/txt_strings.h"

namespace waypost::mailauth {
namespace {

using Terms = std::vector<SurveyedTerm>;

// A term that becomes more networks than this stays as it is: nobody could keep them right.
constexpr size_t flattened_networks_max = 24;
// A longer record is not searched for terms that are not needed.
constexpr size_t trimmed_terms_max = 100;

unsigned lookups_of(const Terms& terms) {
  unsigned sum = 0;
  for (const SurveyedTerm& term : terms) sum += term.lookups;
  return sum;
}

bool is_all(const SurveyedTerm& term) {
  return !term.is_redirect && term.mechanism == SpfMechanism::all;
}

std::string record_of(const Terms& terms, const std::vector<SurveyedRecord>& records) {
  std::string record = "v=spf1";
  for (const SurveyedTerm& term : terms) record += " " + term.text;
  // Of several records the first that has modifiers: "exp=" may stand only once.
  for (const SurveyedRecord& published : records) {
    for (const std::string& modifier : published.modifiers) record += " " + modifier;
    if (!published.modifiers.empty()) break;
  }
  return record;
}

// How far a result is from letting mail through.
int strictness(SpfResult result) {
  switch (result) {
    case SpfResult::pass:
      return 0;
    case SpfResult::neutral:
      return 1;
    case SpfResult::softfail:
      return 2;
    default:
      return 3;
  }
}

// All terms once, and the mildest "all" of the records that is no "+all".
Terms merge(const std::vector<SurveyedRecord>& records) {
  Terms merged;
  std::optional<SurveyedTerm> last;
  for (const SurveyedRecord& record : records) {
    for (SurveyedTerm term : record.terms) {
      if (is_all(term)) {
        const bool milder = !last || strictness(term.qualifier) < strictness(last->qualifier);
        if (milder && term.qualifier != SpfResult::pass) last = std::move(term);
        break;
      }
      if (term.is_redirect) {
        // Only what it lets pass: the end of the merged record is its "all".
        term.is_redirect = false;
        term.mechanism = SpfMechanism::include;
        term.text = "include:" + term.target;
        if (!term.inner.empty()) term.addresses = outcomes_of(term.inner.front().terms).pass;
      }
      const bool there = std::any_of(merged.begin(), merged.end(), [&](const SurveyedTerm& other) {
        return base::equals_ignoring_case(other.text, term.text);
      });
      if (!there) merged.push_back(std::move(term));
    }
  }
  if (!last) {
    last.emplace();
    last->text = "~all";
    last->qualifier = SpfResult::softfail;
    last->addresses = AddressSet::everything();
  }
  merged.push_back(*std::move(last));
  return merged;
}

// Whether the merged record lets exactly those pass that one of the records let pass.
bool lets_the_same_pass(const std::vector<SurveyedRecord>& records, const Terms& merged) {
  AddressSet pass;
  for (const SurveyedRecord& record : records) {
    if (!record.known()) return false;
    pass.add(outcomes_of(record.terms).pass);
  }
  return outcomes_of(merged).pass == pass;
}

// Which terms to try first: what asks for the domain's own hosts, then what asks others, then
// networks.
int removal_order(const SurveyedTerm& term) {
  if (term.mechanism == SpfMechanism::a || term.mechanism == SpfMechanism::mx) return 0;
  return term.mechanism == SpfMechanism::include ? 1 : 2;
}

void trim(Terms& terms, SpfProposal& proposal) {
  if (terms.size() > trimmed_terms_max) return;
  for (int order = 0; order <= 2; ++order) {
    for (size_t i = 0; i < terms.size();) {
      const SurveyedTerm& term = terms[i];
      const bool may_go = !is_all(term) && !term.is_redirect && term.known &&
                          term.problem.empty() && removal_order(term) == order;
      if (!may_go) {
        ++i;
        continue;
      }
      Terms without = terms;
      without.erase(without.begin() + static_cast<ptrdiff_t>(i));
      if (!same_for_every_address(terms, without)) {
        ++i;
        continue;
      }
      proposal.removed.push_back(term.text);
      terms = std::move(without);
    }
  }
}

std::string qualifier_sign(SpfResult qualifier) {
  switch (qualifier) {
    case SpfResult::fail:
      return "-";
    case SpfResult::softfail:
      return "~";
    case SpfResult::neutral:
      return "?";
    default:
      return "";
  }
}

Terms as_networks(const SurveyedTerm& term) {
  Terms networks;
  for (const Network& network : term.addresses.networks()) {
    SurveyedTerm& made = networks.emplace_back();
    made.qualifier = term.qualifier;
    made.mechanism = network.v4 ? SpfMechanism::ip4 : SpfMechanism::ip6;
    made.text = qualifier_sign(term.qualifier) + (network.v4 ? "ip4:" : "ip6:") + network.text();
    made.addresses.add(network);
  }
  return networks;
}

// Until the record needs no more lookups than allowed, the term goes first that costs the fewest
// networks for each lookup that it saves.
void flatten(Terms& terms, SpfProposal& proposal) {
  while (lookups_of(terms) > spf_lookups_max) {
    size_t best = terms.size();
    double best_cost = 0;
    for (size_t i = 0; i < terms.size(); ++i) {
      const SurveyedTerm& term = terms[i];
      if (term.lookups == 0 || !term.known || term.is_redirect || !term.problem.empty()) continue;
      const size_t networks = term.addresses.networks().size();
      if (networks > flattened_networks_max) continue;
      const double cost = static_cast<double>(networks) / term.lookups;
      if (best == terms.size() || cost < best_cost) {
        best = i;
        best_cost = cost;
      }
    }
    if (best == terms.size()) return;
    const Terms networks = as_networks(terms[best]);
    proposal.flattened.push_back(terms[best].text);
    const auto at = terms.erase(terms.begin() + static_cast<ptrdiff_t>(best));
    terms.insert(at, networks.begin(), networks.end());
  }
}

bool has_problem(const SurveyedRecord& record) {
  return !record.problem.empty() ||
         std::any_of(record.terms.begin(), record.terms.end(),
                     [](const SurveyedTerm& term) { return !term.problem.empty(); });
}

void write(SpfProposal& proposal, const Terms& terms, const std::vector<SurveyedRecord>& records) {
  proposal.record = record_of(terms, records);
  proposal.terms = terms;
  proposal.strings = txt_strings(proposal.record);
  proposal.lookups = lookups_of(terms);
}

}  // namespace

std::optional<SpfProposal> propose_spf(const std::vector<SurveyedRecord>& records) {
  if (records.empty() || std::any_of(records.begin(), records.end(), has_problem))
    return std::nullopt;
  SpfProposal proposal;
  proposal.merged = records.size() > 1;
  const Terms before = proposal.merged ? merge(records) : records.front().terms;
  Terms terms = before;
  trim(terms, proposal);
  flatten(terms, proposal);
  if (!proposal.merged && proposal.removed.empty() && proposal.flattened.empty())
    return std::nullopt;
  write(proposal, terms, records);
  proposal.checked = same_for_every_address(before, terms) &&
                     (!proposal.merged || lets_the_same_pass(records, terms));
  return proposal;
}

std::optional<SpfProposal> unite_spf(const std::vector<SurveyedRecord>& records) {
  if (records.size() < 2 || std::any_of(records.begin(), records.end(), has_problem))
    return std::nullopt;
  SpfProposal proposal;
  proposal.merged = true;
  const Terms terms = merge(records);
  write(proposal, terms, records);
  proposal.checked = lets_the_same_pass(records, terms);
  return proposal;
}

}  // namespace waypost::mailauth
