#include "demo/letters.h"

#include <array>

#include <fmt/format.h>

#include "io/draw.h"

namespace waypost::demo {
namespace {

constexpr std::array first_names{"anna", "bob",  "chen",  "dana",  "emil", "fatima",
                                 "goro", "hana", "ivan",  "julia", "kim",  "lars",
                                 "mina", "noor", "oscar", "paula"};
constexpr std::array subjects{"Your invoice", "Reset your password", "Your order has shipped",
                              "Welcome", "Your weekly report"};

template <class List>
const char* draw(const List& list, io::Rng& rng) {
  return list[io::draw_below(rng, list.size())];
}

}  // namespace

std::string Letter::text() const {
  const std::string wish =
      expire_after > Duration::zero()
          ? fmt::format("X-Waypost-Expire-After: {}s\r\n",
                        std::chrono::duration_cast<std::chrono::seconds>(expire_after).count())
          : "";
  return fmt::format(
      "From: Shop <{}>\r\nTo: <{}>\r\nSubject: {}\r\n{}MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n\r\n"
      "Hello,\r\n\r\nthis is pretend mail of the Waypost demo. It has never left this machine.\r\n",
      sender, recipient, subject, wish);
}

Letters::Letters(uint64_t seed) : rng_(seed) {
  for (const Persona& persona : personas()) weights_ += persona.weight;
}

const Persona& Letters::draw_persona() {
  uint64_t at = io::draw_below(rng_, weights_);
  for (const Persona& persona : personas()) {
    if (at < persona.weight) return persona;
    at -= persona.weight;
  }
  return personas().back();
}

Letter Letters::next() {
  const Persona& persona = draw_persona();
  const double fate = rng_.uniform();
  const bool is_unsigned = rng_.uniform() < unsigned_share;
  const char* kind = fate < nobody_share                ? "nobody."
                     : fate < nobody_share + full_share ? "full."
                                                        : "";
  Letter letter;
  letter.sender = fmt::format("hello@{}", is_unsigned ? unsigned_domain : shop_domain);
  letter.recipient =
      fmt::format("{}{}{}@{}", kind, draw(first_names, rng_), drawn_, persona.domain);
  letter.subject = fmt::format("{} #{}", draw(subjects, rng_), 1000 + drawn_);
  if (persona.presence == Presence::nobody_listens) letter.expire_after = patience_with_the_dead;
  ++drawn_;
  return letter;
}

}  // namespace waypost::demo
