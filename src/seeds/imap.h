#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "io/rng.h"
#include "sasl/client.h"
#include "seeds/channel.h"
#include "seeds/response.h"

// The client's side of IMAP, as far as one message is looked for (RFC 9051, RFC 3501).
namespace waypost::seeds {

inline constexpr size_t folders_max = 500;
inline constexpr size_t session_octets_max = 32 * 1024 * 1024;
inline constexpr size_t responses_per_command_max = 5000;
// A value takes many times the octets that announce it.
inline constexpr size_t values_per_command_max = 50'000;

// What RFC 6154 §2 says a folder is for.
enum class FolderUse { none, junk, all, sent, drafts, trash, other_view };

struct Folder {
  std::string name;  // as the server has it, in ASCII
  FolderUse use = FolderUse::none;
  bool use_by_name = false;  // the server says nothing of it: "Junk" and the like
};

struct FoundMessage {
  uint32_t uid = 0;
  std::optional<int64_t> received = {};  // INTERNALDATE, seconds since 1970 by their clock
  std::string header = {};               // octets
  std::vector<std::string> labels = {};  // Gmail's; empty elsewhere
};

struct Hit {
  Folder folder;
  FoundMessage message;
  bool in_inbox = false;  // it lies there, or Gmail's labels say so
};

// One session over a channel that it does not own. Blocks. What the server says is limited in line,
// literal, count and total; every failure ends the session.
class Imap {
 public:
  explicit Imap(Channel& channel) : channel_(channel) {}

  // Asks what the server can do, logs in once, and asks again. permission_denied with their words
  // when they refuse the login.
  Result<void> log_in(sasl::ClientLogin login, io::Rng& rng, Instant deadline);
  // What the login wrote, line by line in base64: a server may repeat it, so that nobody may see
  // it.
  const std::vector<Secret>& written_secrets() const { return written_secrets_; }
  // INBOX first, then what is junk, then the others; what cannot hold mail is left out.
  Result<std::vector<Folder>> folders(Instant deadline);
  // Opens the folder for reading alone and looks for the message with `token` in Message-ID or
  // X-Waypost-Doctor. Nothing is marked as read. A folder that cannot be opened holds nothing, but
  // for INBOX: unavailable, as where the server refuses to search.
  Result<std::optional<FoundMessage>> find(const Folder& folder, const std::string& token,
                                           Instant deadline);
  // In which tab of Gmail's inbox a message is that was just found: "promotions" ...; "" for the
  // first one, elsewhere, and where the server refuses to tell.
  Result<std::string> tab_of(uint32_t uid, Instant deadline);
  // Removes that message, and nothing else: fails with unavailable where the server cannot
  // (RFC 4315).
  Result<void> erase(const Folder& folder, uint32_t uid, Instant deadline);
  Result<void> log_out(Instant deadline);

 private:
  struct Answer {
    bool ok = false;
    std::string text;
    std::vector<Response> data;
  };
  Result<Answer> ask(std::string_view command, Instant deadline);
  // Up to the end of the command that was written, or a challenge, which comes back as the last of
  // `data`.
  Result<Answer> answer(Instant deadline);
  Result<Response> next(Instant deadline);
  Result<void> learn(Instant deadline);
  Result<std::optional<FoundMessage>> fetch(uint32_t uid, std::string_view token, Instant deadline);
  Result<std::vector<uint32_t>> search(const std::string& what, Instant deadline);
  bool can(std::string_view capability) const;
  std::vector<std::string> mechanisms() const;

  Channel& channel_;
  ResponseReader reader_;
  size_t octets_ = 0;
  unsigned commands_ = 0;
  std::string tag_;
  std::vector<std::string> capabilities_;  // upper case
  std::vector<Secret> written_secrets_;
};

// Where the message lies, of folders in the order of Imap::folders(); none while it is nowhere. A
// folder that shows what lies in others is believed only after the inbox and junk were asked again:
// the message may have come while the folders were gone through. The folder of the hit is open.
Result<std::optional<Hit>> find_in(Imap& imap, const std::vector<Folder>& folders,
                                   const std::string& token, Instant deadline);

// The folder of a LIST response; none for what holds no mail, or has a name that cannot be asked
// for.
std::optional<Folder> folder_of(const Response& response);
// The message of a FETCH response; none where it is about something else.
std::optional<FoundMessage> message_of(const Response& response);

}  // namespace waypost::seeds
