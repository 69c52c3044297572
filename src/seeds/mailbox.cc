#include "seeds/mailbox.h"

#include <algorithm>

#include "base/ascii.h"
#include "io/rng.h"
#include "seeds/curl_channel.h"
#include "seeds/imap.h"

namespace waypost::seeds {
namespace {

// So many folders are asked about in one look.
constexpr size_t folders_looked_into_max = 60;

// Copies of what was sent, and views of other folders, say nothing about where it landed.
bool is_looked_into(const Folder& folder) {
  return folder.use != FolderUse::sent && folder.use != FolderUse::drafts &&
         folder.use != FolderUse::other_view;
}

class ImapMailbox final : public Mailbox {
 public:
  ImapMailbox(Seed seed, std::vector<IpAddress> addresses, std::string ca_file)
      : seed_(std::move(seed)), addresses_(std::move(addresses)), ca_file_(std::move(ca_file)) {}

  Result<void> open(Instant deadline) override;
  Result<std::optional<Sighting>> look(const std::string& token, Instant deadline) override;
  void close(Instant deadline) override {
    auto done = imap_.log_out(deadline);
    static_cast<void>(done);
  }
  const std::vector<Secret>& written_secrets() const override { return imap_.written_secrets(); }
  void cancel() override { channel_.cancel(); }

 private:
  Result<Sighting> sighting(Hit hit, Instant deadline);

  Seed seed_;
  std::vector<IpAddress> addresses_;
  std::string ca_file_;
  CurlChannel channel_;
  Imap imap_{channel_};
  std::vector<Folder> folders_;
};

Result<void> ImapMailbox::open(Instant deadline) {
  TRY_VOID(channel_.open(seed_, addresses_, ca_file_, deadline));
  io::SystemRng rng;
  sasl::ClientLogin login{seed_.user, std::move(seed_.password), seed_.mechanism, {}, true};
  TRY_VOID(imap_.log_in(std::move(login), rng, deadline));
  TRY(folders_, imap_.folders(deadline));
  std::erase_if(folders_, [this](const Folder& folder) {
    const std::vector<std::string>& wanted = seed_.folders;
    const bool is_wanted = wanted.empty() || folder.use == FolderUse::junk ||
                           base::equals_ignoring_case(folder.name, "INBOX") ||
                           std::find(wanted.begin(), wanted.end(), folder.name) != wanted.end();
    return !is_wanted || !is_looked_into(folder);
  });
  if (folders_.size() > folders_looked_into_max) folders_.resize(folders_looked_into_max);
  return {};
}

Result<Sighting> ImapMailbox::sighting(Hit hit, Instant deadline) {
  const Folder& folder = hit.folder;
  FoundMessage& message = hit.message;
  Sighting seen;
  seen.folder = folder.name;
  seen.junk_by_name = folder.use_by_name;
  seen.labels = std::move(message.labels);
  seen.received = message.received;
  seen.header = std::move(message.header);
  seen.spot = folder.use == FolderUse::junk ? Spot::junk : Spot::folder;
  if (hit.in_inbox) {
    TRY(seen.tab, imap_.tab_of(message.uid, deadline));
    seen.spot = seen.tab.empty() ? Spot::inbox : Spot::tab;
  }
  if (!seed_.erase) return seen;
  auto erased = imap_.erase(folder, message.uid, deadline);
  if (!erased) seen.remark = "it could not be removed: " + erased.error().message();
  return seen;
}

Result<std::optional<Sighting>> ImapMailbox::look(const std::string& token, Instant deadline) {
  TRY(std::optional<Hit> hit, find_in(imap_, folders_, token, deadline));
  if (!hit) return std::optional<Sighting>();
  TRY(Sighting seen, sighting(*std::move(hit), deadline));
  return std::optional<Sighting>(std::move(seen));
}

}  // namespace

std::unique_ptr<Mailbox> make_imap_mailbox(Seed seed, std::vector<IpAddress> addresses,
                                           std::string ca_file) {
  return std::make_unique<ImapMailbox>(std::move(seed), std::move(addresses), std::move(ca_file));
}

}  // namespace waypost::seeds
