#include "publish/flows.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dns/message.h"
#include "dns/rdata.h"
#include "io/task_group.h"
#include "mailauth/dkim_record.h"
#include "publish/known_answers.h"
#include "publish/same_key.h"

namespace waypost::publish {
namespace {

constexpr Duration patience_with_server = std::chrono::seconds(5);

Instant sooner(Vantage& vantage, Instant deadline) {
  return std::min(deadline, vantage.loop.now() + patience_with_server);
}

// Whether a name whose zone is elsewhere is asked for there: to see what receivers see, not to
// change what the server has.
enum class Reach { its_zones, everywhere };

// TXT records at a name that a person may have entered instead; nothing where it is none.
io::Task<void> look_aside(Sight& sight, Vantage vantage, NameServer server, std::string name,
                          Instant deadline) {
  if (name.empty() || !dns::normalize_name(name)) co_return;
  auto seen =
      co_await look(vantage, server, name, dns::record_type::txt, sooner(vantage, deadline));
  if (seen) sight = *std::move(seen);
}

// Everything that a plan is made of, as one server has it.
io::Task<View> view_of(Vantage vantage, NameServer server, Needs needs, Reach reach,
                       Instant deadline) {
  auto ask = reach == Reach::everywhere ? look_through : look;
  View view;
  view.server = server;
  for (const std::string& name : txt_names(needs)) {
    auto sight =
        co_await ask(vantage, server, name, dns::record_type::txt, sooner(vantage, deadline));
    if (!sight) {
      view.failure = sight.error().message();
      co_return view;
    }
    view.txt[name] = *std::move(sight);
    co_await look_aside(view.doubled[name], vantage, server, name + "." + needs.domain, deadline);
    co_await look_aside(view.bare[name], vantage, server, bare_name(name), deadline);
  }
  if (needs.has_return_path()) {
    auto sight = co_await ask(vantage, server, needs.return_path, dns::record_type::mx,
                              sooner(vantage, deadline));
    if (sight)
      view.mx[needs.return_path] = *std::move(sight);
    else
      view.failure = sight.error().message();
  }
  co_return view;
}

io::Task<void> view_into(View& view, Vantage vantage, NameServer server, Needs needs,
                         Instant deadline) {
  view = co_await view_of(vantage, server, needs, Reach::everywhere, deadline);
}

bool all_answered(const View& view) {
  if (!view.failure.empty()) return false;
  for (const auto* sights : {&view.txt, &view.mx})
    for (const auto& [name, sight] : *sights)
      if (!sight.answered()) return false;
  return true;
}

// A name that is an alias is left to the resolver: the server does not know what it leads to.
io::Task<Result<Plan>> plan_from(Vantage vantage, Needs needs, View view, Instant deadline) {
  KnownAnswers known(vantage.resolver);
  for (auto& [name, sight] : view.txt)
    if (sight.alias.empty()) known.set_txt(name, sight.texts);
  for (auto& [name, sight] : view.mx)
    if (sight.alias.empty()) known.set_mx(name, sight.mx);
  CO_TRY(Published published, co_await look_up_published(known, needs, deadline));
  // Those are told by what the server itself shows.
  published.aliases.clear();
  co_return make_plan(needs, published);
}

// The server that has most of it is the one to measure the others by.
size_t published_count(const Plan& plan) {
  return static_cast<size_t>(std::count_if(plan.records.begin(), plan.records.end(),
                                           [](const auto& record) { return record.published; }));
}

std::string joined(const std::string& rdata) {
  auto text = dns::parse_txt_rdata(rdata);
  return text ? text->joined() : "";
}

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

tl::unexpected<Error> shows_nothing(const View& view) {
  return failure(ErrorCode::dns,
                 fmt::format("the server {} does not show what it has, so that nothing can be put "
                             "in the place of it{}",
                             view.server.address.text(),
                             view.failure.empty() ? ". Is it the primary of the zone, with every "
                                                    "name of the domain in that zone, and does it "
                                                    "answer questions from this machine?"
                                                  : ": " + view.failure));
}

// Whether a wildcard of the zone makes what was seen at the name, so that nothing stands there
// itself: a name beside it that nobody has looks the same.
io::Task<Result<bool>> is_synthesized(Vantage vantage, const View& view, std::string name,
                                      uint16_t type, Sight seen, std::string zone,
                                      Instant deadline) {
  if (name == zone || (seen.rdata.empty() && seen.alias.empty())) co_return false;
  const std::string beside = fmt::format("waypost-{:016x}{}", vantage.loop.rng().next(),
                                         name.substr(std::min(name.find('.'), name.size())));
  if (!dns::normalize_name(beside)) co_return false;
  CO_TRY(Sight other, co_await look(vantage, view.server, beside, type, deadline));
  if (!other.answered()) co_return shows_nothing(view);
  std::sort(seen.rdata.begin(), seen.rdata.end());
  std::sort(other.rdata.begin(), other.rdata.end());
  const bool same_data = seen.rdata == other.rdata;
  co_return same_data&& seen.alias == other.alias;
}

// Adds the change, or the problem that keeps it from being made.
io::Task<Result<void>> plan_change(Vantage vantage, Publication& made, WantedRecord wanted,
                                   const View& view, Instant deadline) {
  Change change;
  change.name = wanted.name;
  change.type = wanted.type == RecordType::mx ? dns::record_type::mx : dns::record_type::txt;
  const auto& sights = wanted.type == RecordType::mx ? view.mx : view.txt;
  const Sight& sight = sights.at(wanted.name);
  CO_TRY(const bool synthesized, co_await is_synthesized(vantage, view, wanted.name, change.type,
                                                         sight, made.update.zone, deadline));
  if (!synthesized && !sight.alias.empty()) {
    made.plan.problems.push_back(fmt::format(
        "A CNAME stands at {} and leads to {}: no other record may be beside it. Take it out of "
        "DNS, or enter the record where it leads.",
        wanted.name, sight.alias));
    co_return Result<void>();
  }
  // What a wildcard makes does not stand in the zone, so that no server finds it as a prerequisite.
  if (!synthesized) change.before = sight.rdata;
  if (!sight.alias.empty()) change.before.emplace();
  for (const std::string& rdata : sight.rdata)
    if (wanted.type == RecordType::txt && sight.alias.empty() &&
        (has(wanted.replaces, joined(rdata)) || has(wanted.shown_by_wildcard, joined(rdata))))
      change.removed.push_back(rdata);
  change.added = wanted.rdata();
  made.update.changes.push_back(std::move(change));
  co_return Result<void>();
}

// A key that a wildcard shows at every name stands at none of them, and keeps none from being used.
io::Task<Result<void>> forget_keys_of_wildcards(Vantage vantage, View& view, std::string zone,
                                                Instant deadline) {
  for (auto& [name, sight] : view.txt) {
    if (sight.texts.empty() || name.find("._domainkey.") == name.npos) continue;
    CO_TRY(
        const bool synthesized,
        co_await is_synthesized(vantage, view, name, dns::record_type::txt, sight, zone, deadline));
    if (synthesized) sight.texts.clear();
  }
  co_return Result<void>();
}

// Once a record stands at a name or below it, no wildcard makes anything there any more
// (RFC 4592 §2.2.1): mail to the domain would be gone with the first record for it.
io::Task<Result<void>> keep_what_a_wildcard_makes(Vantage vantage, Publication& made,
                                                  const View& view, Instant deadline) {
  constexpr std::array<std::pair<uint16_t, std::string_view>, 3> types{
      {{dns::record_type::mx, "MX"}, {dns::record_type::a, "A"}, {dns::record_type::aaaa, "AAAA"}}};
  std::vector<std::string_view> lost;
  const std::string domain = made.plan.domain;
  for (const auto& [type, type_name] : types) {
    CO_TRY(Sight sight, co_await look(vantage, view.server, domain, type, deadline));
    CO_TRY(const bool synthesized,
           co_await is_synthesized(vantage, view, domain, type, sight, made.update.zone, deadline));
    if (synthesized) lost.push_back(type_name);
  }
  if (!lost.empty())
    made.plan.problems.push_back(
        fmt::format("A wildcard of the zone {0} makes the {1} of {2}, and makes nothing there any "
                    "more once a record for {2} stands in the zone (RFC 4592). Enter the {1} for "
                    "{2} itself first.",
                    made.update.zone, fmt::join(lost, ", "), domain));
  co_return Result<void>();
}

io::Task<Result<Publication>> send(Vantage vantage, Publication made, Endpoint server,
                                   const TsigKey& key, Instant deadline) {
  if (made.update.changes.empty()) co_return made;
  CO_TRY(made.answer,
         co_await send_update(vantage.loop, vantage.network, server, made.update, key, deadline));
  co_return made;
}

}  // namespace

bool Verification::good() const {
  return plan.problems.empty() &&
         std::all_of(records.begin(), records.end(), [](const auto& each) { return each.good(); });
}

bool Verification::unknown() const {
  return std::any_of(records.begin(), records.end(),
                     [](const auto& each) { return each.unknown(); });
}

io::Task<Result<Verification>> verify(Vantage vantage, Needs needs,
                                      std::vector<NameServer> authorities, Instant deadline) {
  if (authorities.empty()) {
    CO_TRY(authorities, co_await find_authorities(vantage, needs.domain, deadline));
  }
  // All at once: those that are silent leave the others, and the resolver, their time.
  authorities.push_back({"", vantage.recursive, true});
  std::vector<View> views(authorities.size());
  io::TaskGroup group;
  for (size_t i = 0; i < views.size(); ++i)
    group.start(view_into(views[i], vantage, authorities[i], needs, deadline));
  co_await group.join();
  Verification verification;
  size_t best = 0;
  bool planned = false;
  for (const View& view : views) {
    if (!all_answered(view)) continue;
    CO_TRY(Plan plan, co_await plan_from(vantage, needs, view, deadline));
    const size_t there = published_count(plan);
    if (!planned || there > best) verification.plan = std::move(plan);
    best = std::max(best, there);
    planned = true;
  }
  if (!planned)
    co_return failure(
        ErrorCode::timed_out,
        fmt::format("no name server answers for {} ({})", needs.domain,
                    views.front().failure.empty() ? "they refuse or fail" : views.front().failure));
  verification.records = judge(verification.plan, views);
  co_return verification;
}

io::Task<Result<Publication>> publish_update(Vantage vantage, Needs needs, Endpoint server,
                                             const TsigKey& key, Instant deadline) {
  const NameServer primary{"", server, false};
  View view = co_await view_of(vantage, primary, needs, Reach::its_zones, deadline);
  if (!all_answered(view)) co_return shows_nothing(view);
  Publication made;
  CO_TRY(made.update.zone, co_await find_zone(vantage, view.server, needs.domain, deadline));
  CO_TRY_VOID(co_await forget_keys_of_wildcards(vantage, view, made.update.zone, deadline));
  CO_TRY(made.plan, co_await plan_from(vantage, needs, view, deadline));
  if (!made.plan.published())
    CO_TRY_VOID(co_await keep_what_a_wildcard_makes(vantage, made, view, deadline));
  if (!made.plan.problems.empty()) co_return made;
  for (size_t i = 0; i < made.plan.records.size(); ++i) {
    if (made.plan.records[i].published) continue;
    CO_TRY_VOID(co_await plan_change(vantage, made, made.plan.records[i], view, deadline));
  }
  if (!made.plan.problems.empty()) {
    made.update.changes.clear();
    co_return made;
  }
  auto sent = co_await send(vantage, std::move(made), server, key, deadline);
  co_return sent;
}

io::Task<Result<Publication>> withdraw_update(Vantage vantage, std::string domain,
                                              std::vector<Key> keys, Endpoint server,
                                              const TsigKey& key, Instant deadline) {
  const NameServer primary{"", server, false};
  Publication made;
  made.plan.domain = domain;
  CO_TRY(made.update.zone, co_await find_zone(vantage, primary, domain, deadline));
  for (const Key& gone : keys) {
    Change change;
    change.name = mailauth::dkim_record_name(gone.selector, domain);
    change.type = dns::record_type::txt;
    CO_TRY(Sight sight, co_await look(vantage, primary, change.name, change.type, deadline));
    if (!sight.answered()) {
      View view;
      view.server = primary;
      co_return shows_nothing(view);
    }
    for (const std::string& rdata : sight.rdata)
      if (same_key(joined(rdata), gone.record)) change.removed.push_back(rdata);
    if (!change.removed.empty()) made.update.changes.push_back(std::move(change));
  }
  auto sent = co_await send(vantage, std::move(made), server, key, deadline);
  co_return sent;
}

}  // namespace waypost::publish
