#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "io/disk.h"
#include "io/rng.h"
#include "queue/courier.h"
#include "records/search.h"
#include "returns/reader.h"
#include "returns/return_paths.h"

namespace waypost::daemon {

// The domains of [[return_path]], with the key of their addresses, which the first start makes and
// keeps in `key_file` (0600). Null where there are none. corrupt when the file is no such key.
Result<std::shared_ptr<const returns::ReturnPaths>> load_return_paths(const config::Config& config,
                                                                      const std::string& key_file,
                                                                      io::Disk& disk, io::Rng& rng);

// What the records tell of a message that went out, the newest of that name; none: they do not know
// it, or strangers brought it. unavailable where it may stand in what cannot be read now. Blocks.
Result<std::optional<returns::SentMessage>> find_sent(io::Disk& disk,
                                                      const records::RecordPlaces& places,
                                                      const returns::Reader::Wanted& wanted);

// Into the file of DMARC reports, which the first report makes. For returns::Reader: one thread at
// a time.
using ReportKeeper =
    std::function<Result<records::DmarcKeeping>(const message::ReceivedDmarc&, WallTime)>;
ReportKeeper keep_reports_in(std::string path, Duration keep);

// The queue's courier where something may come back: mail to the domains of ReturnPaths is read
// here, like mail that is delivered to a site; all other mail goes to `others`. So what came back
// waits, is tried again and survives a crash as any mail does. Thread: the queue's loop.
class ReturnsCourier final : public queue::Courier {
 public:
  ReturnsCourier(queue::Courier& others, const returns::ReturnPaths& paths, returns::Reader& reader)
      : others_(others), paths_(paths), reader_(reader) {}

  // The site of all such mail, a name that no host has.
  static constexpr std::string_view site_name = "return-path";

  std::optional<shaping::MailHost> known_mail_host(const std::string& domain) override;
  io::Task<tl::expected<shaping::MailHost, events::Outcome>> find_mail_host(
      std::string domain) override;
  bool go_together(const std::string& one, const std::string& other) const override;
  unsigned idle_connections(const std::string& site) const override {
    return others_.idle_connections(site);
  }
  io::Task<void> attempt(queue::Assignment assignment) override;

 private:
  queue::Courier& others_;
  const returns::ReturnPaths& paths_;
  returns::Reader& reader_;
};

}  // namespace waypost::daemon
