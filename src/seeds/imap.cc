#include "seeds/imap.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"
#include "sasl/base64.h"

namespace waypost::seeds {
namespace {

constexpr unsigned challenges_max = 8;
// Of those that a search finds, the newest: a server that finds everything is not believed.
constexpr size_t candidates_max = 3;
constexpr size_t words_octets_max = 300;
constexpr size_t labels_max = 50;
constexpr std::array<std::string_view, 4> tabs{"promotions", "social", "updates", "forums"};

struct Use {
  std::string_view attribute;
  FolderUse use;
};
// Flagged and Important show messages of other folders.
constexpr std::array<Use, 7> uses{{{"\\Junk", FolderUse::junk},
                                   {"\\All", FolderUse::all},
                                   {"\\Sent", FolderUse::sent},
                                   {"\\Drafts", FolderUse::drafts},
                                   {"\\Trash", FolderUse::trash},
                                   {"\\Flagged", FolderUse::other_view},
                                   {"\\Important", FolderUse::other_view}}};
constexpr std::array<std::string_view, 6> names_of_junk{"Junk",       "Spam",      "Junk E-mail",
                                                        "Junk Email", "Bulk Mail", "Bulk"};

bool is_inbox(const Folder& folder) { return base::equals_ignoring_case(folder.name, "INBOX"); }

// Behind the last separator.
std::string_view last_part(std::string_view name, std::string_view separator) {
  const size_t at = separator.empty() ? std::string_view::npos : name.rfind(separator);
  return at == std::string_view::npos ? name : name.substr(at + separator.size());
}

int order_of(const Folder& folder) {
  if (is_inbox(folder)) return 0;
  if (folder.use == FolderUse::junk) return 1;
  return folder.use == FolderUse::all ? 3 : 2;
}

bool has_label(const FoundMessage& message, std::string_view label) {
  return std::find(message.labels.begin(), message.labels.end(), label) != message.labels.end();
}

Hit hit(const Folder& folder, FoundMessage message) {
  const bool is_labelled = folder.use != FolderUse::junk && has_label(message, "\\Inbox");
  return {folder, std::move(message), is_inbox(folder) || is_labelled};
}

// The message in the inbox or in junk.
Result<std::optional<Hit>> find_first(Imap& imap, const std::vector<Folder>& folders,
                                      const std::string& token, Instant deadline) {
  for (const Folder& folder : folders) {
    if (!is_inbox(folder) && folder.use != FolderUse::junk) break;
    TRY(std::optional<FoundMessage> message, imap.find(folder, token, deadline));
    if (message) return std::optional<Hit>(hit(folder, *std::move(message)));
  }
  return std::optional<Hit>();
}

std::string shortened(std::string text) {
  if (text.size() > words_octets_max) text.resize(words_octets_max);
  return text;
}

// A command that looks for the message was refused, as servers do that are asked too often: that
// says nothing about where it is.
tl::unexpected<Error> refused(const std::string& words) {
  return failure(ErrorCode::unavailable, "the server says: " + words);
}

std::optional<uint32_t> number_in(std::string_view text) {
  uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<Folder> folder_of(const Response& response) {
  if (response.word != "LIST" || response.values.size() < 3) return std::nullopt;
  const Value& attributes = response.values[0];
  const Value& name = response.values[2];
  if (attributes.kind != Value::Kind::list || name.kind == Value::Kind::list) return std::nullopt;
  Folder folder{name.text};
  for (const Value& attribute : attributes.items) {
    if (attribute.is_atom("\\Noselect") || attribute.is_atom("\\NonExistent")) return std::nullopt;
    for (const Use& use : uses)
      if (attribute.is_atom(use.attribute) && folder.use == FolderUse::none) folder.use = use.use;
  }
  if (folder.name.empty() || !quoted(folder.name)) return std::nullopt;
  const std::string_view own = last_part(folder.name, response.values[1].text);
  const bool sounds_like_junk =
      std::any_of(names_of_junk.begin(), names_of_junk.end(),
                  [own](std::string_view one) { return base::equals_ignoring_case(one, own); });
  if (folder.use == FolderUse::none && sounds_like_junk) {
    folder.use = FolderUse::junk;
    folder.use_by_name = true;
  }
  return folder;
}

std::optional<FoundMessage> message_of(const Response& response) {
  if (response.word != "FETCH" || response.values.size() != 1) return std::nullopt;
  const std::vector<Value>& items = response.values[0].items;
  FoundMessage message;
  bool has_header = false;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    const Value& value = items[i + 1];
    if (items[i].is_atom("UID")) {
      message.uid = number_in(value.text).value_or(0);
    } else if (items[i].is_atom("INTERNALDATE")) {
      if (auto seconds = parse_internal_date(value.text)) message.received = *seconds;
    } else if (items[i].is_atom("X-GM-LABELS")) {
      for (const Value& label : value.items)
        if (message.labels.size() < labels_max) message.labels.push_back(label.text);
    } else if (base::starts_with_ignoring_case(items[i].text, "BODY[HEADER]")) {
      message.header = value.text;
      has_header = value.kind == Value::Kind::text;
    }
  }
  if (!has_header || message.uid == 0) return std::nullopt;
  return message;
}

Result<Response> Imap::next(Instant deadline) {
  while (true) {
    TRY(std::optional<std::string> octets, reader_.next());
    if (octets) return parse_response(*octets);
    TRY(std::string more, channel_.read(deadline));
    octets_ += more.size();
    if (octets_ > session_octets_max)
      return failure(ErrorCode::protocol, "the server says more than is taken from it");
    reader_.feed(more);
  }
}

Result<Imap::Answer> Imap::answer(Instant deadline) {
  Answer answer;
  size_t values = 0;
  while (true) {
    TRY(Response response, next(deadline));
    values += response.value_count;
    if (response.kind == Response::Kind::state && response.tag == tag_) {
      answer.ok = response.word == "OK";
      answer.text = shortened(response.word + " " + response.text);
      return answer;
    }
    if (response.kind == Response::Kind::state && response.word == "BYE")
      return failure(ErrorCode::peer_gone, "the server says: " + shortened(response.text));
    const bool is_challenge = response.kind == Response::Kind::challenge;
    if (answer.data.size() == responses_per_command_max || values > values_per_command_max)
      return failure(ErrorCode::protocol, "the server does not come to an end");
    answer.data.push_back(std::move(response));
    if (is_challenge) return answer;
  }
}

Result<Imap::Answer> Imap::ask(std::string_view command, Instant deadline) {
  tag_ = fmt::format("w{}", ++commands_);
  TRY_VOID(channel_.write(fmt::format("{} {}\r\n", tag_, command), deadline));
  TRY(Answer got, answer(deadline));
  if (!got.data.empty() && got.data.back().kind == Response::Kind::challenge)
    return failure(ErrorCode::protocol, "the server waits for more where there is no more");
  return got;
}

bool Imap::can(std::string_view capability) const {
  return std::find(capabilities_.begin(), capabilities_.end(), capability) != capabilities_.end();
}

std::vector<std::string> Imap::mechanisms() const {
  std::vector<std::string> found;
  for (const std::string& capability : capabilities_)
    if (capability.starts_with("AUTH=")) found.push_back(capability.substr(5));
  return found;
}

Result<void> Imap::learn(Instant deadline) {
  TRY(Answer got, ask("CAPABILITY", deadline));
  if (!got.ok) return failure(ErrorCode::protocol, "the server says: " + got.text);
  capabilities_.clear();
  for (const Response& response : got.data)
    if (response.word == "CAPABILITY")
      for (const Value& value : response.values)
        capabilities_.push_back(base::to_upper(value.text));
  return {};
}

Result<void> Imap::log_in(sasl::ClientLogin login, io::Rng& rng, Instant deadline) {
  TRY_VOID(learn(deadline));
  const std::vector<std::string> offered = mechanisms();
  TRY(auto exchange, sasl::start_client(offered, std::move(login), rng));
  tag_ = fmt::format("w{}", ++commands_);
  std::string command = fmt::format("{} AUTHENTICATE {}\r\n", tag_, exchange->mechanism());
  TRY_VOID(channel_.write(command, deadline));
  // RFC 4959 would save one turn; without it every server understands it.
  std::optional<Secret> initial = exchange->initial_response();
  for (unsigned challenges = 0;; ++challenges) {
    TRY(Answer got, answer(deadline));
    const bool is_asked = !got.data.empty() && got.data.back().kind == Response::Kind::challenge;
    if (!is_asked && !got.ok) {
      const std::string note = exchange->server_note();
      return failure(ErrorCode::permission_denied,
                     note.empty() ? got.text : fmt::format("{} ({})", got.text, note));
    }
    if (!is_asked && !exchange->server_proved())
      return failure(ErrorCode::protocol, "the server does not show that it knows the password");
    if (!is_asked) return learn(deadline);
    if (challenges == challenges_max)
      return failure(ErrorCode::protocol, "the server asks for more and more");
    Secret reply;
    if (initial) {
      reply = *std::exchange(initial, std::nullopt);
    } else {
      TRY(std::string challenge,
          sasl::base64_decode(got.data.back().text, sasl::challenge_octets_max));
      TRY(reply, exchange->step(challenge));
    }
    std::string encoded = sasl::base64_encode(reply.reveal());
    written_secrets_.push_back(Secret::take(encoded));
    TRY_VOID(channel_.write(written_secrets_.back().reveal() + "\r\n", deadline));
  }
}

Result<std::vector<Folder>> Imap::folders(Instant deadline) {
  Answer got;
  if (can("SPECIAL-USE") && can("LIST-EXTENDED")) {
    TRY(got, ask("LIST \"\" \"*\" RETURN (SPECIAL-USE)", deadline));
  }
  if (!got.ok) {
    TRY(got, ask("LIST \"\" \"*\"", deadline));
  }
  if (!got.ok) return failure(ErrorCode::protocol, "the server lists no folders: " + got.text);
  std::vector<Folder> found;
  for (const Response& response : got.data) {
    std::optional<Folder> folder = folder_of(response);
    if (folder && found.size() < folders_max) found.push_back(*std::move(folder));
  }
  // A name counts only where the server marks no folder.
  const bool is_marked = std::any_of(found.begin(), found.end(), [](const Folder& folder) {
    return folder.use == FolderUse::junk && !folder.use_by_name;
  });
  for (Folder& folder : found)
    if (is_marked && folder.use_by_name) folder = Folder{folder.name};
  if (std::none_of(found.begin(), found.end(), is_inbox)) found.insert(found.begin(), {"INBOX"});
  std::stable_sort(found.begin(), found.end(),
                   [](const Folder& a, const Folder& b) { return order_of(a) < order_of(b); });
  return found;
}

Result<std::vector<uint32_t>> Imap::search(const std::string& what, Instant deadline) {
  TRY(Answer got, ask("UID SEARCH " + what, deadline));
  if (!got.ok) return refused(got.text);
  std::vector<uint32_t> found;
  for (const Response& response : got.data)
    if (response.word == "SEARCH")
      for (const Value& value : response.values)
        if (auto uid = number_in(value.text)) found.push_back(*uid);
  std::sort(found.rbegin(), found.rend());
  return found;
}

Result<std::optional<FoundMessage>> Imap::fetch(uint32_t uid, std::string_view token,
                                                Instant deadline) {
  const std::string items =
      fmt::format("UID INTERNALDATE {}BODY.PEEK[HEADER]<0.{}>",
                  can("X-GM-EXT-1") ? "X-GM-LABELS " : "", literal_octets_max);
  TRY(Answer got, ask(fmt::format("UID FETCH {} ({})", uid, items), deadline));
  for (const Response& response : got.data) {
    std::optional<FoundMessage> message = message_of(response);
    if (message && message->uid == uid && message->header.find(token) != std::string::npos)
      return message;
  }
  return std::optional<FoundMessage>();
}

Result<std::optional<FoundMessage>> Imap::find(const Folder& folder, const std::string& token,
                                               Instant deadline) {
  TRY(const std::string name, quoted(folder.name));
  TRY(const std::string text, quoted(token));
  TRY(Answer opened, ask("EXAMINE " + name, deadline));
  if (!opened.ok && is_inbox(folder)) return refused(opened.text);
  if (!opened.ok) return std::optional<FoundMessage>();
  TRY(const std::vector<uint32_t> uids,
      search(fmt::format("OR HEADER Message-ID {0} HEADER X-Waypost-Doctor {0}", text), deadline));
  for (size_t i = 0; i < uids.size() && i < candidates_max; ++i) {
    TRY(std::optional<FoundMessage> message, fetch(uids[i], token, deadline));
    if (message) return message;
  }
  return std::optional<FoundMessage>();
}

Result<std::optional<Hit>> find_in(Imap& imap, const std::vector<Folder>& folders,
                                   const std::string& token, Instant deadline) {
  for (const Folder& folder : folders) {
    TRY(std::optional<FoundMessage> message, imap.find(folder, token, deadline));
    if (!message) continue;
    // Where a mailbox sends to itself, all mail shows the copy that was sent.
    if (folder.use == FolderUse::all && has_label(*message, "\\Sent")) continue;
    const bool is_view = folder.use == FolderUse::all || has_label(*message, "\\Inbox");
    if (is_view && !is_inbox(folder) && folder.use != FolderUse::junk) {
      TRY(std::optional<Hit> first, find_first(imap, folders, token, deadline));
      if (first) return first;
      // Opens the folder again, in which it may have got other labels.
      TRY(message, imap.find(folder, token, deadline));
    }
    if (message) return std::optional<Hit>(hit(folder, *std::move(message)));
  }
  return std::optional<Hit>();
}

Result<std::string> Imap::tab_of(uint32_t uid, Instant deadline) {
  if (!can("X-GM-EXT-1")) return std::string();
  for (std::string_view tab : tabs) {
    auto uids = search(fmt::format("UID {} X-GM-RAW \"category:{}\"", uid, tab), deadline);
    // Where it is not told, the message still is in the inbox.
    if (!uids && uids.error().code() == ErrorCode::unavailable) return std::string();
    if (!uids) return tl::unexpected(std::move(uids).error());
    if (std::find(uids->begin(), uids->end(), uid) != uids->end()) return std::string(tab);
  }
  return std::string();
}

Result<void> Imap::erase(const Folder& folder, uint32_t uid, Instant deadline) {
  if (!can("UIDPLUS"))
    return failure(ErrorCode::unavailable, "the server cannot remove one message alone (UIDPLUS)");
  TRY(const std::string name, quoted(folder.name));
  const std::string commands[] = {"SELECT " + name,
                                  fmt::format("UID STORE {} +FLAGS.SILENT (\\Deleted)", uid),
                                  fmt::format("UID EXPUNGE {}", uid)};
  for (const std::string& command : commands) {
    TRY(Answer got, ask(command, deadline));
    if (!got.ok) return failure(ErrorCode::permission_denied, "the server says: " + got.text);
  }
  return {};
}

Result<void> Imap::log_out(Instant deadline) {
  return channel_.write(fmt::format("w{} LOGOUT\r\n", ++commands_), deadline);
}

}  // namespace waypost::seeds
