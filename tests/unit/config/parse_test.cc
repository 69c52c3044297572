#include "config/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/networks.h"

namespace waypost::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view smallest =
    "hostname = \"mail.example.com\"\n"
    "[[listener]]\n"
    "address = \"127.0.0.1:2525\"\n"
    "tls = \"none\"\n"
    "trusted_networks = [\"127.0.0.0/8\"]\n";

std::string with(std::string_view more) { return std::string(smallest) + std::string(more); }

Parsed parse_texts(std::vector<std::string> texts) {
  std::vector<Source> sources;
  for (std::string& text : texts)
    sources.push_back({"file" + std::to_string(sources.size()) + ".toml", std::move(text)});
  return parse(sources);
}

// The configuration of texts that must be right.
Config accepted(std::vector<std::string> texts) {
  Parsed parsed = parse_texts(std::move(texts));
  for (const Diagnostic& diagnostic : parsed.diagnostics) ADD_FAILURE() << diagnostic.message;
  return parsed.config.value_or(Config());
}

std::vector<std::string> messages(const Parsed& parsed) {
  std::vector<std::string> result;
  for (const Diagnostic& diagnostic : parsed.diagnostics) result.push_back(diagnostic.message);
  return result;
}

TEST(Parse, gives_the_defaults_to_the_smallest_file) {
  Config config = accepted({std::string(smallest)});
  EXPECT_EQ(config.hostname, "mail.example.com");
  EXPECT_EQ(config.data_dir, "/var/lib/waypost");
  ASSERT_EQ(config.listeners.size(), 1u);
  EXPECT_EQ(config.listeners[0].address.text(), "127.0.0.1:2525");
  EXPECT_EQ(config.listeners[0].tls, TlsMode::none);
  EXPECT_EQ(config.listeners[0].origin.text(), "file0.toml:2");
  EXPECT_EQ(config.limits, Limits());
  EXPECT_EQ(config.queue, QueueSettings());
  EXPECT_EQ(config.site_default.connections.value, 20u);
  EXPECT_EQ(config.site_default.connections.origin.text(), "built-in default");
}

TEST(Parse, reads_every_kind_of_value) {
  Config config = accepted({with(R"(
[limits]
message_octets_max = "10 mb"
spool_free_octets_min = 4096
[queue]
retry_first = "1m30s"
retry_factor = 3
retry_jitter = 0.5
[delivery]
next_hop = "[2001:db8::1]:587"
tls = "required"
source_address = "2001:db8::2"
forbidden_addresses = ["10.0.0.0/8"]
[dns]
resolver = "127.0.0.1"
records = ["mx.example. IN AAAA 2001:db8::1", "example. MX 10 mx.example."]
[log]
level = "debug"
format = "json"
)")});
  EXPECT_EQ(config.limits.message_octets_max, 10'000'000u);
  EXPECT_EQ(config.limits.spool_free_octets_min, 4096u);
  EXPECT_EQ(config.queue.retry_first, 90s);
  EXPECT_EQ(config.queue.retry_factor, 3.0);
  EXPECT_EQ(config.queue.retry_jitter, 0.5);
  EXPECT_EQ(config.delivery.next_hop, (NextHop{"2001:db8::1", 587}));
  EXPECT_EQ(config.delivery.tls, DeliveryTls::required);
  EXPECT_EQ(config.delivery.source_address->text(), "2001:db8::2");
  ASSERT_EQ(config.delivery.forbidden_addresses.size(), 1u);
  EXPECT_TRUE(config.delivery.forbidden_addresses[0].contains(*base::IpAddress::parse("10.1.2.3")));
  EXPECT_EQ(config.dns.resolver->text(), "127.0.0.1:53");
  EXPECT_EQ(config.dns.records.size(), 2u);
  EXPECT_EQ(config.log.level, LogLevel::debug);
  EXPECT_EQ(config.log.format, LogFormat::json);
}

TEST(Parse, forbids_addresses_of_the_machine_itself_by_default) {
  Config config = accepted({with("")});
  for (const char* inner : {"0.0.0.0", "127.0.0.11", "169.254.169.254", "224.0.0.1", "::", "::1",
                            "::ffff:127.0.0.1", "fe80::1", "ff02::1"})
    EXPECT_TRUE(base::contains(config.delivery.forbidden_addresses, *base::IpAddress::parse(inner)))
        << inner;
  for (const char* outer : {"192.0.2.1", "10.0.0.1", "2001:db8::1", "::2"})
    EXPECT_FALSE(
        base::contains(config.delivery.forbidden_addresses, *base::IpAddress::parse(outer)))
        << outer;
}

TEST(Parse, lets_later_files_override_values_and_add_tables) {
  Config config = accepted({with("[queue]\nretry_first = \"2m\"\nretry_max = \"3h\"\n"
                                 "[dns]\nrecords = [\"a. A 192.0.2.1\", \"b. A 192.0.2.1\"]\n"),
                            "hostname = \"other.example.com\"\n"
                            "[queue]\nretry_first = \"5m\"\n[dns]\nrecords = []\n"
                            "[[listener]]\naddress = \"127.0.0.1:2526\"\ntls = \"none\"\n"
                            "trusted_networks = [\"127.0.0.1\"]\n"});
  EXPECT_EQ(config.hostname, "other.example.com");
  EXPECT_EQ(config.queue.retry_first, 5min);
  EXPECT_EQ(config.queue.retry_max, 3h);
  EXPECT_TRUE(config.dns.records.empty());
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[1].origin.text(), "file1.toml:6");
}

TEST(Parse, tells_what_a_site_says_from_what_it_leaves_out) {
  Config config = accepted({with("[[site]]\nid = \"gmail\"\nmatch = [\"Gmail.com\"]\n"
                                 "connections = 3\n"),
                            "[site_default]\nmessages_per_second = 2.5\n"});
  ASSERT_EQ(config.sites.size(), 1u);
  const SiteRule& site = config.sites[0];
  EXPECT_THAT(site.match, ElementsAre("gmail.com"));
  EXPECT_EQ(site.limits.connections.value, 3u);
  EXPECT_EQ(site.limits.connections.origin.text(), "file0.toml:9");
  EXPECT_TRUE(site.limits.messages_per_second.origin.is_built_in());
  EXPECT_TRUE(site.limits.recipients_per_message.origin.is_built_in());
  EXPECT_EQ(config.site_default.messages_per_second.value, 2.5);
  EXPECT_EQ(config.site_default.messages_per_second.origin.text(), "file1.toml:2");
}

TEST(Parse, wants_the_hosts_of_a_site_that_is_not_known) {
  const std::vector<std::string> known{"gmail", "yahoo"};
  auto parsed = [&](const std::string& id) {
    std::vector<Source> sources{{"file0.toml", with("[[site]]\nid = \"" + id + "\"\n")}};
    return parse(sources, known);
  };
  EXPECT_TRUE(parsed("yahoo").config);
  Parsed wrong = parsed("yaho");
  ASSERT_EQ(wrong.diagnostics.size(), 1u);
  EXPECT_EQ(wrong.diagnostics[0].message, "`match` is missing in this [[site]]");
  EXPECT_EQ(wrong.diagnostics[0].did_you_mean, "yahoo");
}

TEST(Parse, points_at_the_exact_place_in_the_right_file) {
  Parsed parsed = parse_texts({std::string(smallest), "[queue]\n  retry_first = \"soon\"\n"});
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  const Diagnostic& problem = parsed.diagnostics[0];
  EXPECT_EQ(problem.file, "file1.toml");
  EXPECT_EQ(problem.line, 2u);
  EXPECT_EQ(problem.column, 17u);
  EXPECT_EQ(problem.length, 6u);
  EXPECT_EQ(problem.severity, Severity::error);
  EXPECT_FALSE(parsed.config);
}

TEST(Parse, reports_the_files_in_order_and_each_by_line) {
  Parsed parsed = parse_texts({with("[limits]\nzz = 1\naa = 2\n"), "qq = 1\n"});
  EXPECT_THAT(messages(parsed), ElementsAre("unknown key `zz` in [limits]",
                                            "unknown key `aa` in [limits]", "unknown key `qq`"));
}

TEST(Parse, does_not_call_missing_what_stands_on_a_broken_line) {
  Parsed parsed =
      parse_texts({"hostname = mail.example.com\n[[site]]\nid = gmail\n"
                   "match = [\"gmail.com\"]\n"});
  EXPECT_THAT(messages(parsed), ElementsAre("this text needs quotes", "this text needs quotes"));
}

TEST(Parse, does_not_compare_with_a_value_that_was_refused) {
  Parsed parsed = parse_texts({with("[queue]\nretry_first = 5\nretry_max = \"30s\"\n")});
  EXPECT_THAT(messages(parsed), ElementsAre("`retry_first` is not a duration"));
}

TEST(Parse, gives_a_configuration_in_spite_of_warnings) {
  Parsed parsed = parse_texts({with("[limits]\nsession_idle = \"10s\"\n")});
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].severity, Severity::warning);
  ASSERT_TRUE(parsed.config);
  EXPECT_EQ(parsed.config->limits.session_idle, 10s);
}

TEST(Parse, lets_many_listeners_have_a_port_that_the_system_picks) {
  std::string listener =
      "[[listener]]\naddress = \"127.0.0.1:0\"\ntls = \"none\"\n"
      "trusted_networks = [\"127.0.0.0/8\"]\n";
  EXPECT_EQ(accepted({with(listener + listener)}).listeners.size(), 3u);
}

TEST(Parse, stops_counting_at_a_hundred_problems) {
  std::string text(smallest);
  for (int i = 0; i < 500; ++i) text += "key_" + std::to_string(i) + "x = 1\n";
  Parsed parsed = parse_texts({text});
  ASSERT_EQ(parsed.diagnostics.size(), 101u);
  EXPECT_THAT(parsed.diagnostics.back().message, HasSubstr("more than 100 problems"));
}

TEST(Parse, survives_texts_that_ask_for_too_much) {
  std::string dots = "a";
  for (int i = 0; i < 200'000; ++i) dots += ".a";
  std::string tables;
  for (int i = 0; i < 50'000; ++i) tables += "[t" + std::to_string(i) + "]\n";
  std::string hidden = "x = \"\"\"\"\"\"\"\"\ny = " + std::string(5000, '[');
  for (const std::string& text :
       {dots + " = 1\n", "[" + dots + "]\n", "x = " + std::string(500'000, '['),
        "x = " + std::string(300'000, '{'), std::string(2 << 20, ' '), std::string(9, '\0'), tables,
        hidden, "x = '''" + std::string(5000, '['), std::string("\xff\xfe"), std::string("\r")}) {
    Parsed parsed = parse_texts({text});
    EXPECT_FALSE(parsed.config);
    EXPECT_FALSE(parsed.diagnostics.empty());
  }
}

TEST(Parse, wants_at_least_one_file) {
  Parsed parsed = parse({});
  EXPECT_FALSE(parsed.config);
  EXPECT_THAT(messages(parsed), ElementsAre("`hostname` is missing", "there is no [[listener]]"));
}

}  // namespace
}  // namespace waypost::config
