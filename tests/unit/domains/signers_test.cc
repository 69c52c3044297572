#include "domains/signers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/memory_disk.h"

namespace waypost::domains {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime noon = *base::parse_rfc3339("2026-11-21T12:00:00.000000Z");

class SignersTest : public testing::Test {
 protected:
  SignersTest() { EXPECT_TRUE(disk.make_folders("/data/keys", 0755)); }

  void add(const std::string& name, const std::string& selector, bool signs) {
    SendingDomain domain;
    domain.domain = name;
    ASSERT_TRUE(store.make_key(domain, selector, KeyType::ed25519, noon));
    if (signs) {
      ASSERT_TRUE(start_signing(domain, selector, noon));
    }
    ASSERT_TRUE(store.store(domain));
  }
  LoadedSigners load(const Signers* before = nullptr) {
    return load_signers(disk, sources, before);
  }
  static std::vector<std::string> selectors(const Signers& signers, std::string_view domain) {
    std::vector<std::string> found;
    if (auto plan = signers.find(domain))
      for (const auto& key : plan->keys) found.push_back(key.selector + "@" + plan->domain);
    return found;
  }

  io::MemoryDisk disk{1};
  DomainStore store{disk, "/data/keys"};
  SignerSources sources{"/data/keys", {}, {}};
};

TEST_F(SignersTest, the_nearest_domain_above_signs) {
  add("shop.example", "e1", true);
  add("news.shop.example", "n1", true);
  add("new.example", "p1", false);
  auto loaded = load();
  EXPECT_THAT(loaded.troubles, IsEmpty());
  const Signers& signers = *loaded.signers;
  EXPECT_THAT(selectors(signers, "shop.example"), ElementsAre("e1@shop.example"));
  EXPECT_THAT(selectors(signers, "a.b.shop.example"), ElementsAre("e1@shop.example"));
  EXPECT_THAT(selectors(signers, "x.news.shop.example"), ElementsAre("n1@news.shop.example"));
  for (const char* other : {"example", "xshop.example", "new.example", ""})
    EXPECT_THAT(selectors(signers, other), IsEmpty()) << other;
}

TEST_F(SignersTest, the_nearest_domain_above_is_awaited) {
  add("shop.example", "e1", true);
  add("new.example", "p1", false);
  auto loaded = load();
  const Signers& signers = *loaded.signers;
  for (const char* domain : {"new.example", "mail.new.example"}) {
    const Signers::Awaited* awaited = signers.awaited(domain);
    ASSERT_TRUE(awaited) << domain;
    EXPECT_EQ(awaited->domain, "new.example");
    EXPECT_EQ(awaited->record, "p1._domainkey.new.example");
    EXPECT_TRUE(awaited->plan);
  }
  for (const char* domain : {"shop.example", "example", "xnew.example", ""})
    EXPECT_FALSE(signers.awaited(domain)) << domain;
}

TEST_F(SignersTest, keys_from_files_sign_beside_those_of_the_store) {
  add("shop.example", "e1", true);
  ASSERT_TRUE(
      disk.write_file("/old.pem", *disk.read_file("/data/keys/shop.example/e1.pem", 9999), 0600));
  sources.key_files = {{"shop.example", "old", "/old.pem"}, {"other.example", "o", "/old.pem"}};
  auto loaded = load();
  EXPECT_THAT(selectors(*loaded.signers, "shop.example"),
              ElementsAre("e1@shop.example", "old@shop.example"));
  EXPECT_THAT(selectors(*loaded.signers, "other.example"), ElementsAre("o@other.example"));

  sources.domains = {"other.example"};
  EXPECT_THAT(selectors(*load().signers, "shop.example"), ElementsAre("old@shop.example"));
}

TEST_F(SignersTest, a_broken_file_leaves_the_keys_of_before) {
  add("shop.example", "e1", true);
  add("other.example", "o1", true);
  auto before = load();
  ASSERT_TRUE(disk.write_file("/data/keys/shop.example/e1.pem", "rubbish", 0600));
  ASSERT_TRUE(disk.write_file("/data/keys/other.example.toml", "rubbish", 0600));
  auto broken = load(before.signers.get());
  EXPECT_THAT(broken.troubles, ElementsAre(HasSubstr("/data/keys/other.example.toml:1:"),
                                           HasSubstr("/data/keys/shop.example/e1.pem")));
  EXPECT_THAT(selectors(*broken.signers, "shop.example"), ElementsAre("e1@shop.example"));
  EXPECT_THAT(selectors(*broken.signers, "other.example"), ElementsAre("o1@other.example"));
  EXPECT_THAT(selectors(*load().signers, "shop.example"), IsEmpty());

  sources.key_files = {{"third.example", "t", "/absent.pem"}};
  EXPECT_THAT(load().troubles, testing::Contains(HasSubstr("/absent.pem")));
}

TEST_F(SignersTest, says_who_would_sign_if_the_keys_could_be_read) {
  add("shop.example", "e1", true);
  add("other.example", "o1", true);
  auto before = load();
  EXPECT_FALSE(before.signers->is_unreadable("shop.example"));
  ASSERT_TRUE(disk.write_file("/data/keys/shop.example/e1.pem", "rubbish", 0600));
  auto broken = load();
  EXPECT_TRUE(broken.signers->is_unreadable("shop.example"));
  EXPECT_TRUE(broken.signers->is_unreadable("news.shop.example"));
  for (const char* other : {"other.example", "example", "xshop.example", ""})
    EXPECT_FALSE(broken.signers->is_unreadable(other)) << other;
  EXPECT_FALSE(load(before.signers.get()).signers->is_unreadable("shop.example"));
}

TEST_F(SignersTest, a_domain_that_was_taken_away_signs_no_more) {
  add("shop.example", "e1", true);
  auto before = load();
  ASSERT_TRUE(store.remove("shop.example"));
  auto after = load(before.signers.get());
  EXPECT_TRUE(after.signers->empty());
  EXPECT_THAT(after.troubles, IsEmpty());
}

}  // namespace
}  // namespace waypost::domains
