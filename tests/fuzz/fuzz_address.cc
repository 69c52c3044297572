#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "smtp/address.h"

using namespace waypost::smtp;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto mailbox = parse_mailbox(text)) {
    const std::string printed = mailbox->text();
    CHECK(printed.size() <= 254);
    CHECK(std::all_of(printed.begin(), printed.end(), [](char c) { return c >= ' ' && c < 0x7f; }));
    const auto again = parse_mailbox(printed);
    CHECK(again && *again == *mailbox);
    const auto path = take_path("<" + printed + ">");
    CHECK(path && path->mailbox == *mailbox && path->rest.empty());
  }
  if (const auto domain = parse_domain(text)) {
    const auto again = parse_domain(*domain);
    CHECK(again && *again == *domain);
  }
  if (const auto path = take_path(text)) {
    CHECK(path->rest.size() < text.size() && text.ends_with(path->rest));
    if (path->mailbox && !path->mailbox->domain.empty())
      CHECK(parse_mailbox(path->mailbox->text()) == *path->mailbox);
  }
  return 0;
}
