#include "delivery/dialogue.h"

namespace waypost::delivery {

io::Task<Result<void>> Dialogue::send(std::string_view octets, Duration patience) {
  co_return co_await stream_->write(octets, loop_.now() + patience);
}

io::Task<Result<smtp::Reply>> Dialogue::read_reply(Duration patience) {
  Instant deadline = loop_.now() + patience;
  while (true) {
    if (has_unread_octets()) {
      CO_TRY(size_t taken, reader_.feed({buffer_.data() + begin_, end_ - begin_}));
      begin_ += taken;
      if (reader_.complete()) co_return reader_.take();
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

io::Task<Result<smtp::Reply>> Dialogue::ask(std::string command, Duration patience) {
  CO_TRY_VOID(co_await send(command, patience));
  co_return co_await read_reply(patience);
}

}  // namespace waypost::delivery
