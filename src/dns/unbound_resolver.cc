#include "dns/unbound_resolver.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>
#include <unbound.h>

#include "base/ascii.h"
#include "base/check.h"
#include "dns/rdata.h"
#include "dns/unbound_configuration.h"
#include "io/completion.h"
#include "io/worker.h"

namespace waypost::dns {
namespace {

constexpr int class_in = 1;
constexpr int type_a = 1;
constexpr int type_ptr = 12;
constexpr int type_mx = 15;
constexpr int type_txt = 16;
constexpr int type_aaaa = 28;
constexpr int type_srv = 33;
constexpr int rcode_no_error = 0;
constexpr int rcode_no_such_name = 3;

// More mail hosts or addresses are of no use. Text is another matter: one record of many may be the
// one that counts, and to miss it would be to say that there is none. An answer has 64 KiB at most.
constexpr size_t records_used_max = 64;
constexpr size_t texts_used_max = 64 * 1024 / 12;
constexpr int local_aliases_max = 8;

// What libunbound found out, copied out of its own structures.
struct Findings {
  int error = 0;
  int rcode = rcode_no_error;
  bool has_data = false;
  bool no_such_name = false;
  bool secure = false;
  bool bogus = false;
  std::string why_bogus;
  std::string canonical_name;
  Duration ttl{0};
  std::vector<std::string> rdata;
};

// Between the coroutine that asks and the thread that brings the answer. Whichever is late finds
// the other gone.
struct Waiter {
  std::mutex mutex;
  io::Loop* loop;                                           // guarded; null when nobody waits
  io::Completion<std::optional<Findings>>* done = nullptr;  // the loop's thread only
};

}  // namespace

struct UnboundContext::Parts {
  // A question that libunbound has not answered yet.
  struct Query {
    Parts& owner;
    std::shared_ptr<Waiter> waiter;
  };

  ~Parts() {
    watch.reset();
    // Drops what was not answered, without calling back.
    if (context) ub_ctx_delete(context);
  }

  ub_ctx* context = nullptr;
  bool has_records = false;
  std::optional<io::ReadableWatch> watch;
  std::mutex mutex;
  std::unordered_map<Query*, std::unique_ptr<Query>> queries;  // guarded
};

namespace {

using Parts = UnboundContext::Parts;

Findings findings_of(int error, const ub_result* result) {
  Findings findings;
  findings.error = error;
  if (error != UB_NOERROR || !result) return findings;
  findings.rcode = result->rcode;
  findings.has_data = result->havedata;
  findings.no_such_name = result->nxdomain;
  findings.secure = result->secure;
  findings.bogus = result->bogus;
  if (result->why_bogus) findings.why_bogus = result->why_bogus;
  if (result->canonname) findings.canonical_name = result->canonname;
  findings.ttl = std::chrono::seconds(std::max(result->ttl, 0));
  for (int i = 0; result->data && result->data[i]; ++i) {
    findings.rdata.emplace_back(result->data[i], static_cast<size_t>(std::max(result->len[i], 0)));
  }
  return findings;
}

// On the thread of the watch.
void take_answer(void* data, int error, ub_result* result) {
  auto* query = static_cast<Parts::Query*>(data);
  auto findings = std::make_shared<Findings>(findings_of(error, result));
  ub_resolve_free(result);
  std::shared_ptr<Waiter> waiter = query->waiter;
  Parts& owner = query->owner;
  {
    std::lock_guard lock(owner.mutex);
    owner.queries.erase(query);
  }
  // Under the lock, so that a loop whose questions have all ended gets no message any more.
  std::lock_guard lock(waiter->mutex);
  if (!waiter->loop) return;
  waiter->loop->post([waiter, findings] {
    if (waiter->done) std::exchange(waiter->done, nullptr)->complete(std::move(*findings));
  });
}

// Ends the waiting with the frame that waits, however that ends.
class Waiting {
 public:
  Waiting(io::Loop& loop, io::Completion<std::optional<Findings>>& done)
      : waiter_(std::make_shared<Waiter>()) {
    waiter_->loop = &loop;
    waiter_->done = &done;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    waiter_->done = nullptr;
    std::lock_guard lock(waiter_->mutex);
    waiter_->loop = nullptr;
  }
  const std::shared_ptr<Waiter>& waiter() const { return waiter_; }

 private:
  std::shared_ptr<Waiter> waiter_;
};

Result<void> send_query(Parts& parts, const std::string& name, int type,
                        std::shared_ptr<Waiter> waiter) {
  auto made = std::make_unique<Parts::Query>(Parts::Query{parts, std::move(waiter)});
  Parts::Query* query = made.get();
  {
    std::lock_guard lock(parts.mutex);
    parts.queries.emplace(query, std::move(made));
  }
  int status =
      ub_resolve_async(parts.context, name.c_str(), type, class_in, query, take_answer, nullptr);
  if (status == UB_NOERROR) return {};
  std::lock_guard lock(parts.mutex);
  parts.queries.erase(query);
  return failure(ErrorCode::dns, fmt::format("the resolver did not take the question about {}: {}",
                                             name, ub_strerror(status)));
}

std::string_view rcode_meaning(int rcode) {
  switch (rcode) {
    case 1:
      return "FORMERR: it did not understand the question";
    case 2:
      return "SERVFAIL: the name servers of the domain do not answer, or answer wrongly";
    case 4:
      return "NOTIMP: it does not serve such questions";
    case 5:
      return "REFUSED: it does not serve us";
    default:
      return "an unusual response code";
  }
}

Result<void> check_answered(const Findings& findings, const std::string& name) {
  if (findings.error != UB_NOERROR)
    return failure(ErrorCode::dns,
                   fmt::format("the resolver failed on {}: {}", name, ub_strerror(findings.error)));
  if (findings.bogus)
    return failure(ErrorCode::dns, fmt::format("the answer about {} is forged or its DNSSEC "
                                               "signatures are broken: {}",
                                               name, base::escape_control(findings.why_bogus)));
  if (findings.rcode == rcode_no_error || findings.rcode == rcode_no_such_name) return {};
  return failure(ErrorCode::dns, fmt::format("the name server could not answer about {} ({})", name,
                                             rcode_meaning(findings.rcode)));
}

// What is malformed is passed over, unless there is nothing else.
template <class T, class Parse>
Result<std::vector<T>> parse_all(const std::vector<std::string>& rdata, Parse parse) {
  std::vector<T> values;
  std::optional<Error> fault;
  for (const std::string& octets : rdata) {
    Result<T> value = parse(octets);
    if (value)
      values.push_back(*std::move(value));
    else
      fault = std::move(value).error();
  }
  if (values.empty() && fault) return failure(*std::move(fault));
  return values;
}

class UnboundResolver final : public Resolver {
 public:
  UnboundResolver(Parts& parts, io::Loop& loop) : parts_(parts), loop_(loop) {}

  io::Task<Result<MxAnswer>> mx(std::string domain, Instant deadline) override {
    MxAnswer answer;
    CO_TRY(auto rdata, co_await ask(std::move(domain), type_mx, answer, deadline));
    CO_TRY(answer.records, parse_all<MxRecord>(rdata, parse_mx_rdata));
    co_return answer;
  }

  io::Task<Result<AddressAnswer>> addresses(std::string host, AddressFamily family,
                                            Instant deadline) override {
    AddressAnswer answer;
    int type = family == AddressFamily::v4 ? type_a : type_aaaa;
    CO_TRY(auto rdata, co_await ask(std::move(host), type, answer, deadline));
    CO_TRY(answer.addresses, parse_all<IpAddress>(rdata, [family](std::string_view octets) {
             return parse_address_rdata(octets, family);
           }));
    co_return answer;
  }

  io::Task<Result<TxtAnswer>> txt(std::string name, Instant deadline) override {
    TxtAnswer answer;
    CO_TRY(auto rdata, co_await ask(std::move(name), type_txt, answer, deadline));
    CO_TRY(answer.records, parse_all<TxtRecord>(rdata, parse_txt_rdata));
    co_return answer;
  }

  io::Task<Result<PtrAnswer>> ptr(IpAddress address, Instant deadline) override {
    PtrAnswer answer;
    CO_TRY(auto rdata, co_await ask(reverse_name(address), type_ptr, answer, deadline));
    CO_TRY(answer.hosts, parse_all<std::string>(rdata, parse_ptr_rdata));
    co_return answer;
  }

  io::Task<Result<SrvAnswer>> srv(std::string name, Instant deadline) override {
    SrvAnswer answer;
    CO_TRY(auto rdata, co_await ask(std::move(name), type_srv, answer, deadline));
    CO_TRY(answer.records, parse_all<SrvRecord>(rdata, parse_srv_rdata));
    co_return answer;
  }

 private:
  // Fills what all answers have, and returns the data of the records.
  io::Task<Result<std::vector<std::string>>> ask(std::string asked, int type, Answer& answer,
                                                 Instant deadline) {
    CO_TRY(std::string name, normalize_question(asked));
    Findings findings;
    for (int aliases = 0; aliases <= local_aliases_max; ++aliases) {
      CO_TRY(findings, co_await ask_once(name, type, deadline));
      CO_TRY_VOID(check_answered(findings, name));
      auto canonical = normalize_question(findings.canonical_name);
      bool followed = !canonical || *canonical == name;
      if (canonical) name = *std::move(canonical);
      // The library follows an alias through the network, but not through our own records.
      if (followed || findings.has_data || !parts_.has_records) break;
    }
    if (const size_t used = type == type_txt ? texts_used_max : records_used_max;
        findings.rdata.size() > used)
      findings.rdata.resize(used);
    answer.status = findings.has_data       ? AnswerStatus::found
                    : findings.no_such_name ? AnswerStatus::no_such_name
                                            : AnswerStatus::no_such_record;
    answer.secure = findings.secure;
    answer.canonical_name = std::move(name);
    answer.ttl = findings.ttl;
    co_return std::move(findings.rdata);
  }

  io::Task<Result<Findings>> ask_once(std::string name, int type, Instant deadline) {
    io::Completion<std::optional<Findings>> done;
    Waiting waiting(loop_, done);
    io::Timer timer(loop_.timers());
    timer.start(deadline, [waiter = waiting.waiter().get()] {
      if (waiter->done) std::exchange(waiter->done, nullptr)->complete(std::nullopt);
    });
    CO_TRY_VOID(send_query(parts_, name, type, waiting.waiter()));
    std::optional<Findings> findings = co_await done;
    if (findings) co_return *std::move(findings);
    co_return failure(ErrorCode::timed_out,
                      fmt::format("the name servers gave no answer about {} in time", name));
  }

  Parts& parts_;
  io::Loop& loop_;
};

}  // namespace

Result<std::unique_ptr<UnboundContext>> UnboundContext::create(const ResolverOptions& options,
                                                               io::Disk& disk) {
  auto parts = std::make_unique<Parts>();
  parts->context = ub_ctx_create();
  if (!parts->context) return failure(ErrorCode::resource_exhausted, "libunbound did not start");
  TRY_VOID(configure(parts->context, options, disk));
  parts->has_records = !options.records.empty();
  parts->watch.emplace(ub_fd(parts->context), [context = parts->context] { ub_process(context); });
  return std::unique_ptr<UnboundContext>(new UnboundContext(std::move(parts)));
}

UnboundContext::UnboundContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
UnboundContext::~UnboundContext() = default;

std::unique_ptr<Resolver> make_resolver(UnboundContext& context, io::Loop& loop) {
  return std::make_unique<UnboundResolver>(context.parts(), loop);
}

}  // namespace waypost::dns
