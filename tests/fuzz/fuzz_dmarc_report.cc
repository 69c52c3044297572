#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "message/received_dmarc.h"
#include "reports/dmarc_summary.h"

using namespace waypost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  reports::DmarcCollector collector{reports::DmarcFilter{}};
  for (std::string_view one :
       message::messages_of_mbox({reinterpret_cast<const char*>(data), size})) {
    const auto all = message::read_received_dmarc(one);
    CHECK(!all.empty());
    for (const auto& received : all) {
      if (!received) continue;
      std::visit([&](const auto& report) { collector.add(report); }, *received);
      if (const auto* report = std::get_if<message::DmarcReport>(&*received))
        CHECK(report->rows.size() <= message::dmarc_rows_max);
    }
  }
  const auto summary =
      std::move(collector).finish([](const std::string&, const IpAddress&) { return false; });
  for (const reports::DmarcDomain& domain : summary.domains)
    CHECK(domain.counts.aligned <= domain.counts.messages);
  return 0;
}
