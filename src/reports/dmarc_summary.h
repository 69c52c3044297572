#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "message/dmarc_report.h"
#include "message/feedback_report.h"

// Many DMARC reports in one picture: who sends as a domain, since when, whether it is aligned.
namespace waypost::reports {

inline constexpr size_t dmarc_domains_max = 1000;
inline constexpr size_t dmarc_sources_max = 200'000;  // of all domains together
inline constexpr size_t dmarc_failures_max = 1000;
inline constexpr size_t dmarc_names_max = 10;  // of anything that is only named

// Messages, in a way that cannot overflow: a sum stays at its largest value.
struct DmarcCounts {
  uint64_t messages = 0;
  uint64_t aligned = 0;  // passed DMARC: an aligned DKIM signature or SPF
  uint64_t by_dkim = 0;
  uint64_t by_spf = 0;
  uint64_t quarantined = 0;
  uint64_t rejected = 0;

  uint64_t failed() const { return messages - aligned; }
  void add(const DmarcCounts& other);
};

// Who a sending address seems to be.
enum class DmarcSender {
  own,        // one of ours: it is known as ours, or SPF names it for the domain
  signed_by,  // another address with our signature: who sends for us, or passes on what is ours
  forwarder,  // what we signed and somebody changed or passed on
  service,  // passes SPF or DKIM in another name: who sends for us without alignment, or a stranger
  stranger,  // nothing passes
};
std::string_view name(DmarcSender sender);  // "own", "signed", "forwarder" ...

struct DmarcSource {
  IpAddress address;
  DmarcSender sender = DmarcSender::stranger;
  DmarcCounts counts;
  int64_t first_day = 0;  // days since 1970
  int64_t last_day = 0;
  std::set<std::string> passes_as;  // other domains for which SPF or DKIM passed
  uint64_t broken_signatures = 0;   // messages with a signature of the domain that failed
  uint64_t passed_on = 0;           // of which a receiver says so
  std::string remedy;               // a sentence or more
};

struct DmarcDay {
  int64_t day = 0;
  DmarcCounts counts;
};

enum class MayReject { yes, after_a_look, no, unknown };
std::string_view name(MayReject answer);  // "yes", "after-a-look" ...

struct DmarcAdvice {
  MayReject may_reject = MayReject::unknown;
  std::string words;
  std::vector<std::string> evidence;  // sentences
};

// All about one domain that publishes a policy.
struct DmarcDomain {
  std::string domain;
  std::string policy;  // as the newest report has it
  std::string subdomain_policy;
  bool testing = false;
  std::set<std::string> receivers;  // who reported, dmarc_names_max of them
  uint64_t reports = 0;
  DmarcCounts counts;
  std::map<std::string, DmarcCounts> from;  // by the domain in From, dmarc_names_max of them
  std::vector<DmarcSource> sources;         // those with most messages first
  std::vector<DmarcDay> days;               // in their order
  DmarcAdvice advice;                       // without words where one source alone was asked for
};

struct DmarcFilter {
  std::string domain;  // lower case; with what is below it; empty: all
  std::optional<IpAddress> source;
  std::optional<int64_t> since_day;
};

struct DmarcSummary {
  std::vector<DmarcDomain> domains;  // those with most messages first
  std::vector<message::FeedbackReport> failures;
  bool of_one_source = false;        // which says nothing about the others
  std::vector<std::string> remarks;  // on reports that were left out, in whole or in part
};

// Whether the times of a report can be meant: after 1970, in order, a month apart at most.
bool has_sane_times(const message::DmarcReport& report);
// The day that most of a report is about, in days since 1970; its times must be sane.
int64_t day_of(const message::DmarcReport& report);

// Whether an address may send for that domain, as far as somebody knows beside the reports.
using IsOurs = std::function<bool(const std::string& domain, const IpAddress& address)>;

// Judges sources and domains again, when more is known of whose addresses they are.
void judge(DmarcSummary& summary, const IsOurs& is_ours);
// Leaves out sources of which nothing failed; the sums stay those of all.
void keep_unaligned(DmarcSummary& summary);

// Takes reports one by one, each once by its message::key_of(), and keeps sums only, within the
// limits above.
class DmarcCollector {
 public:
  explicit DmarcCollector(DmarcFilter filter);
  ~DmarcCollector();
  DmarcCollector(DmarcCollector&&) noexcept;

  void add(const message::DmarcReport& report);
  void add(const message::FeedbackReport& report);
  DmarcSummary finish(const IsOurs& is_ours) &&;

 private:
  struct Sums;
  std::unique_ptr<Sums> sums_;
};

}  // namespace waypost::reports
