#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/domains_command.h"
#include "cli/name_questions.h"
#include "domains/domain_json.h"
#include "io/clock.h"
#include "mailauth/dkim_record.h"
#include "publish/flows.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using domains::DomainKey;
using domains::Leaving;
using domains::SendingDomain;

bool stands_as(const SendingDomain& domain, const DomainKey& key) {
  const DomainKey* now = domain.find(key.selector);
  return now && now->state == key.state;
}

int withdraw(const Global& global, DomainSetup& setup, const DomainArguments& arguments,
             const SendingDomain& domain, const std::vector<DomainKey>& gone) {
  std::vector<publish::Key> keys;
  for (const DomainKey& key : gone) {
    auto form = domains::published_form(setup.store(), domain, key);
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
  if (global.json) return print(json::serialize(leaving_json(domain, leaving)) + "\n");
  for (const DomainKey& key : leaving.gone)
    print(withdrawn ? fmt::format("  gone     {}\n", key.selector)
                    : fmt::format("  gone     {}; take the record out of DNS: {}\n", key.selector,
                                  mailauth::dkim_record_name(key.selector, domain.domain)));
  for (const DomainKey& key : leaving.staying)
    print(fmt::format("  retired  {}; its record stays until {}\n", key.selector,
                      base::to_rfc3339(key.since + domains::retired_published_for).substr(0, 10)));
}

}  // namespace

int domain_keys_retire_command(const Global& global, const DomainArguments& arguments) {
  auto setup = DomainSetup::open(global, arguments.publish);
  if (!setup) return setup.error();
  domains::DomainStore& store = (*setup)->store();
  auto domain = store.load(arguments.domain);
  const WallTime now = io::SystemClock().wall_now();
  if (domain && !arguments.selector.empty()) {
    auto done = end_signing(store, *domain, arguments.selector, now);
    if (!done) domain = tl::unexpected(done.error());
  }
  if (!domain) {
    const int code = report(domain.error());
    return domain.error().code() == ErrorCode::not_found ? exit_code::negative : code;
  }
  Leaving leaving = leaving_of(*domain, arguments.selector, arguments.force, now);
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
