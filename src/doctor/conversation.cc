#include "doctor/conversation.h"

#include <algorithm>

#include <fmt/format.h>

namespace waypost::doctor {
namespace {

constexpr size_t opening_octets_max = 256;
constexpr int challenge_code = 334;  // RFC 4954 §4

// The reply line by line, as it came but for what cannot be shown.
std::vector<std::string> lines_of(const smtp::Reply& reply) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < reply.lines.size(); ++i) {
    bool last = i + 1 == reply.lines.size();
    std::string enhanced = reply.enhanced ? reply.enhanced->text() + " " : "";
    lines.push_back(fmt::format("{}{}{}{}", reply.code, last ? " " : "-", enhanced,
                                reply.code == challenge_code ? "[hidden]" : reply.lines[i]));
  }
  return lines;
}

}  // namespace

Conversation::Conversation(io::Loop& loop, EvidenceLog& evidence,
                           std::unique_ptr<io::Stream> stream)
    : loop_(loop), evidence_(evidence), stream_(std::move(stream)), peer_(stream_->peer().text()) {}

void Conversation::show(Evidence::Kind kind, std::string_view text) {
  unsigned n = evidence_.add(kind, peer_, text);
  if (kind == Evidence::Kind::received && last_evidence_ == 0) last_evidence_ = n;
}

io::Task<Result<void>> Conversation::write(std::string octets, Duration patience) {
  co_return co_await stream_->write(octets, loop_.now() + patience);
}

io::Task<Result<smtp::Reply>> Conversation::ask(std::string command, Duration patience) {
  show(Evidence::Kind::sent, command);
  command += "\r\n";
  CO_TRY_VOID(co_await write(std::move(command), patience));
  co_return co_await read_reply(patience);
}

io::Task<Result<smtp::Reply>> Conversation::ask_unseen(Secret line, std::string shown,
                                                       Duration patience) {
  show(Evidence::Kind::sent, shown);
  std::string octets;
  octets.reserve(line.reveal().size() + 2);
  octets += line.reveal();
  octets += "\r\n";
  Secret sent = Secret::take(octets);
  CO_TRY_VOID(co_await stream_->write(sent.reveal(), loop_.now() + patience));
  co_return co_await read_reply(patience);
}

io::Task<Result<smtp::Reply>> Conversation::read_reply(Duration patience) {
  Instant deadline = loop_.now() + patience;
  last_evidence_ = 0;
  while (true) {
    if (begin_ < end_) {
      CO_TRY(size_t taken, reader_.feed(unread()));
      begin_ += taken;
      if (reader_.complete()) {
        smtp::Reply reply = reader_.take();
        // Which octets of which line is not worth knowing: nobody shows any of it.
        if (reply.code != challenge_code && evidence_.spread_in(reply.lines))
          for (std::string& line : reply.lines) line = "[hidden]";
        for (const std::string& line : lines_of(reply)) show(Evidence::Kind::received, line);
        // A challenge is for the login alone, and must stay as it is; nobody shows it.
        if (reply.code != challenge_code)
          for (std::string& line : reply.lines) line = evidence_.without_secrets(std::move(line));
        co_return reply;
      }
    }
    CO_TRY(size_t received, co_await stream_->read(buffer_, deadline));
    if (received == 0) co_return failure(ErrorCode::peer_gone, "they closed the connection");
    heard_at_ = loop_.now();
    begin_ = 0;
    end_ = received;
    size_t room = opening_octets_max - opening_.size();
    opening_.append(buffer_.data(), std::min(received, room));
  }
}

}  // namespace waypost::doctor
