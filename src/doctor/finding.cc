#include "doctor/finding.h"

#include <fmt/format.h>

#include "base/check.h"

namespace waypost::doctor {

std::string_view name(Rung rung) {
  switch (rung) {
    case Rung::name:
      return "name";
    case Rung::connect:
      return "connect";
    case Rung::tls:
      return "tls";
    case Rung::login:
      return "login";
    case Rung::accept:
      return "accept";
    case Rung::inbox:
      return "inbox";
  }
  CHECK(false);
}

std::string_view name(Tested tested) {
  switch (tested) {
    case Tested::not_tested:
      return "not-tested";
    case Tested::works:
      return "works";
    case Tested::fails:
      return "fails";
  }
  CHECK(false);
}

std::string_view name(Evidence::Kind kind) {
  switch (kind) {
    case Evidence::Kind::sent:
      return "sent";
    case Evidence::Kind::received:
      return "recv";
    case Evidence::Kind::dns:
      return "dns";
    case Evidence::Kind::note:
      return "note";
  }
  CHECK(false);
}

std::string shown_time(Duration duration) {
  using std::chrono::seconds;
  auto milliseconds = std::chrono::round<std::chrono::milliseconds>(duration).count();
  if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
  if (duration < seconds(10)) return fmt::format("{:.1f} s", double(milliseconds) / 1000);
  return fmt::format("{} s", std::chrono::round<seconds>(duration).count());
}

}  // namespace waypost::doctor
