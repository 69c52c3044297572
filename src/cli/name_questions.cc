#include "cli/name_questions.h"

#include "cli/load_config.h"

namespace waypost::cli {
namespace {

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
  auto context = dns::UnboundContext::create(options, *made->disk_);
  if (!context) return tl::unexpected(report(context.error()));
  made->context_ = *std::move(context);
  made->resolver_ = dns::make_resolver(*made->context_, made->loop_);
  made->answers_ =
      std::make_unique<dns::CachingResolver>(*made->resolver_, made->loop_, answers_kept_max);
  return made;
}

}  // namespace waypost::cli
