#include "mailauth/dmarc_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/rdata.h"

namespace waypost::mailauth {
namespace {

// More destinations are not asked about; receivers have their own limits.
constexpr size_t destinations_max = 10;

DmarcPolicy milder(DmarcPolicy policy) {
  return policy == DmarcPolicy::reject ? DmarcPolicy::quarantine : DmarcPolicy::none;
}

struct Aligner {
  dns::Resolver& resolver;
  Instant deadline;
  std::string from_domain;
  std::string organizational_domain;

  io::Task<Result<DmarcAlignment>> align(DmarcIdentifier identifier, std::string mechanism,
                                         bool strict) {
    DmarcAlignment alignment;
    alignment.domain = base::to_lower(identifier.domain);
    if (alignment.domain.ends_with('.')) alignment.domain.pop_back();
    alignment.passed = identifier.passed;
    alignment.strict = strict;
    const bool same = alignment.domain == from_domain;
    if (same) {
      alignment.organizational_domain = organizational_domain;
    } else if (!strict) {
      Result<DmarcWalk> walk = co_await walk_dmarc(resolver, alignment.domain, deadline);
      if (!walk && walk.error().code() != ErrorCode::invalid_input)
        co_return failure(std::move(walk).error());
      if (walk) alignment.organizational_domain = walk->organizational_domain;
    }
    const bool fits = same || (!strict && alignment.organizational_domain == organizational_domain);
    alignment.aligned = fits && identifier.passed;
    alignment.words = words(alignment, identifier, mechanism, same, fits);
    co_return alignment;
  }

 private:
  std::string words(const DmarcAlignment& alignment, const DmarcIdentifier& identifier,
                    const std::string& mechanism, bool same, bool fits) const {
    const std::string start =
        fmt::format("{} {} for {}", mechanism,
                    identifier.passed ? "passed" : "did not pass (" + identifier.result + ")",
                    alignment.domain);
    if (same) return start + ", the very domain of From.";
    if (fits)
      return fmt::format("{}, which belongs to {} as {} does (relaxed alignment).", start,
                         organizational_domain, from_domain);
    if (alignment.strict)
      return fmt::format("{}, but strict alignment asks for {} itself.", start, from_domain);
    return fmt::format("{}, but that belongs to {}, and {} to {}.", start,
                       alignment.organizational_domain, from_domain, organizational_domain);
  }
};

std::string policy_words(const DmarcVerdict& verdict) {
  if (verdict.result == DmarcResult::pass) return "An aligned identifier passed.";
  const std::string why = "No identifier both passed and is aligned. ";
  switch (verdict.policy) {
    case DmarcPolicy::reject:
      return why + "Receivers are asked to refuse the message.";
    case DmarcPolicy::quarantine:
      return why + "Receivers are asked to treat the message with suspicion: it lands in junk.";
    case DmarcPolicy::none:
      return why + "Receivers are asked to do nothing about it but report.";
  }
  return why;
}

class Check {
 public:
  Check(dns::Resolver& resolver, DmarcQuestion question, Instant deadline)
      : resolver_(resolver), question_(std::move(question)), deadline_(deadline) {}

  io::Task<DmarcVerdict> run() {
    Result<std::string> from = dns::normalize_question(question_.from_domain);
    if (!from) {
      verdict_.result = DmarcResult::permerror;
      verdict_.problem = "From has no domain that can be looked up";
      co_return std::move(verdict_);
    }
    verdict_.from_domain = *from;
    Result<void> done = co_await judge();
    if (!done) {
      verdict_.result = DmarcResult::temperror;
      verdict_.problem = done.error().message();
    }
    co_return std::move(verdict_);
  }

 private:
  io::Task<Result<void>> judge() {
    CO_TRY(DmarcWalk walk, co_await walk_dmarc(resolver_, verdict_.from_domain, deadline_));
    verdict_.organizational_domain = walk.organizational_domain;
    verdict_.steps = walk.steps;
    CO_TRY_VOID(co_await choose_policy(walk));
    if (!verdict_.record) co_return Result<void>();
    Aligner aligner{resolver_, deadline_, verdict_.from_domain, verdict_.organizational_domain};
    // An identifier that cannot be judged takes nothing from one that is aligned.
    bool passes = false;
    std::optional<Error> unknown;
    if (question_.spf) {
      auto alignment = co_await aligner.align(*question_.spf, "SPF", verdict_.record->strict_spf);
      if (!alignment) unknown = alignment.error();
      if (alignment) verdict_.spf = *std::move(alignment);
      passes = verdict_.spf && verdict_.spf->aligned;
    }
    for (const DmarcIdentifier& identifier : question_.dkim) {
      auto alignment = co_await aligner.align(identifier, "DKIM", verdict_.record->strict_dkim);
      if (!alignment) {
        unknown = alignment.error();
        continue;
      }
      passes |= alignment->aligned;
      verdict_.dkim.push_back(*std::move(alignment));
    }
    if (!passes && unknown) co_return failure(*std::move(unknown));
    verdict_.result = passes ? DmarcResult::pass : DmarcResult::fail;
    verdict_.words = policy_words(verdict_);
    co_return Result<void>();
  }

  // The record that applies, and which of its policies: RFC 9989 §4.10.1.
  io::Task<Result<void>> choose_policy(const DmarcWalk& walk) {
    const DmarcStep& own = walk.steps.front();
    if (own.records > 1) {
      // By the letter of RFC 9989 §4.10 the policy of a domain above would count, as if these were
      // not there. Receivers at large take two records for none that applies, as RFC 7489 §6.6.3
      // had it, and that is what somebody has to mend.
      verdict_.problem = fmt::format(
          "{} has {} DMARC records, and only one is allowed: remove "
          "the others",
          own.domain, own.records);
      co_return Result<void>();
    }
    const DmarcRecord* record = own.record ? &*own.record : nullptr;
    verdict_.record_domain = own.domain;
    if (!record) {
      record = walk.record_of(walk.organizational_domain);
      verdict_.record_domain = walk.organizational_domain;
    }
    if (!record && walk.suffix()) {
      record = &*walk.suffix()->record;
      verdict_.record_domain = walk.suffix()->domain;
    }
    if (!record || !record->applies()) {
      verdict_.problem = why_none_applies(record);
      verdict_.record_domain.clear();
      co_return Result<void>();
    }
    verdict_.record = *record;
    verdict_.published = record->own();
    if (record->policy) verdict_.policy_tag = "p";
    if (record->policy && verdict_.record_domain != verdict_.from_domain) {
      CO_TRY(bool exists, co_await from_domain_exists(*record));
      verdict_.published = record->for_subdomain(exists);
      verdict_.policy_tag = record->subdomain_tag(exists);
    }
    verdict_.policy = record->testing ? milder(verdict_.published) : verdict_.published;
    co_return Result<void>();
  }

  std::string why_none_applies(const DmarcRecord* record) const {
    if (!record)
      return fmt::format("neither {} nor a domain above it has a DMARC record",
                         verdict_.from_domain);
    if (record->policy_fault.empty())
      return fmt::format(
          "the DMARC record of {} has neither a policy nor a place for reports, so it does not "
          "count",
          verdict_.record_domain);
    return fmt::format(
        "the DMARC record of {} does not count, since it has no place for reports and no policy "
        "that can be read (RFC 9989 §4.10.1). {}",
        verdict_.record_domain, record->policy_fault);
  }

  // Asked only where the answer changes something.
  io::Task<Result<bool>> from_domain_exists(const DmarcRecord& record) {
    if (!record.absent_policy) co_return true;
    CO_TRY(dns::AddressAnswer answer,
           co_await resolver_.addresses(verdict_.from_domain, dns::AddressFamily::v4, deadline_));
    co_return answer.status != dns::AnswerStatus::no_such_name;
  }

  dns::Resolver& resolver_;
  DmarcQuestion question_;
  Instant deadline_;
  DmarcVerdict verdict_;
};

}  // namespace

std::string_view name(DmarcResult result) {
  static constexpr std::string_view names[] = {"none", "pass", "fail", "temperror", "permerror"};
  return names[static_cast<size_t>(result)];
}

std::string_view name(DmarcDestination::State state) {
  static constexpr std::string_view names[] = {"own", "authorised", "refused", "unknown",
                                               "not checked"};
  return names[static_cast<size_t>(state)];
}

io::Task<DmarcVerdict> check_dmarc(dns::Resolver& resolver, DmarcQuestion question,
                                   Instant deadline) {
  Check check(resolver, std::move(question), deadline);
  DmarcVerdict verdict = co_await check.run();
  co_return verdict;
}

io::Task<std::vector<DmarcDestination>> check_dmarc_destinations(dns::Resolver& resolver,
                                                                 std::string record_domain,
                                                                 std::vector<std::string> uris,
                                                                 Instant deadline) {
  using State = DmarcDestination::State;
  std::vector<DmarcDestination> destinations;
  if (uris.size() > destinations_max) uris.resize(destinations_max);
  Result<DmarcWalk> own = co_await walk_dmarc(resolver, record_domain, deadline);
  for (std::string& uri : uris) {
    DmarcDestination destination;
    const std::string host = mailto_host(uri);
    destination.uri = std::move(uri);
    if (!host.empty()) {
      destination.state = State::unknown;
      Result<DmarcWalk> theirs = co_await walk_dmarc(resolver, host, deadline);
      const bool same =
          own && theirs && own->organizational_domain == theirs->organizational_domain;
      if (same || host == record_domain) {
        destination.state = State::own;
      } else {
        destination.question = record_domain + "._report._dmarc." + host;
        Result<dns::TxtAnswer> answer = co_await resolver.txt(destination.question, deadline);
        if (answer)
          destination.state =
              std::any_of(answer->records.begin(), answer->records.end(),
                          [](const auto& record) { return is_dmarc_record(record.joined()); })
                  ? State::authorised
                  : State::refused;
      }
    }
    destinations.push_back(std::move(destination));
  }
  co_return destinations;
}

}  // namespace waypost::mailauth
