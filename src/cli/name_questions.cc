#include "cli/name_questions.h"

#include "cli/load_config.h"
#include "dns/system_files.h"

namespace waypost::cli {
namespace {

constexpr size_t resolv_conf_octets_max = 64 * 1024;
constexpr size_t answers_kept_max = 10'000;

}  // namespace

tl::expected<std::unique_ptr<NameQuestions>, int> NameQuestions::create(const Global& global) {
  auto made = std::unique_ptr<NameQuestions>(new NameQuestions);
  dns::ResolverOptions options;
  if (made->disk_->exists(global.config_file)) {
    auto config = load_config(global, false);
    if (!config) return tl::unexpected(config.error());
    options = {config->dns.resolver, config->dns.records};
  }
  if (!global.resolver.empty()) {
    auto given = Endpoint::parse(global.resolver, 53);
    if (!given) return tl::unexpected(report(given.error()));
    options.forward_to = *given;
  }
  made->forward_to_ = options.forward_to;
  auto context = dns::UnboundContext::create(options, *made->disk_);
  if (!context) return tl::unexpected(report(context.error()));
  made->context_ = *std::move(context);
  made->resolver_ = dns::make_resolver(*made->context_, made->loop_);
  made->answers_ =
      std::make_unique<dns::CachingResolver>(*made->resolver_, made->loop_, answers_kept_max);
  return made;
}

Result<Endpoint> NameQuestions::server() const {
  if (forward_to_) return *forward_to_;
  TRY(std::string text, disk_->read_file("/etc/resolv.conf", resolv_conf_octets_max));
  const auto servers = dns::parse_resolv_conf(text);
  if (servers.empty())
    return failure(ErrorCode::not_found,
                   "/etc/resolv.conf names no server; --resolver ADDR names one");
  return Endpoint{servers.front(), 53};
}

}  // namespace waypost::cli
