#include "cli/domains_command.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"
#include "cli/name_questions.h"
#include "cli/publish_output.h"
#include "cli/words.h"
#include "domains/domain_json.h"
#include "io/clock.h"
#include "publish/flows.h"
#include "publish/inputs.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using domains::keys_json;
using domains::SendingDomain;

void warn_of_internal_senders(const SendingDomain& domain) {
  std::string_view rest = domain.senders;
  while (!rest.empty()) {
    const std::string_view term = rest.substr(0, rest.find(' '));
    if (publish::is_internal_term(term))
      note(
          fmt::format("  {} is known only inside of a network of your own: receivers see another "
                      "address, and SPF fails for that.\n",
                      term));
    rest.remove_prefix(std::min(term.size() + 1, rest.size()));
  }
}

io::Task<Result<publish::Plan>> plan_task(publish::Vantage vantage, publish::Needs needs,
                                          Instant deadline) {
  auto published = co_await publish::look_up_published(vantage.resolver, needs, deadline);
  if (!published) co_return tl::unexpected(std::move(published).error());
  co_return publish::make_plan(needs, *published);
}

int unknown_domain(const Error& error) {
  const int code = report(error);
  return error.code() == ErrorCode::not_found ? exit_code::negative : code;
}

std::string day_of(WallTime time) { return base::to_rfc3339(time).substr(0, 10); }

std::string keys_text(const SendingDomain& domain) {
  std::string text;
  for (const auto& key : domain.keys)
    text += fmt::format("  key {:<24} {:<8} {:<9} since {}\n", key.selector,
                        domains::type_name(key.type), name(key.state), day_of(key.since));
  return text;
}

int show_or_publish(const Global& global, DomainSetup& setup, const DomainArguments& arguments,
                    const SendingDomain& domain) {
  auto needs = setup.needs_of(domain);
  if (!needs) return report(needs.error());
  auto patience = base::parse_duration(arguments.publish.timeout);
  if (!patience) return report(patience.error());
  auto names = NameQuestions::create(global);
  if (!names) return names.error();
  auto server = (*names)->server();
  if (!server) return report(server.error());
  publish::Vantage vantage{(*names)->loop(), (*names)->network(), (*names)->resolver(), *server};
  if (setup.update()) {
    const UpdateTarget& target = *setup.update();
    auto made = (*names)->run(publish::publish_update(vantage, *needs, target.server, target.key,
                                                      (*names)->in(*patience)));
    return report_update(global, made, target, domain);
  }
  auto plan = (*names)->run(plan_task(vantage, *needs, (*names)->in(*patience)));
  if (!plan) {
    report(plan.error());
    return exit_code::could_not_finish;
  }
  if (!global.json && !global.quiet && arguments.publish.format == "table")
    print(fmt::format("What {} must publish\n\n", domain.domain));
  print_plan(global, arguments.publish.format, *plan, domain);
  if (!plan->problems.empty()) return exit_code::negative;
  if (!global.json && !global.quiet && !plan->published())
    note(fmt::format("  Then: waypost domains verify {} --wait\n", domain.domain));
  return exit_code::ok;
}

}  // namespace

int domains_add_command(const Global& global, const DomainArguments& arguments) {
  auto setup = DomainSetup::open(global, arguments.publish);
  if (!setup) return setup.error();
  domains::DomainStore& store = (*setup)->store();
  auto domain = domains::load_or_begin(store, arguments.domain);
  if (!domain) return report(domain.error());
  const bool is_new = domain->keys.empty();
  if (auto taken = take_settings(arguments.settings, *domain); !taken) return report(taken.error());
  auto stored = store.store(*domain);
  io::SystemRng rng;
  if (stored && is_new)
    stored = make_keys(store, *domain, arguments.key_type, io::SystemClock().wall_now(), rng);
  if (!stored) return report(stored.error());
  if (!global.quiet) warn_of_internal_senders(*domain);
  if (!global.json && !global.quiet)
    for (const auto& key : domain->keys)
      if (is_new)
        note(fmt::format("  Made the {} key \"{}\"; it signs from when its record is seen.\n",
                         domains::type_name(key.type), key.selector));
  return show_or_publish(global, **setup, arguments, *domain);
}

int domains_ls_command(const Global& global) {
  auto setup = DomainSetup::open(global, {});
  if (!setup) return setup.error();
  auto names = (*setup)->store().list();
  if (!names) return report(names.error());
  for (const std::string& each : *names) {
    auto domain = (*setup)->store().load(each);
    if (!domain) return report(domain.error());
    if (global.json) {
      print(json::serialize(json::object{{"domain", each}, {"keys", keys_json(*domain)}}) + "\n");
      continue;
    }
    std::vector<std::string> keys;
    for (const auto& key : domain->keys)
      keys.push_back(fmt::format("{} {}", key.selector, name(key.state)));
    print(fmt::format("{:<32} {}\n", each,
                      keys.empty() ? "no keys" : fmt::format("{}", fmt::join(keys, ", "))));
  }
  if (names->empty() && !global.json && !global.quiet)
    note("  No sending domains yet. Make one: waypost domains add DOMAIN\n");
  return exit_code::ok;
}

int domains_show_command(const Global& global, const DomainArguments& arguments) {
  auto setup = DomainSetup::open(global, arguments.publish);
  if (!setup) return setup.error();
  auto domain = (*setup)->store().load(arguments.domain);
  if (!domain) return unknown_domain(domain.error());
  if (!global.json && !global.quiet && arguments.publish.format == "table")
    print(keys_text(*domain) + "\n");
  return show_or_publish(global, **setup, arguments, *domain);
}

int domains_remove_command(const Global& global, const DomainArguments& arguments) {
  auto setup = DomainSetup::open(global, {});
  if (!setup) return setup.error();
  auto domain = (*setup)->store().load(arguments.domain);
  if (!domain) return unknown_domain(domain.error());
  if (signs(*domain) && !arguments.force) {
    note(
        fmt::format("waypost: {} signs its mail, and without its keys that ends for good. Say "
                    "--force if that is meant.\n",
                    domain->domain));
    return exit_code::negative;
  }
  if (auto removed = (*setup)->store().remove(domain->domain); !removed)
    return report(removed.error());
  if (global.json) {
    print(json::serialize(json::object{{"domain", domain->domain}, {"removed", true}}) + "\n");
  } else if (!global.quiet) {
    note(
        fmt::format("  {} and {} are gone. Its records may leave DNS in two weeks, when its mail "
                    "has arrived.\n",
                    domain->domain, count(domain->keys.size(), "key")));
  }
  return exit_code::ok;
}

int domain_keys_ls_command(const Global& global, const DomainArguments& arguments) {
  auto setup = DomainSetup::open(global, {});
  if (!setup) return setup.error();
  auto domain = (*setup)->store().load(arguments.domain);
  if (!domain) return unknown_domain(domain.error());
  if (global.json)
    print(json::serialize(json::object{{"domain", domain->domain}, {"keys", keys_json(*domain)}}) +
          "\n");
  else
    print(keys_text(*domain));
  return exit_code::ok;
}

int domain_keys_rotate_command(const Global& global, const DomainArguments& arguments) {
  auto setup = DomainSetup::open(global, arguments.publish);
  if (!setup) return setup.error();
  auto domain = (*setup)->store().load(arguments.domain);
  if (!domain) return unknown_domain(domain.error());
  io::SystemRng rng;
  auto made = rotate_keys((*setup)->store(), *domain, arguments.key_type,
                          io::SystemClock().wall_now(), rng);
  if (!made) {
    const int code = report(made.error());
    return made.error().code() == ErrorCode::already_exists ? exit_code::negative : code;
  }
  if (!global.json && !global.quiet)
    note("  The old keys sign until the records of the new ones are seen.\n");
  return show_or_publish(global, **setup, arguments, *domain);
}

}  // namespace waypost::cli
