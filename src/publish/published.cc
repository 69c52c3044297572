#include <algorithm>

#include "mailauth/dkim_record.h"
#include "mailauth/dmarc_check.h"
#include "publish/known_answers.h"
#include "publish/near_miss.h"
#include "publish/plan.h"

namespace waypost::publish {
namespace {

// A name that nobody has: what is there was made by a wildcard.
constexpr std::string_view nobodys_label = "waypost-asks-for-a-wildcard";

class Look {
 public:
  Look(dns::Resolver& resolver, const Needs& needs, Instant deadline)
      : known_(resolver), needs_(needs), deadline_(deadline) {}

  io::Task<Result<Published>> run() {
    for (const std::string& name : txt_names(needs_)) CO_TRY_VOID(co_await read_texts(name));
    trust_what_stands_below();
    CO_TRY(published_.spf, co_await read_spf(needs_.domain));
    for (const std::string& term : needs_.spf_terms) co_await read_sender(term);
    CO_TRY_VOID(co_await read_dmarc());
    if (needs_.has_return_path()) {
      CO_TRY(published_.return_path_spf, co_await read_spf(needs_.return_path));
      CO_TRY(auto mx, co_await known_.mx(needs_.return_path, deadline_));
      CO_TRY(const bool made_by_wildcard, co_await shows_mx_everywhere(mx));
      if (!made_by_wildcard) published_.return_path_mx = std::move(mx.records);
      co_await compare_return_path();
    }
    co_return std::move(published_);
  }

 private:
  io::Task<Result<void>> read_texts(std::string name) {
    CO_TRY(auto answer, co_await known_.txt(name, deadline_));
    if (!answer.canonical_name.empty() && answer.canonical_name != name) {
      CO_TRY(const bool made_by_wildcard, co_await leads_to(beside(name), answer.canonical_name));
      if (made_by_wildcard) {
        answer.records.clear();
        known_.set_txt(name, {});
      } else {
        published_.aliases[name] = answer.canonical_name;
      }
    }
    auto& texts = published_.txt[name];
    for (const auto& record : answer.records) texts.push_back(record.joined());
    if (published_.aliases.count(name) > 0) co_return Result<void>();
    CO_TRY(const bool made_by_wildcard, co_await shows_texts_everywhere(name, texts));
    if (!made_by_wildcard) co_return Result<void>();
    if (name.find("._domainkey.") != name.npos)
      texts.clear();
    else
      published_.wildcard_names.insert(name);
    co_return Result<void>();
  }

  // Whether a name beside it that nobody has shows the same.
  io::Task<Result<bool>> shows_texts_everywhere(std::string name, std::vector<std::string> texts) {
    if (texts.empty() || is_below_top(name)) co_return false;
    const std::string other = beside(name);
    auto answer = co_await known_.txt(other, deadline_);
    if (!answer && answer.error().code() == ErrorCode::invalid_input) co_return false;
    if (!answer) co_return failure(std::move(answer).error());
    if (!answer->canonical_name.empty() && answer->canonical_name != other) co_return false;
    std::vector<std::string> others;
    for (const auto& record : answer->records) others.push_back(record.joined());
    std::sort(texts.begin(), texts.end());
    std::sort(others.begin(), others.end());
    co_return texts == others;
  }

  // The same of the return path's MX.
  io::Task<Result<bool>> shows_mx_everywhere(dns::MxAnswer mx) {
    const std::string& name = needs_.return_path;
    const bool stands = !published_.texts_at(name).empty() && !published_.is_of_wildcard(name);
    if (mx.records.empty() || stands || is_below_top(name)) co_return false;
    auto answer = co_await known_.mx(beside(name), deadline_);
    if (!answer && answer.error().code() == ErrorCode::invalid_input) co_return false;
    if (!answer) co_return failure(std::move(answer).error());
    auto sorted = [](const std::vector<dns::MxRecord>& records) {
      std::vector<std::pair<uint16_t, std::string>> pairs;
      for (const auto& record : records) pairs.emplace_back(record.preference, record.host);
      std::sort(pairs.begin(), pairs.end());
      return pairs;
    };
    const bool same = sorted(mx.records) == sorted(answer->records);
    co_return same;
  }

  // No wildcard reaches a name below which something stands (RFC 4592 §2.2.1): there both just say
  // the same.
  void trust_what_stands_below() {
    for (const auto& [below, texts] : published_.txt) {
      if (texts.empty() || published_.is_of_wildcard(below)) continue;
      for (auto name = published_.wildcard_names.begin(); name != published_.wildcard_names.end();)
        name = is_inside(below, *name) ? published_.wildcard_names.erase(name) : std::next(name);
    }
  }

  // Only the registry has a wildcard beside such a name.
  static bool is_below_top(const std::string& name) {
    return std::count(name.begin(), name.end(), '.') < 2;
  }

  static std::string beside(const std::string& name) {
    return std::string(nobodys_label) + name.substr(std::min(name.find('.'), name.size()));
  }

  io::Task<Result<bool>> leads_to(std::string name, std::string target) {
    auto answer = co_await known_.txt(std::move(name), deadline_);
    if (!answer && answer.error().code() == ErrorCode::invalid_input) co_return false;
    if (!answer) co_return failure(std::move(answer).error());
    co_return answer->canonical_name == target;
  }

  // What was meant, where nothing is that receivers take for SPF.
  io::Task<Result<std::vector<mailauth::SurveyedRecord>>> read_spf(std::string domain) {
    CO_TRY(auto records, co_await mailauth::survey_spf(known_, domain, deadline_));
    if (!records.empty() || published_.is_of_wildcard(domain)) co_return records;
    for (const std::string& text : published_.texts_at(domain)) {
      const std::string meant = meant_spf(text);
      if (meant.empty()) continue;
      CO_TRY(auto record, co_await mailauth::survey_spf_text(known_, domain, meant, deadline_));
      records.push_back(std::move(record));
    }
    co_return records;
  }

  // One whose addresses cannot be found out keeps none from being planned.
  io::Task<void> read_sender(std::string term) {
    auto record =
        co_await mailauth::survey_spf_text(known_, needs_.domain, "v=spf1 " + term, deadline_);
    mailauth::SurveyedTerm sender;
    sender.known = false;
    sender.lookups = 1;
    if (record && !record->terms.empty()) sender = std::move(record->terms.front());
    if (record && !record->problem.empty()) sender.problem = record->problem;
    sender.text = std::move(term);
    published_.senders.push_back(std::move(sender));
  }

  io::Task<Result<void>> read_dmarc() {
    const auto& texts = published_.texts_at("_dmarc." + needs_.domain);
    if (std::none_of(texts.begin(), texts.end(), mailauth::is_dmarc_record)) {
      mailauth::DmarcQuestion question;
      question.from_domain = needs_.domain;
      auto verdict = co_await mailauth::check_dmarc(known_, std::move(question), deadline_);
      // Hardly a top-level domain has a record, and none of them keeps a plan from being made.
      const bool is_subdomain = std::count(needs_.domain.begin(), needs_.domain.end(), '.') > 1;
      if (is_subdomain && verdict.result == mailauth::DmarcResult::temperror)
        co_return failure(ErrorCode::dns, verdict.problem);
      if (verdict.record)
        published_.inherited_dmarc = {verdict.record_domain, *std::move(verdict.record)};
    }
    const size_t at = needs_.reports.rfind('@');
    if (at == std::string::npos || is_inside(needs_.reports.substr(at + 1), needs_.domain))
      co_return Result<void>();
    std::vector<std::string> uris{"mailto:" + needs_.reports};
    auto destinations = co_await mailauth::check_dmarc_destinations(known_, needs_.domain,
                                                                    std::move(uris), deadline_);
    for (const auto& destination : destinations)
      if (destination.state == mailauth::DmarcDestination::State::refused)
        published_.reports_question = destination.question;
    co_return Result<void>();
  }

  io::Task<void> compare_return_path() {
    const std::string& other = needs_.return_path;
    if (is_inside(other, needs_.domain) || is_inside(needs_.domain, other)) co_return;
    auto own = co_await mailauth::walk_dmarc(known_, needs_.domain, deadline_);
    auto theirs = co_await mailauth::walk_dmarc(known_, other, deadline_);
    published_.return_path_aligned =
        !own || !theirs || own->organizational_domain == theirs->organizational_domain;
  }

  KnownAnswers known_;
  const Needs& needs_;
  Instant deadline_;
  Published published_;
};

}  // namespace

std::vector<std::string> txt_names(const Needs& needs) {
  std::vector<std::string> names{needs.domain, "_dmarc." + needs.domain};
  for (const Key& key : needs.keys)
    names.push_back(mailauth::dkim_record_name(key.selector, needs.domain));
  if (needs.has_return_path()) names.push_back(needs.return_path);
  return names;
}

io::Task<Result<Published>> look_up_published(dns::Resolver& resolver, Needs needs,
                                              Instant deadline) {
  Look look(resolver, needs, deadline);
  Result<Published> published = co_await look.run();
  co_return published;
}

}  // namespace waypost::publish
