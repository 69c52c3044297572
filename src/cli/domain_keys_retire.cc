#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/domains_command.h"
#include "cli/name_questions.h"
#include "io/clock.h"
#include "mailauth/dkim_record.h"
#include "publish/flows.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using domains::DomainKey;
using domains::KeyState;
using domains::SendingDomain;

// What is to be done: a key that was named leaves its state, those whose time is over go.
struct Leaving {
  std::vector<DomainKey> gone;     // with their records
  std::vector<DomainKey> staying;  // retired; their records stay
};

Leaving leaving_of(const SendingDomain& domain, const DomainArguments& arguments, WallTime now) {
  Leaving leaving;
  for (const DomainKey& key : domain.keys) {
    const bool named = key.selector == arguments.selector;
    const bool unused = named && key.state == KeyState::prepared;
    if (key.state != KeyState::retired && !unused) continue;
    const bool over = may_be_withdrawn(key, now) || unused || (named && arguments.force);
    (over ? leaving.gone : leaving.staying).push_back(key);
  }
  return leaving;
}

bool stands_as(const SendingDomain& domain, const DomainKey& key) {
  const DomainKey* now = domain.find(key.selector);
  return now && now->state == key.state;
}

int withdraw(const Global& global, DomainSetup& setup, const DomainArguments& arguments,
             const SendingDomain& domain, const std::vector<DomainKey>& gone) {
  std::vector<publish::Key> keys;
  for (const DomainKey& key : gone) {
    auto form = setup.published_form(domain, key);
    if (!form) return report(form.error());
    keys.push_back(*std::move(form));
  }
  auto patience = base::parse_duration(arguments.publish.timeout);
  if (!patience) return report(patience.error());
  auto names = NameQuestions::create(global);
  if (!names) return names.error();
  auto server = (*names)->server();
  if (!server) return report(server.error());
  const UpdateTarget& target = *setup.update();
  publish::Vantage vantage{(*names)->loop(), (*names)->network(), (*names)->resolver(), *server};
  auto made = (*names)->run(publish::withdraw_update(
      vantage, domain.domain, std::move(keys), target.server, target.key, (*names)->in(*patience)));
  if (!made) {
    report(made.error());
    return exit_code::could_not_finish;
  }
  if (!made->answer || made->answer->done()) return exit_code::ok;
  note(fmt::format("waypost: {}\n", in_words(*made->answer, made->update, target.key,
                                             io::SystemClock().wall_now())));
  return exit_code::negative;
}

void show(const Global& global, const SendingDomain& domain, const Leaving& leaving,
          bool withdrawn) {
  json::array gone;
  json::array staying;
  for (const DomainKey& key : leaving.gone) {
    gone.push_back(json::string(key.selector));
    if (!global.json)
      print(withdrawn ? fmt::format("  gone     {}\n", key.selector)
                      : fmt::format("  gone     {}; take the record out of DNS: {}\n", key.selector,
                                    mailauth::dkim_record_name(key.selector, domain.domain)));
  }
  for (const DomainKey& key : leaving.staying) {
    const std::string until = base::to_rfc3339(key.since + domains::retired_published_for);
    staying.push_back(json::object{{"selector", key.selector}, {"until", until}});
    if (!global.json)
      print(fmt::format("  retired  {}; its record stays until {}\n", key.selector,
                        until.substr(0, 10)));
  }
  if (global.json)
    print(json::serialize(
              json::object{{"domain", domain.domain}, {"gone", gone}, {"retired", staying}}) +
          "\n");
}

}  // namespace

int domain_keys_retire_command(const Global& global, const DomainArguments& arguments) {
  auto setup = DomainSetup::open(global, arguments.publish);
  if (!setup) return setup.error();
  domains::DomainStore& store = (*setup)->store();
  auto domain = store.load(arguments.domain);
  const WallTime now = io::SystemClock().wall_now();
  if (domain && !arguments.selector.empty()) {
    const DomainKey* named = domain->find(arguments.selector);
    Result<void> done;
    if (!named)
      done =
          failure(ErrorCode::not_found,
                  fmt::format("{} has no key \"{}\"; waypost keys ls {} lists them", domain->domain,
                              base::escape_control(arguments.selector), domain->domain));
    else if (named->state == KeyState::signing)
      done = retire(*domain, arguments.selector, now);
    if (done) done = store.store(*domain);
    if (!done) domain = tl::unexpected(done.error());
  }
  if (!domain) {
    const int code = report(domain.error());
    return domain.error().code() == ErrorCode::not_found ? exit_code::negative : code;
  }
  Leaving leaving = leaving_of(*domain, arguments, now);
  const bool withdraws = (*setup)->update() && !leaving.gone.empty();
  if (withdraws) {
    const int code = withdraw(global, **setup, arguments, *domain, leaving.gone);
    if (code != exit_code::ok) return code;
    // DNS took its time, and another command may have changed the domain meanwhile.
    domain = store.load(arguments.domain);
    if (!domain) return report(domain.error());
    std::erase_if(leaving.gone, [&](const DomainKey& key) { return !stands_as(*domain, key); });
  }
  for (const DomainKey& key : leaving.gone)
    if (auto removed = store.remove_key(*domain, key.selector); !removed)
      return report(removed.error());
  show(global, *domain, leaving, withdraws);
  if (leaving.gone.empty() && leaving.staying.empty() && !global.json && !global.quiet)
    note("  No key is retired.\n");
  return exit_code::ok;
}

}  // namespace waypost::cli
