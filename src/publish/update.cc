#include "publish/update.h"

#include <fmt/format.h>

#include "dns/exchange.h"
#include "dns/message.h"

namespace waypost::publish {
namespace {

constexpr uint16_t opcode_update = 5u << 11;

dns::Record record_of(const Change& change, uint16_t record_class, uint32_t ttl_s,
                      std::string rdata) {
  return {change.name, change.type, record_class, ttl_s, std::move(rdata)};
}

unsigned append_prerequisites(std::string& octets, const Change& change) {
  if (!change.before) return 0;
  unsigned count = 1;
  dns::Record no_alias = record_of(change, dns::record_class::none, 0, "");
  no_alias.type = dns::record_type::cname;
  dns::append_record(octets, no_alias);
  if (change.before->empty()) {
    // No such record (RFC 2136 §2.4.3).
    dns::append_record(octets, record_of(change, dns::record_class::none, 0, ""));
    return count + 1;
  }
  // Exactly these (RFC 2136 §2.4.2).
  for (const std::string& rdata : *change.before) {
    dns::append_record(octets, record_of(change, dns::record_class::in, 0, rdata));
    ++count;
  }
  return count;
}

unsigned append_changes(std::string& octets, const Change& change) {
  unsigned count = 0;
  for (const std::string& rdata : change.removed) {
    dns::append_record(octets, record_of(change, dns::record_class::none, 0, rdata));
    ++count;
  }
  if (!change.added.empty()) {
    dns::append_record(octets,
                       record_of(change, dns::record_class::in, record_ttl_s, change.added));
    ++count;
  }
  return count;
}

std::string signature_in_words(const UpdateAnswer& answer, const TsigKey& key, WallTime now) {
  switch (answer.signature.error) {
    case tsig_error::bad_key:
      return fmt::format(
          "The server does not know the key \"{}\" with {} (BADKEY). Name and algorithm must be "
          "the same in its configuration.",
          key.name, name(key.algorithm));
    case tsig_error::bad_signature:
      return fmt::format(
          "The server knows the key \"{}\" with another secret (BADSIG). Copy its key file again.",
          key.name);
    case tsig_error::bad_time: {
      std::string text =
          "The clocks of this machine and of the server differ by more than five minutes "
          "(BADTIME).";
      if (answer.signature.server_time)
        text += fmt::format(" It is {} there and {} here.",
                            base::to_rfc3339(*answer.signature.server_time).substr(0, 19),
                            base::to_rfc3339(now).substr(0, 19));
      return text + " Set the wrong one (timedatectl).";
    }
    default:
      return "";
  }
}

std::string rcode_in_words(int rcode, const Update& update, const TsigKey& key) {
  switch (rcode) {
    case 1:
      return "The server could not read the message (FORMERR).";
    case 2:
      return fmt::format(
          "The server failed (SERVFAIL). Its log says why; often it cannot write the journal "
          "beside "
          "the file of {}.",
          update.zone);
    case 4:
      return "The server takes no updates at all (NOTIMP).";
    case 5:
      return fmt::format(
          "The server does not let the key \"{}\" change {} (REFUSED). BIND wants "
          "update-policy or allow-update in the zone, Knot an acl with action: update.",
          key.name, update.zone);
    case 6:
    case 7:
    case 8:
      return "Somebody changed the records in between, so that nothing was changed "
             "(YXDOMAIN, YXRRSET or NXRRSET). Do it again: the plan is made anew.";
    case 9:
      return fmt::format(
          "The server is not the primary of {}, or does not take the key for it (NOTAUTH). Send "
          "updates to the primary.",
          update.zone);
    case 10:
      return fmt::format("A record is outside of the zone {} (NOTZONE).", update.zone);
    default:
      return fmt::format("The server answered with the code {}.", rcode);
  }
}

}  // namespace

std::string update_message(uint16_t id, const Update& update) {
  std::string prerequisites;
  std::string changes;
  unsigned prerequisite_count = 0;
  unsigned change_count = 0;
  for (const Change& change : update.changes) {
    prerequisite_count += append_prerequisites(prerequisites, change);
    change_count += append_changes(changes, change);
  }
  std::string message;
  dns::append_16(message, id);
  dns::append_16(message, opcode_update);
  for (unsigned count : {1u, prerequisite_count, change_count, 0u}) dns::append_16(message, count);
  dns::append_name(message, update.zone);
  dns::append_16(message, dns::record_type::soa);
  dns::append_16(message, dns::record_class::in);
  return message + prerequisites + changes;
}

std::string in_words(const UpdateAnswer& answer, const Update& update, const TsigKey& key,
                     WallTime now) {
  if (answer.done()) return fmt::format("The server has it in the zone {}.", update.zone);
  if (std::string text = signature_in_words(answer, key, now); !text.empty()) return text;
  if (answer.rcode != update_rcode::done) return rcode_in_words(answer.rcode, update, key);
  return "The answer is not signed with the key, so that nobody knows who sent it. Look at the "
         "zone "
         "before you go on.";
}

io::Task<Result<UpdateAnswer>> send_update(io::Loop& loop, io::Network& network, Endpoint server,
                                           Update update, const TsigKey& key, Instant deadline) {
  const auto id = static_cast<uint16_t>(loop.rng().next());
  SignedMessage made = sign_message(update_message(id, update), key, loop.wall_now());
  if (made.octets.size() > 0xffff)
    co_return failure(ErrorCode::resource_exhausted, "the update is longer than a message may be");
  CO_TRY(std::string octets, co_await dns::exchange(network, server, made.octets, deadline));
  UpdateAnswer answer;
  CO_TRY(answer.signature, check_answer(octets, key, made.mac, loop.wall_now()));
  answer.rcode = static_cast<int>(dns::read_16(octets, 2) & 0x000f);
  co_return answer;
}

}  // namespace waypost::publish
