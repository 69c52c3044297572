#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/check.h"
#include "smtp/xclient.h"

using namespace waypost::smtp;

namespace {

template <class T>
void check_attribute(const XClientAttribute<T>& attribute) {
  CHECK(attribute.said || !attribute.value);
}

void check_text(const XClientAttribute<std::string>& attribute) {
  check_attribute(attribute);
  if (!attribute.value) return;
  const std::string& text = *attribute.value;
  CHECK(!text.empty() && text.size() <= 255);
  CHECK(std::none_of(text.begin(), text.end(), waypost::base::is_control));
}

}  // namespace

// What is taken is fit for headers and logs; what is not leaves as one reply.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto said = parse_xclient({reinterpret_cast<const char*>(data), size});
  if (!said) {
    CHECK(said.error().code == 501 && said.error().lines.size() == 1);
    return 0;
  }
  check_attribute(said->address);
  check_attribute(said->port);
  check_text(said->hello_name);
  check_text(said->login);
  return 0;
}
