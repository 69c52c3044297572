#include "domains/domain_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/memory_disk.h"

namespace waypost::domains {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const WallTime noon = *base::parse_rfc3339("2026-11-21T12:00:00.000000Z");

class DomainStoreTest : public testing::Test {
 protected:
  DomainStoreTest() {
    EXPECT_TRUE(disk.make_folders("/data", 0755));
    shop.domain = "shop.example";
  }
  void make_and_sign(std::string_view selector, KeyType type) {
    ASSERT_TRUE(store.make_key(shop, selector, type, noon));
    ASSERT_TRUE(start_signing(shop, selector, noon));
    ASSERT_TRUE(store.store(shop));
  }

  io::MemoryDisk disk{1};
  DomainStore store{disk, "/data/keys"};
  SendingDomain shop;
};

TEST_F(DomainStoreTest, an_absent_folder_has_no_domains) {
  EXPECT_THAT(*store.list(), IsEmpty());
  EXPECT_EQ(store.load("shop.example").error().code(), ErrorCode::not_found);
  EXPECT_EQ(*store.signing_plan("shop.example"), std::nullopt);
}

TEST_F(DomainStoreTest, keeps_a_domain_across_a_power_cut) {
  ASSERT_TRUE(store.make_key(shop, "E1", KeyType::ed25519, noon));
  disk.power_cut();
  EXPECT_THAT(*store.list(), ElementsAre("shop.example"));
  EXPECT_EQ(*store.load("SHOP.example."), shop);
  EXPECT_EQ(shop.keys.at(0).selector, "e1");
  EXPECT_TRUE(store.load_key(shop, shop.keys[0]));
}

TEST_F(DomainStoreTest, lists_only_files_of_domains) {
  ASSERT_TRUE(store.store(shop));
  shop.domain = "a.example";
  ASSERT_TRUE(store.store(shop));
  for (const char* file : {"/data/keys/notes.txt", "/data/keys/B.example.toml",
                           "/data/keys/a.example.toml.new", "/data/keys/.toml"})
    ASSERT_TRUE(disk.write_file(file, "?", 0600));
  EXPECT_THAT(*store.list(), ElementsAre("a.example", "shop.example"));
}

TEST_F(DomainStoreTest, signs_with_the_keys_that_sign_and_no_other) {
  ASSERT_TRUE(store.make_key(shop, "e1", KeyType::ed25519, noon));
  EXPECT_EQ(*store.signing_plan("shop.example"), std::nullopt);
  make_and_sign("e2", KeyType::ed25519);
  make_and_sign("r1", KeyType::rsa);
  auto plan = store.signing_plan("Shop.Example");
  ASSERT_TRUE(plan && *plan) << plan.error().describe();
  EXPECT_EQ((*plan)->domain, "shop.example");
  ASSERT_EQ((*plan)->keys.size(), 2u);
  EXPECT_EQ((*plan)->keys[0].selector, "e2");
  EXPECT_EQ((*plan)->keys[1].selector, "r1");
  EXPECT_EQ((*plan)->keys[1].key->bits(), 2048u);
}

TEST_F(DomainStoreTest, never_writes_over_a_key) {
  ASSERT_TRUE(store.make_key(shop, "e1", KeyType::ed25519, noon));
  auto again = store.make_key(shop, "e1", KeyType::ed25519, noon);
  EXPECT_EQ(again.error().code(), ErrorCode::already_exists);
  ASSERT_TRUE(disk.write_file("/data/keys/shop.example/e2.pem", "mine", 0600));
  EXPECT_EQ(store.make_key(shop, "e2", KeyType::ed25519, noon).error().code(),
            ErrorCode::already_exists);
  EXPECT_EQ(*disk.read_file("/data/keys/shop.example/e2.pem", 100), "mine");
  EXPECT_FALSE(store.make_key(shop, "../e3", KeyType::ed25519, noon));
}

TEST_F(DomainStoreTest, a_file_that_is_no_key_is_told_without_its_octets) {
  make_and_sign("e1", KeyType::ed25519);
  ASSERT_TRUE(disk.write_file("/data/keys/shop.example/e1.pem", "hunter2", 0600));
  auto plan = store.signing_plan("shop.example");
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code(), ErrorCode::corrupt);
  EXPECT_THAT(plan.error().describe(), HasSubstr("/data/keys/shop.example/e1.pem"));
  EXPECT_THAT(plan.error().describe(), Not(HasSubstr("hunter2")));
}

TEST_F(DomainStoreTest, a_key_of_another_type_than_stated_is_refused) {
  make_and_sign("e1", KeyType::ed25519);
  shop.keys[0].type = KeyType::rsa;
  ASSERT_TRUE(store.store(shop));
  EXPECT_THAT(store.signing_plan("shop.example").error().message(),
              HasSubstr("holds a key of the type ed25519"));
}

TEST_F(DomainStoreTest, a_file_that_tells_of_another_domain_is_refused) {
  ASSERT_TRUE(store.store(shop));
  ASSERT_TRUE(disk.rename("/data/keys/shop.example.toml", "/data/keys/other.example.toml"));
  EXPECT_THAT(store.load("other.example").error().message(), HasSubstr("another domain"));
}

TEST_F(DomainStoreTest, removes_keys_that_do_not_sign_and_whole_domains) {
  make_and_sign("e1", KeyType::ed25519);
  EXPECT_THAT(store.remove_key(shop, "e1").error().message(), HasSubstr("retire it first"));
  ASSERT_TRUE(retire(shop, "e1", noon));
  ASSERT_TRUE(store.remove_key(shop, "e1"));
  EXPECT_THAT(store.load("shop.example")->keys, IsEmpty());
  EXPECT_FALSE(disk.exists("/data/keys/shop.example/e1.pem"));

  make_and_sign("e2", KeyType::ed25519);
  ASSERT_TRUE(store.remove("shop.example"));
  EXPECT_THAT(*store.list(), IsEmpty());
  EXPECT_FALSE(disk.exists("/data/keys/shop.example/e2.pem"));
  EXPECT_EQ(store.remove("shop.example").error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace waypost::domains
