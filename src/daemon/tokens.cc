#include "daemon/tokens.h"

#include <utility>

#include "delivery/secrets.h"
#include "oauth/checker.h"

namespace waypost::daemon {
namespace {

using oauth::Bearer;

// A signature takes long enough to keep everybody else waiting.
class SignatureJudge final : public TokenJudge {
 public:
  SignatureJudge(io::Loop& loop, io::Worker& worker, oauth::Checker checker)
      : loop_(loop), worker_(worker), checker_(std::move(checker)) {}

  io::Task<Result<Bearer>> judge(std::string name, Secret token) override {
    const WallTime now = loop_.wall_now();
    std::function<Result<Bearer>()> check = [&] {
      return checker_.check(name, token.reveal(), now);
    };
    co_return co_await io::run_on<Result<Bearer>>(worker_, loop_, std::move(check));
  }
  const oauth::Rules& rules() const override { return checker_.rules(); }

 private:
  io::Loop& loop_;
  io::Worker& worker_;
  const oauth::Checker checker_;
};

class IssuerJudge final : public TokenJudge {
 public:
  IssuerJudge(oauth::Introspector::Settings settings, TokenServices services)
      : introspector_(
            services.loop, std::move(settings),
            [&client = services.client](base::HttpUrl url, web::Request request, Instant deadline) {
              return client.exchange(std::move(url), std::move(request), deadline);
            },
            [this, told = std::move(services.told)](std::optional<std::string> trouble) {
              if (!retired_) told(std::move(trouble));
            }) {}

  io::Task<Result<Bearer>> judge(std::string name, Secret token) override {
    return introspector_.check(std::move(name), std::move(token));
  }
  const oauth::Rules& rules() const override { return introspector_.rules(); }
  void retire() override { retired_ = true; }

 private:
  bool retired_ = false;
  oauth::Introspector introspector_;
};

oauth::Rules rules_of(const config::Oauth& from) {
  return {from.issuer,      from.audiences,     from.scope,
          from.login_claim, from.domains_claim, from.clock_skew};
}

Result<oauth::Introspector::Settings> introspection(const config::Oauth& from, io::Disk& disk) {
  oauth::Introspector::Settings settings;
  settings.url = *from.introspection_url;
  settings.client_id = from.client_id;
  TRY(settings.client_secret, delivery::read_secret_file(disk, from.client_secret_file));
  settings.rules = rules_of(from);
  settings.cache_for = from.introspection_cache;
  return settings;
}

Result<oauth::Checker> checker(const config::Oauth& from, io::Disk& disk) {
  TRY(const std::string json, disk.read_file(from.keys_file, oauth::key_set_octets_max));
  auto keys = oauth::KeySet::parse(json);
  if (!keys) return failure(std::move(keys).error().while_doing("reading " + from.keys_file));
  return oauth::Checker(*std::move(keys), rules_of(from));
}

}  // namespace

io::Task<Result<submission::TokenVerdict>> verdict_of(std::shared_ptr<TokenJudge> judge,
                                                      std::string name, Secret token) {
  if (!judge)  // since AUTH began a reload took them away
    co_return submission::TokenVerdict(tl::unexpected(std::string("tokens are not taken here")));
  auto bearer = co_await judge->judge(std::move(name), std::move(token));
  if (!bearer && bearer.error().code() == ErrorCode::permission_denied)
    co_return submission::TokenVerdict(tl::unexpected(bearer.error().message()));
  if (!bearer) co_return failure(std::move(bearer).error());
  submission::Login login;
  login.name = std::move(bearer->login);
  login.sender_domains = std::move(bearer->sender_domains);
  co_return submission::TokenVerdict(std::move(login));
}

Result<std::shared_ptr<TokenJudge>> load_token_judge(const config::Config& config,
                                                     TokenServices services) {
  const config::Oauth& from = config.oauth;
  std::shared_ptr<TokenJudge> judge;
  if (from.introspection_url) {
    TRY(auto settings, introspection(from, services.disk));
    judge = std::make_shared<IssuerJudge>(std::move(settings), std::move(services));
  } else if (!from.keys_file.empty()) {
    TRY(auto by_keys, checker(from, services.disk));
    judge = std::make_shared<SignatureJudge>(services.loop, services.worker, std::move(by_keys));
  }
  return judge;
}

}  // namespace waypost::daemon
