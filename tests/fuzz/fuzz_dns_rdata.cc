#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dns/rdata.h"
#include "dns/tlsa_record.h"

using namespace waypost;

namespace {

// Every name must pass as a question; as a host's, only one of plain labels.
void check_host(const std::string& host) {
  if (host.empty()) return;
  bool escaped = host.find('\\') != host.npos;
  CHECK(dns::normalize_name(host).has_value() == !escaped);
  CHECK(*dns::normalize_question(host) == host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rdata(reinterpret_cast<const char*>(data), size);
  if (auto record = dns::parse_mx_rdata(rdata)) check_host(record->host);
  auto v4 = dns::parse_address_rdata(rdata, dns::AddressFamily::v4);
  CHECK(v4.has_value() == (size == 4));
  if (v4) CHECK(v4->is_v4() && v4->octets() == rdata);
  auto v6 = dns::parse_address_rdata(rdata, dns::AddressFamily::v6);
  if (v6) CHECK(!v6->is_v4() && v6->octets() == rdata);
  if (auto record = dns::parse_txt_rdata(rdata)) {
    size_t octets = record->strings.size();
    CHECK(record->joined().size() + octets == rdata.size());
  }
  if (auto host = dns::parse_ptr_rdata(rdata)) check_host(*host);
  if (auto service = dns::parse_srv_rdata(rdata)) check_host(service->host);
  if (auto record = dns::parse_tlsa_rdata(rdata)) {
    CHECK(record->data.size() + 3 == rdata.size());
    CHECK(record->text().size() <= 11 + 128 + 4);
  }
  if (auto name = dns::normalize_question(rdata)) CHECK(*dns::normalize_question(*name) == *name);
  if (auto name = dns::normalize_name(rdata)) {
    CHECK(name->size() <= dns::name_octets_max);
    CHECK(*dns::normalize_name(*name) == *name);
  }
  return 0;
}
