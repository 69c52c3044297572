#include "web/answer_reader.h"

#include <string>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/ascii.h"
#include "base/check.h"

namespace waypost::web {
namespace {

namespace http = boost::beast::http;

Error failure_of(const boost::system::error_code& error) {
  if (error == http::error::header_limit || error == http::error::body_limit)
    return {ErrorCode::resource_exhausted, "its answer is too long"};
  if (error == http::error::partial_message)
    return {ErrorCode::peer_gone, "the connection ended before its answer did"};
  return {ErrorCode::protocol, "its answer is no HTTP"};
}

}  // namespace

struct AnswerReader::Parts {
  http::response_parser<http::string_body> parser;
  std::string left;  // what the parser wants to see again, with what comes behind it
  size_t left_octets_max = 0;
};

AnswerReader::AnswerReader(AnswerLimits limits) : parts_(std::make_unique<Parts>()) {
  parts_->parser.header_limit(limits.header_octets_max);
  parts_->parser.body_limit(limits.body_octets_max);
  parts_->parser.eager(true);
  parts_->left_octets_max = limits.header_octets_max;
}

AnswerReader::~AnswerReader() = default;

Result<bool> AnswerReader::take(std::string_view octets) {
  auto& [parser, left, left_octets_max] = *parts_;
  CHECK(!parser.is_done());
  left += octets;
  if (left.empty()) return false;
  boost::system::error_code error;
  left.erase(0, parser.put(boost::asio::const_buffer(left.data(), left.size()), error));
  if (error == http::error::need_more) error = {};
  if (!error && !parser.is_done() && left.size() > left_octets_max)
    error = http::error::header_limit;
  if (error) return failure(failure_of(error));
  return parser.is_done();
}

Result<void> AnswerReader::end() {
  boost::system::error_code error = http::error::partial_message;
  // The parser does not want to hear of an end before it has seen anything.
  if (parts_->parser.got_some()) {
    error = {};
    parts_->parser.put_eof(error);
  }
  if (!error && !parts_->parser.is_done()) error = http::error::partial_message;
  if (error) return failure(failure_of(error));
  return {};
}

Response AnswerReader::answer() const {
  CHECK(parts_->parser.is_done());
  const auto& message = parts_->parser.get();
  const auto text = [](auto view) { return std::string(view.data(), view.size()); };
  Response response;
  response.code = message.result_int();
  response.content_type = text(message[http::field::content_type]);
  for (const auto& field : message)
    response.fields.emplace_back(base::to_lower(text(field.name_string())), text(field.value()));
  response.body = message.body();
  return response;
}

}  // namespace waypost::web
