#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/journal.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/rng.h"
#include "tls/context.h"

// What the demo and the capture give a relay of their own. All of it blocks: before the loop runs.
namespace waypost::demo {

inline constexpr unsigned owner_only = 0600;

// certificate.pem and key.pem in `folder`, self-signed for these names.
Result<std::shared_ptr<tls::ServerContext>> write_certificate(
    io::AsioLoop& loop, io::Disk& disk, const std::string& folder,
    const std::vector<std::string>& names);

// Writes the text to `file`, too, for the ordinary commands.
Result<config::Config> write_configuration(io::Disk& disk, const std::string& file,
                                           const std::string& text);

// How one comes into the dashboard: by a link that logs in once, and by a password later.
struct Entry {
  std::string password;
  std::string word;
};
Result<Entry> make_admin(io::AsioLoop& loop, const std::string& data_dir);

// The port on 127.0.0.1, or 0 where it is taken. That it is free can only be tried; the relay opens
// it again later.
uint16_t free_or_any(io::AsioLoop& loop, uint16_t port);

// Only failures of the relay are news here: they go to standard error.
class NewsJournal final : public daemon::Journal {
 public:
  void info(const std::string&) override {}
  void warning(const std::string& line) override;
  void error(const std::string& line) override;
};

// To standard output, at once.
void say(const std::string& text);

}  // namespace waypost::demo
