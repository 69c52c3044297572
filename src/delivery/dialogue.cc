#include "delivery/dialogue.h"

namespace waypost::delivery {
namespace {

// Shorter ones would be found in every text.
constexpr size_t withheld_octets_min = 4;
constexpr std::string_view in_place_of_a_secret = "(not shown)";

}  // namespace

io::Task<Result<void>> Dialogue::send(std::string_view commands, Duration patience) {
  if (log_) log_->said(commands);
  co_return co_await stream_->write(commands, loop_.now() + patience);
}

io::Task<Result<void>> Dialogue::send_unseen(std::string_view octets, std::string_view shown,
                                             Duration patience) {
  if (log_ && !shown.empty()) log_->said(shown);
  co_return co_await stream_->write(octets, loop_.now() + patience);
}

io::Task<Result<smtp::Reply>> Dialogue::read_reply(Duration patience) {
  Instant deadline = loop_.now() + patience;
  while (true) {
    if (has_unread_octets()) {
      Result<size_t> taken = reader_.feed({buffer_.data() + begin_, end_ - begin_});
      // Its words may be those of the login.
      if (!taken && !withheld_.empty())
        co_return failure(taken.error().code(),
                          "they sent what is no reply (not shown, since it follows a login)");
      if (!taken) co_return failure(std::move(taken).error());
      begin_ += *taken;
      if (reader_.complete()) {
        smtp::Reply reply = reader_.take();
        take_out_secrets(reply);
        show(reply);
        co_return reply;
      }
    }
    CO_TRY(size_t received, co_await stream_->read(buffer_, deadline));
    if (received == 0)
      co_return failure(ErrorCode::peer_gone, reader_.started()
                                                  ? "they closed the connection within a reply"
                                                  : "they closed the connection");
    begin_ = 0;
    end_ = received;
  }
}

void Dialogue::withhold(Secret secret) {
  if (secret.reveal().size() >= withheld_octets_min) withheld_.push_back(std::move(secret));
}

void Dialogue::take_out_secrets(smtp::Reply& reply) const {
  for (const Secret& secret : withheld_)
    for (std::string& line : reply.lines)
      for (size_t at = 0; (at = line.find(secret.reveal(), at)) != std::string::npos;
           at += in_place_of_a_secret.size())
        line.replace(at, secret.reveal().size(), in_place_of_a_secret);
}

// What goes to and fro in a login stays between the two: a 334 carries a part of it.
void Dialogue::show(const smtp::Reply& reply) {
  constexpr int challenge_code = 334;  // RFC 4954 §4
  if (!log_) return;
  if (reply.code == challenge_code)
    log_->heard(smtp::reply(challenge_code, "(a challenge)"));
  else
    log_->heard(reply);
}

io::Task<Result<smtp::Reply>> Dialogue::ask(std::string command, Duration patience) {
  CO_TRY_VOID(co_await send(command, patience));
  co_return co_await read_reply(patience);
}

}  // namespace waypost::delivery
