#include "cli/ask_resolver.h"

#include "cli/load_config.h"
#include "dns/unbound_resolver.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/task_group.h"

namespace waypost::cli {
namespace {

using Ask = std::function<io::Task<void>(dns::Resolver&, Instant)>;

tl::expected<dns::ResolverOptions, int> resolver_options(const Global& global, io::Disk& disk) {
  dns::ResolverOptions options;
  if (!global.resolver.empty()) {
    auto endpoint = Endpoint::parse(global.resolver, 53);
    if (!endpoint) return tl::unexpected(report(endpoint.error()));
    options.forward_to = *endpoint;
    return options;
  }
  // These commands are of use on a machine that has no relay, too.
  const bool was_named = global.config_file != Global().config_file;
  if (!was_named && !disk.exists(global.config_file)) return options;
  auto config = load_config(global, false);
  if (!config) return tl::unexpected(config.error());
  options.forward_to = config->dns.resolver;
  options.records = config->dns.records;
  return options;
}

io::Task<void> run_on(io::AsioLoop& loop, dns::Resolver& resolver, Duration patience,
                      const Ask& ask) {
  io::Task<void> asking = ask(resolver, loop.now() + patience);
  co_await std::move(asking);
  loop.stop();
}

}  // namespace

tl::expected<void, int> ask_resolver(const Global& global, Duration patience, const Ask& ask) {
  auto disk = io::make_system_disk();
  auto options = resolver_options(global, *disk);
  if (!options) return tl::unexpected(options.error());
  auto context = dns::UnboundContext::create(*options, *disk);
  if (!context) return tl::unexpected(report(context.error()));
  io::AsioLoop loop;
  auto resolver = dns::make_resolver(**context, loop);
  io::TaskGroup questions;
  loop.post([&] { questions.start(run_on(loop, *resolver, patience, ask)); });
  loop.run();
  return {};
}

}  // namespace waypost::cli
