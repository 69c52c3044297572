#include "cli/domains_command.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"
#include "cli/name_questions.h"
#include "cli/publish_output.h"
#include "cli/words.h"
#include "io/clock.h"
#include "io/draw.h"
#include "publish/flows.h"
#include "publish/inputs.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using domains::KeyState;
using domains::KeyType;
using domains::SendingDomain;

// Of a selector: the letter of its type, the day, and some that are drawn.
constexpr size_t selector_letters = 4;
constexpr size_t selector_octets = 1 + 8 + selector_letters;

Result<void> take_settings(const DomainArguments& arguments, SendingDomain& domain) {
  if (!arguments.senders.empty()) {
    domain.senders.clear();
    for (const std::string& sender : arguments.senders) {
      TRY(std::string term, publish::sender_term(sender, domain.domain));
      if (!domain.senders.empty()) domain.senders += ' ';
      domain.senders += term;
    }
  }
  if (!arguments.return_path.empty()) {
    TRY(domain.return_path, domains::normal_name(arguments.return_path, "return path"));
  }
  if (!arguments.reports.empty()) {
    if (arguments.reports.find('@') == std::string::npos ||
        arguments.reports.find_first_of(" ,!") != std::string::npos)
      return failure(ErrorCode::invalid_input, "--reports takes one mail address");
    domain.reports = arguments.reports;
  }
  for (auto policy : {mailauth::DmarcPolicy::none, mailauth::DmarcPolicy::quarantine,
                      mailauth::DmarcPolicy::reject})
    if (arguments.policy == mailauth::name(policy)) domain.policy = policy;
  return domains::check_domain(domain);
}

Result<SendingDomain> load_or_make(domains::DomainStore& store, const std::string& name) {
  TRY(std::string normal, domains::normal_name(name, "domain"));
  auto loaded = store.load(normal);
  if (loaded || loaded.error().code() != ErrorCode::not_found) return loaded;
  TRY_VOID(publish::check_publishable(normal, selector_octets));
  SendingDomain made;
  made.domain = normal;
  return made;
}

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

// A name that no key of the domain has: the type's letter, the day, and letters that another host
// of the same domain does not draw on the same day.
std::string free_selector(const SendingDomain& domain, KeyType type, WallTime now, io::Rng& rng) {
  std::string day = day_of(now);
  std::erase(day, '-');
  std::string selector;
  do {
    selector = (type == KeyType::rsa ? "r" : "e") + day;
    for (size_t i = 0; i < selector_letters; ++i)
      selector += static_cast<char>('a' + io::draw_below(rng, 'z' - 'a' + 1));
  } while (domain.find(selector));
  return selector;
}

// Whether a new key of the type is wanted: as said, else each type that signs, else both.
bool wants_key(const SendingDomain& domain, const std::string& said, KeyType type) {
  if (!said.empty()) return said == "both" || said == mailauth::name(type);
  auto signs = [](const auto& key) { return key.state == KeyState::signing; };
  if (std::none_of(domain.keys.begin(), domain.keys.end(), signs)) return true;
  return std::any_of(domain.keys.begin(), domain.keys.end(),
                     [&](const auto& key) { return signs(key) && key.type == type; });
}

// Each with a selector of the day.
Result<void> make_keys(domains::DomainStore& store, SendingDomain& domain,
                       const std::string& said) {
  const WallTime now = io::SystemClock().wall_now();
  const SendingDomain before = domain;
  io::SystemRng rng;
  for (KeyType type : {KeyType::rsa, KeyType::ed25519}) {
    if (!wants_key(before, said, type)) continue;
    TRY_VOID(store.make_key(domain, free_selector(domain, type, now, rng), type, now));
  }
  return {};
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
  auto domain = load_or_make(store, arguments.domain);
  if (!domain) return report(domain.error());
  const bool is_new = domain->keys.empty();
  if (auto taken = take_settings(arguments, *domain); !taken) return report(taken.error());
  auto stored = store.store(*domain);
  if (stored && is_new) stored = make_keys(store, *domain, arguments.key_type);
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
  const bool signs = std::any_of(domain->keys.begin(), domain->keys.end(),
                                 [](const auto& key) { return key.state == KeyState::signing; });
  if (signs && !arguments.force) {
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
  for (const auto& key : domain->keys) {
    if (key.state != KeyState::prepared) continue;
    note(fmt::format(
        "waypost: the new key \"{0}\" is not seen yet: publish it, then waypost domains "
        "verify {1}. To take it back: waypost keys retire {1} {0}\n",
        key.selector, domain->domain));
    return exit_code::negative;
  }
  if (auto made = make_keys((*setup)->store(), *domain, arguments.key_type); !made)
    return report(made.error());
  if (!global.json && !global.quiet)
    note("  The old keys sign until the records of the new ones are seen.\n");
  return show_or_publish(global, **setup, arguments, *domain);
}

}  // namespace waypost::cli
