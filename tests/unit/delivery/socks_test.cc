#include "delivery/socks.h"

#include <gtest/gtest.h>

#include "delivery/dialer.h"

namespace waypost::delivery {
namespace {

using Whose = SocksDialogue::Whose;

const Endpoint v4{IpAddress::v4({192, 0, 2, 25}), 587};
const Endpoint v6{*IpAddress::parse("2001:db8::19"), 25};

std::string octets(std::initializer_list<int> values) {
  std::string text;
  for (int value : values) text += static_cast<char>(value);
  return text;
}

SocksDialogue with_login(std::string name = "relay", std::string_view password = "hush") {
  return {v4, SocksDialogue::Login{std::move(name), Secret(password)}};
}

// Whose failure the last of the answers makes; each of them as long as is wanted.
std::optional<Whose> failure_of(SocksDialogue& dialogue, std::vector<std::string> answers) {
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(dialogue.wanted(), answers[i].size());
    auto taken = dialogue.take(answers[i]);
    if (!taken) {
      EXPECT_EQ(i + 1, answers.size());
      return taken.error().whose;
    }
  }
  return std::nullopt;
}

TEST(Socks, asks_for_an_ipv4_address_without_a_login) {
  SocksDialogue dialogue(v4, std::nullopt);
  EXPECT_EQ(dialogue.take_output(), octets({5, 1, 0}));
  EXPECT_FALSE(failure_of(dialogue, {octets({5, 0})}));
  EXPECT_EQ(dialogue.take_output(), octets({5, 1, 0, 1, 192, 0, 2, 25, 2, 75}));
  EXPECT_TRUE(dialogue.asked());
  EXPECT_FALSE(failure_of(dialogue, {octets({5, 0, 0, 1}), std::string(6, 'x')}));
  EXPECT_TRUE(dialogue.done());
}

TEST(Socks, asks_for_an_ipv6_address) {
  SocksDialogue dialogue(v6, std::nullopt);
  dialogue.take_output();
  EXPECT_FALSE(failure_of(dialogue, {octets({5, 0})}));
  EXPECT_EQ(dialogue.take_output(),
            octets({5, 1, 0, 4}) + std::string(v6.address.octets()) + octets({0, 25}));
}

TEST(Socks, logs_in_only_when_the_proxy_wants_it) {
  SocksDialogue asked = with_login();
  EXPECT_EQ(asked.take_output(), octets({5, 2, 0, 2}));
  EXPECT_FALSE(failure_of(asked, {octets({5, 2})}));
  EXPECT_EQ(asked.take_output(), octets({1, 5}) + "relay" + octets({4}) + "hush");
  EXPECT_FALSE(asked.asked());
  EXPECT_FALSE(failure_of(asked, {octets({1, 0})}));
  EXPECT_EQ(asked.take_output().substr(0, 4), octets({5, 1, 0, 1}));

  SocksDialogue open = with_login();
  open.take_output();
  EXPECT_FALSE(failure_of(open, {octets({5, 0})}));
  EXPECT_EQ(open.take_output().find("hush"), std::string::npos);
}

TEST(Socks, reads_every_kind_of_bound_address_and_nothing_beyond) {
  for (const std::vector<std::string>& bound :
       {std::vector{octets({5, 0, 0, 1}), std::string(6, 'x')},
        std::vector{octets({5, 0, 0, 4}), std::string(18, 'x')},
        std::vector{octets({5, 0, 0, 3}), octets({255}), std::string(257, 'x')},
        std::vector{octets({5, 0, 0, 3}), octets({0}), std::string(2, 'x')}}) {
    SocksDialogue dialogue(v4, std::nullopt);
    EXPECT_FALSE(failure_of(dialogue, {octets({5, 0})}));
    EXPECT_FALSE(failure_of(dialogue, bound));
    EXPECT_TRUE(dialogue.done());
    EXPECT_EQ(dialogue.wanted(), 0u);
  }
}

TEST(Socks, blames_the_proxy_before_it_was_asked_for_anything) {
  for (const std::string& method :
       {octets({4, 0}), octets({5, 255}), octets({5, 2}), octets({5, 1})}) {
    SocksDialogue dialogue(v4, std::nullopt);
    EXPECT_EQ(failure_of(dialogue, {method}), Whose::proxy);
  }
  for (const std::string& answer : {octets({1, 1}), octets({5, 0})}) {
    SocksDialogue dialogue = with_login();
    EXPECT_EQ(failure_of(dialogue, {octets({5, 2}), answer}), Whose::proxy);
  }
}

TEST(Socks, takes_no_name_or_password_that_does_not_fit) {
  for (auto [name, password] : {std::pair{std::string(256, 'n'), std::string("p")},
                                std::pair{std::string("n"), std::string(256, 'p')},
                                std::pair{std::string("n"), std::string()}}) {
    SocksDialogue dialogue = with_login(name, password);
    dialogue.take_output();
    EXPECT_EQ(failure_of(dialogue, {octets({5, 2})}), Whose::proxy);
    EXPECT_EQ(dialogue.take_output(), "");
  }
}

TEST(Socks, tells_what_the_host_did_from_what_the_proxy_would_not) {
  for (int code = 1; code < 256; ++code) {
    SocksDialogue dialogue(v4, std::nullopt);
    bool the_host = code >= 4 && code <= 6;
    EXPECT_EQ(failure_of(dialogue, {octets({5, 0}), octets({5, code, 0, 1})}),
              the_host ? Whose::destination : Whose::path)
        << code;
    EXPECT_TRUE(dialogue.asked());
  }
  for (const std::string& answer : {octets({4, 0, 0, 1}), octets({5, 0, 0, 2})}) {
    SocksDialogue dialogue(v4, std::nullopt);
    EXPECT_EQ(failure_of(dialogue, {octets({5, 0}), answer}), Whose::path);
  }
}

TEST(ProxyHeader, names_our_address_and_theirs) {
  const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
  EXPECT_EQ(proxy_v2_header(IpAddress::v4({198, 51, 100, 7}), v4),
            signature + octets({0x21, 0x11, 0, 12, 198, 51, 100, 7, 192, 0, 2, 25, 0, 0, 2, 75}));
  IpAddress from = *IpAddress::parse("2001:db8::7");
  EXPECT_EQ(proxy_v2_header(from, v6),
            signature + octets({0x21, 0x21, 0, 36}) + std::string(from.octets()) +
                std::string(v6.address.octets()) + octets({0, 0, 0, 25}));
}

}  // namespace
}  // namespace waypost::delivery
