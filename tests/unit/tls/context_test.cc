#include "tls/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/memory_disk.h"
#include "tls/self_signed.h"

namespace waypost::tls {
namespace {

using testing::HasSubstr;

KeyPair fresh_pair() {
  io::SystemClock clock;
  return *make_self_signed({"localhost", "127.0.0.1", "::1"}, std::chrono::days(7), clock);
}

TEST(ServerContext, is_made_from_files) {
  KeyPair pair = fresh_pair();
  fakes::MemoryDisk disk;
  disk.files = {{"/c.pem", pair.certificate_pem}, {"/k.pem", pair.key_pem}};
  EXPECT_TRUE(ServerContext::from_files("/c.pem", "/k.pem", disk));
}

TEST(ServerContext, names_the_file_and_what_is_wrong_with_it) {
  KeyPair pair = fresh_pair();
  KeyPair other = fresh_pair();
  std::string damaged = pair.certificate_pem;
  damaged.replace(100, 4, "!!!!");
  struct Case {
    std::string certificate, key, told;
  };
  const Case cases[] = {
      {"", pair.key_pem, "/c.pem holds no certificate"},
      {"hello", pair.key_pem, "/c.pem holds no certificate"},
      {pair.key_pem, pair.certificate_pem, "are the two files exchanged?"},
      {damaged, pair.key_pem, "/c.pem: certificate 1 does not decode"},
      {pair.certificate_pem, "", "/k.pem holds no private key"},
      {pair.certificate_pem, pair.certificate_pem, "/k.pem holds no private key"},
      {pair.certificate_pem, other.key_pem, "/k.pem does not belong to the first certificate"},
      {pair.certificate_pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
       "/k.pem: the private key does not decode"},
  };
  for (const Case& c : cases) {
    fakes::MemoryDisk disk;
    disk.files = {{"/c.pem", c.certificate}, {"/k.pem", c.key}};
    auto made = ServerContext::from_files("/c.pem", "/k.pem", disk);
    ASSERT_FALSE(made) << c.told;
    EXPECT_THAT(made.error().describe(), HasSubstr(c.told));
  }
}

TEST(ServerContext, asks_nobody_for_a_passphrase) {
  // openssl pkcs8 -topk8 -v2 aes-128-cbc -passout pass:test of a key that was thrown away.
  constexpr std::string_view locked =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhmKv4fZtsA0QICCAAw\n"
      "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEDxjoYOPVnoxKiAa5KGFtWkEgZCe\n"
      "bVEjW1z9hsyfNTg3nFaK6k8TTTSagaSPTPHV+DTts7rbwNj/4NSFU0FQXgvDPajh\n"
      "5n2xwheYJxpFRWNvzZqZqxszUlAm5K9DfqiP9u5fZvioJqbnmsWnkGBcByG+TERg\n"
      "I+DPeq5Jd9RlI7qEFnwGRpuTJLS77fcM9XegWh03x4wleWNWuXxq4/ofy8e+jMs=\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  auto made = ServerContext::from_pem(fresh_pair().certificate_pem, locked);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message(), HasSubstr("protected by a passphrase"));
}

TEST(ServerContext, says_which_file_is_absent) {
  fakes::MemoryDisk disk;
  auto made = ServerContext::from_files("/c.pem", "/k.pem", disk);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().describe(), HasSubstr("while reading the TLS certificate /c.pem"));
}

TEST(ServerContext, refuses_an_endless_chain) {
  KeyPair pair = fresh_pair();
  std::string chain;
  for (int i = 0; i < 17; ++i) chain += pair.certificate_pem;
  EXPECT_FALSE(ServerContext::from_pem(chain, pair.key_pem));
}

TEST(ClientContext, needs_authorities_only_where_it_verifies) {
  fakes::MemoryDisk disk;
  io::SystemClock clock;
  EXPECT_TRUE(ClientContext::create({Verification::opportunistic, ""}, disk, clock));
  auto verifying = ClientContext::create({Verification::required, ""}, disk, clock);
  ASSERT_FALSE(verifying);
  EXPECT_THAT(verifying.error().message(), HasSubstr("install the package ca-certificates"));
  disk.files["/etc/ssl/certs/ca-certificates.crt"] = fresh_pair().certificate_pem;
  EXPECT_TRUE(ClientContext::create({Verification::required, ""}, disk, clock));
}

TEST(ClientContext, says_what_is_wrong_with_a_ca_file) {
  fakes::MemoryDisk disk;
  io::SystemClock clock;
  disk.files["/empty.pem"] = "nothing";
  auto empty = ClientContext::create({Verification::required, "/empty.pem"}, disk, clock);
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().message(), HasSubstr("/empty.pem holds no certificate"));
  auto absent = ClientContext::create({Verification::opportunistic, "/absent.pem"}, disk, clock);
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().describe(), HasSubstr("/absent.pem"));
}

TEST(SelfSigned, refuses_what_is_no_name) {
  io::SystemClock clock;
  for (std::string name : {std::string(), std::string("a b"), std::string("a\0b", 3),
                           std::string(254, 'a'), std::string("b\xc3\xbc")})
    EXPECT_FALSE(make_self_signed({name}, std::chrono::days(1), clock));
  EXPECT_FALSE(make_self_signed({}, std::chrono::days(1), clock));
  EXPECT_TRUE(make_self_signed({std::string(200, 'a')}, std::chrono::days(1), clock));
}

}  // namespace
}  // namespace waypost::tls
