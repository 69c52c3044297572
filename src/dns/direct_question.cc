#include "dns/direct_question.h"

#include "dns/exchange.h"
#include "dns/message.h"
#include "dns/rdata.h"

namespace waypost::dns {

namespace {

// What does not decode has no alias: whoever asks hears the code all the same.
std::string alias_in(std::string_view octets, const std::string& name) {
  const auto message = parse_message(octets);
  if (!message) return {};
  for (const Record& record : message->answers) {
    if (record.type != record_type::cname || record.name != name) continue;
    auto target = parse_ptr_rdata(record.rdata);
    return target ? *target : std::string();
  }
  return {};
}

}  // namespace

io::Task<Result<DirectAnswer>> ask_directly(io::Loop& loop, io::Network& network, Endpoint server,
                                            DirectQuestion question, Instant deadline,
                                            Instant connected_by) {
  std::string name;
  if (!question.name.empty()) {
    CO_TRY(name, normalize_name(question.name));
  }
  auto id = static_cast<uint16_t>(loop.rng().next());
  // AD in a question: tell whether you validated (RFC 6840 §5.7).
  uint16_t flags = message_flag::recursion_desired | message_flag::authentic_data;
  if (question.checking_disabled) flags |= message_flag::checking_disabled;
  std::string message = question_message(id, flags, name, question.type);
  CO_TRY(std::string octets,
         co_await exchange(network, server, std::move(message), deadline, connected_by));
  const unsigned answered = read_16(octets, 2);
  DirectAnswer answer;
  answer.rcode = static_cast<int>(answered & 0x000f);
  answer.authentic = (answered & message_flag::authentic_data) != 0;
  answer.answers = read_16(octets, 6);
  answer.alias = alias_in(octets, name);
  co_return answer;
}

}  // namespace waypost::dns
