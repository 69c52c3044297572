#include "publish/tsig.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/ascii.h"
#include "base/check.h"
#include "dns/message.h"
#include "dns/rdata.h"

namespace waypost::publish {
namespace {

constexpr uint64_t time_octets = 6;
constexpr size_t additional_count_at = 10;

const EVP_MD* digest_of(TsigAlgorithm algorithm) {
  switch (algorithm) {
    case TsigAlgorithm::hmac_sha256:
      return EVP_sha256();
    case TsigAlgorithm::hmac_sha384:
      return EVP_sha384();
    case TsigAlgorithm::hmac_sha512:
      return EVP_sha512();
  }
  return EVP_sha256();
}

std::string mac_of(const TsigKey& key, std::string_view octets) {
  const std::string& secret = key.secret.reveal();
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  CHECK(HMAC(digest_of(key.algorithm), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const unsigned char*>(octets.data()), octets.size(),
             reinterpret_cast<unsigned char*>(mac.data()), &length));
  mac.resize(length);
  return mac;
}

uint64_t seconds_of(WallTime time) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

void append_time(std::string& octets, uint64_t seconds) {
  dns::append_16(octets, static_cast<unsigned>(seconds >> 32));
  dns::append_32(octets, static_cast<uint32_t>(seconds));
}

uint64_t read_time(std::string_view octets) {
  uint64_t seconds = 0;
  for (size_t at = 0; at < time_octets; at += 2) seconds = seconds << 16 | dns::read_16(octets, at);
  return seconds;
}

// The fields of a signature but its MAC.
struct Variables {
  uint64_t time = 0;
  unsigned fudge = 0;
  unsigned error = 0;
  std::string other;
};

// RFC 8945 §4.3.3.
std::string variables_octets(const TsigKey& key, const Variables& variables) {
  std::string octets;
  dns::append_name(octets, key.name);
  dns::append_16(octets, dns::record_class::any);
  dns::append_32(octets, 0);
  dns::append_name(octets, name(key.algorithm));
  append_time(octets, variables.time);
  dns::append_16(octets, variables.fudge);
  dns::append_16(octets, variables.error);
  dns::append_16(octets, static_cast<unsigned>(variables.other.size()));
  return octets + variables.other;
}

void set_16(std::string& octets, size_t at, unsigned value) {
  octets[at] = static_cast<char>(value >> 8);
  octets[at + 1] = static_cast<char>(value & 0xff);
}

struct Signature {
  std::string algorithm;
  Variables variables;
  std::string mac;
  unsigned original_id = 0;
};

tl::unexpected<Error> malformed() {
  return failure(ErrorCode::dns, "the name server sent a malformed signature (TSIG)");
}

// Takes `octets` from the front of `rest`.
Result<std::string_view> take(std::string_view& rest, size_t octets) {
  if (rest.size() < octets) return malformed();
  const std::string_view taken = rest.substr(0, octets);
  rest.remove_prefix(octets);
  return taken;
}

Result<std::string_view> take_counted(std::string_view& rest) {
  TRY(std::string_view length, take(rest, 2));
  return take(rest, dns::read_16(length, 0));
}

// RFC 8945 §4.2; its name is never compressed.
Result<Signature> parse_signature(std::string_view rdata) {
  size_t name_octets = 0;
  while (name_octets < rdata.size() && rdata[name_octets] != '\0')
    name_octets += 1u + static_cast<uint8_t>(rdata[name_octets]);
  std::string_view rest = rdata;
  TRY(std::string_view algorithm, take(rest, name_octets + 1));
  Signature signature;
  TRY(signature.algorithm, dns::parse_ptr_rdata(algorithm));
  TRY(std::string_view time, take(rest, time_octets));
  signature.variables.time = read_time(time);
  TRY(std::string_view fudge, take(rest, 2));
  signature.variables.fudge = dns::read_16(fudge, 0);
  TRY(std::string_view mac, take_counted(rest));
  signature.mac = mac;
  TRY(std::string_view numbers, take(rest, 4));
  signature.original_id = dns::read_16(numbers, 0);
  signature.variables.error = dns::read_16(numbers, 2);
  TRY(std::string_view other, take_counted(rest));
  signature.variables.other = other;
  if (!rest.empty()) return malformed();
  return signature;
}

bool fits(const Signature& signature, std::string_view octets, size_t signature_at,
          const TsigKey& key, std::string_view request_mac) {
  std::string unsigned_octets(octets.substr(0, signature_at));
  set_16(unsigned_octets, 0, signature.original_id);
  set_16(unsigned_octets, additional_count_at, dns::read_16(octets, additional_count_at) - 1);
  std::string covered;
  dns::append_16(covered, static_cast<unsigned>(request_mac.size()));
  covered += request_mac;
  covered += unsigned_octets + variables_octets(key, signature.variables);
  const std::string mac = mac_of(key, covered);
  // A shortened one is refused: we ask for whole ones (RFC 8945 §5.2.2.1).
  return mac.size() == signature.mac.size() &&
         CRYPTO_memcmp(mac.data(), signature.mac.data(), mac.size()) == 0;
}

}  // namespace

std::string_view name(TsigAlgorithm algorithm) {
  switch (algorithm) {
    case TsigAlgorithm::hmac_sha256:
      return "hmac-sha256";
    case TsigAlgorithm::hmac_sha384:
      return "hmac-sha384";
    case TsigAlgorithm::hmac_sha512:
      return "hmac-sha512";
  }
  return "";
}

SignedMessage sign_message(std::string message, const TsigKey& key, WallTime now) {
  CHECK(message.size() >= dns::message_header_octets);
  Variables variables;
  variables.time = seconds_of(now);
  variables.fudge = tsig_fudge.count();
  SignedMessage made;
  made.mac = mac_of(key, message + variables_octets(key, variables));
  dns::Record record;
  record.name = key.name;
  record.type = dns::record_type::tsig;
  record.record_class = dns::record_class::any;
  dns::append_name(record.rdata, name(key.algorithm));
  append_time(record.rdata, variables.time);
  dns::append_16(record.rdata, variables.fudge);
  dns::append_16(record.rdata, static_cast<unsigned>(made.mac.size()));
  record.rdata += made.mac;
  dns::append_16(record.rdata, dns::read_16(message, 0));
  dns::append_16(record.rdata, variables.error);
  dns::append_16(record.rdata, 0);
  set_16(message, additional_count_at, dns::read_16(message, additional_count_at) + 1);
  dns::append_record(message, record);
  made.octets = std::move(message);
  return made;
}

Result<TsigAnswer> check_answer(std::string_view octets, const TsigKey& key,
                                std::string_view request_mac, WallTime now) {
  TRY(dns::Message message, dns::parse_message(octets));
  TsigAnswer answer;
  if (message.additionals.empty() || message.additionals.back().type != dns::record_type::tsig)
    return answer;
  const dns::Record& record = message.additionals.back();
  TRY(Signature signature, parse_signature(record.rdata));
  answer.error = static_cast<int>(signature.variables.error);
  if (answer.error == tsig_error::bad_time && signature.variables.other.size() == time_octets)
    answer.server_time = WallTime(std::chrono::seconds(read_time(signature.variables.other)));
  if (record.name != key.name || signature.algorithm != name(key.algorithm) ||
      record.record_class != dns::record_class::any || record.ttl_s != 0)
    return answer;
  const uint64_t ours = seconds_of(now);
  const uint64_t theirs = signature.variables.time;
  const uint64_t apart = ours > theirs ? ours - theirs : theirs - ours;
  // The server's time may be off where just that is what it complains about.
  const bool recent =
      apart <= static_cast<uint64_t>(tsig_fudge.count()) || answer.error == tsig_error::bad_time;
  answer.verified = recent && fits(signature, octets, message.last_record_at, key, request_mac);
  return answer;
}

}  // namespace waypost::publish
