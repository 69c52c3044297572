#include "demo/props.h"

#include <cstdio>

#include <fmt/format.h>

#include "config/data_paths.h"
#include "config/parse.h"
#include "daemon/relay.h"
#include "records/admins.h"
#include "tls/self_signed.h"

namespace waypost::demo {

Result<std::shared_ptr<tls::ServerContext>> write_certificate(
    io::AsioLoop& loop, io::Disk& disk, const std::string& folder,
    const std::vector<std::string>& names) {
  // Long enough that nobody is told to renew it.
  constexpr auto lasts = std::chrono::days(60);
  TRY(tls::KeyPair pair, tls::make_self_signed(names, lasts, loop.clock()));
  TRY_VOID(disk.write_file(folder + "/certificate.pem", pair.certificate_pem, owner_only));
  TRY_VOID(disk.write_file(folder + "/key.pem", pair.key_pem, owner_only));
  TRY(std::shared_ptr<tls::ServerContext> context,
      tls::ServerContext::from_pem(pair.certificate_pem, pair.key_pem));
  return context;
}

Result<config::Config> write_configuration(io::Disk& disk, const std::string& file,
                                           const std::string& text) {
  config::Source source{file, text};
  TRY_VOID(disk.write_file(file, source.text, owner_only));
  config::Parsed parsed = config::parse({&source, 1});
  if (!parsed.config)
    return failure(ErrorCode::invalid_input,
                   "its own configuration is wrong: " + parsed.diagnostics.front().message);
  return *std::move(parsed.config);
}

Result<Entry> make_admin(io::AsioLoop& loop, const std::string& data_dir) {
  const auto word = [&] {
    return fmt::format("{:016x}{:016x}", loop.rng().next(), loop.rng().next());
  };
  Entry entry{word(), word()};
  TRY(auto admins,
      records::Admins::open(config::DataPaths(data_dir).records + "/" + records::admins_file));
  TRY_VOID(admins->set_password(daemon::demo_admin, Secret(entry.password), loop.clock().wall_now(),
                                loop.rng()));
  return entry;
}

uint16_t free_or_any(io::AsioLoop& loop, uint16_t port) {
  return loop.network().listen({IpAddress::v4({127, 0, 0, 1}), port}, {}) ? port : 0;
}

void NewsJournal::warning(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }
void NewsJournal::error(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

void say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace waypost::demo
