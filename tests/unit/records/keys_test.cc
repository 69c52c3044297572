#include "records/keys.h"

#include <array>
#include <fstream>
#include <set>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/ascii.h"
#include "records/sqlite.h"
#include "tests/temporary_folder.h"

namespace waypost::records {
namespace {

using namespace std::chrono_literals;

constexpr WallTime day_one{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

class KeysTest : public testing::Test {
 protected:
  std::unique_ptr<Keys> open() {
    Result<std::unique_ptr<Keys>> keys = Keys::open(path_);
    EXPECT_TRUE(keys) << keys.error().describe();
    return *std::move(keys);
  }
  std::string create(Keys& keys, std::string_view name) {
    Result<std::string> secret = keys.create(name, "shop", "bulk", day_one, rng_);
    EXPECT_TRUE(secret) << secret.error().describe();
    return secret.value_or("");
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "state/records/keys.db";
  io::SystemRng rng_;
};

unsigned mode_of(const std::string& path) {
  struct stat facts {};
  EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 07777;
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(KeysTest, says_whether_a_key_still_holds) {
  auto keys = open();
  create(*keys, "app");
  EXPECT_TRUE(*keys->holds("app"));
  EXPECT_FALSE(*keys->holds("other"));
  ASSERT_TRUE(keys->revoke("app", day_one));
  EXPECT_FALSE(*keys->holds("app"));
}

TEST_F(KeysTest, lets_in_who_has_the_secret) {
  auto keys = open();
  std::string secret = create(*keys, "app@example.com");
  Result<std::optional<Key>> key = keys->check("app@example.com", secret);
  ASSERT_TRUE(key && *key);
  EXPECT_EQ((*key)->name, "app@example.com");
  EXPECT_EQ((*key)->tenant, "shop");
  EXPECT_EQ((*key)->stream, "bulk");
  EXPECT_EQ((*key)->created_at, day_one);
  EXPECT_FALSE((*key)->revoked_at);
}

TEST_F(KeysTest, knows_as_whom_a_key_may_send) {
  auto keys = open();
  using Domains = std::vector<std::string>;
  const Domains domains{"example.com", "*.example.org"};
  auto secret = keys->create("app", "shop", "bulk", day_one, rng_, domains);
  ASSERT_TRUE(secret) << secret.error().describe();
  EXPECT_EQ((*keys->check("app", *secret))->sender_domains, domains);
  secret = keys->create("nobody", "shop", "bulk", day_one, rng_, Domains{});
  EXPECT_EQ((*keys->check("nobody", *secret))->sender_domains, Domains{}) << "none is not any";
  EXPECT_EQ((*keys->check("any", create(*keys, "any")))->sender_domains, std::nullopt);
  for (const char* domain : {"", "*", "*.", "Example.com", "a b", "a@example.com", "[192.0.2.1]",
                             "b\xc3\xbc"
                             "cher.example",
                             "a,b", ".example.com", "*.*.example.com"})
    EXPECT_FALSE(keys->create("wrong", "shop", "bulk", day_one, rng_, Domains{domain})) << domain;
}

TEST_F(KeysTest, knows_streams_in_lower_case) {
  auto keys = open();
  auto secret = keys->create("app", "Shop", "PassWords", day_one, rng_);
  ASSERT_TRUE(secret) << secret.error().describe();
  EXPECT_EQ((*keys->check("app", *secret))->stream, "passwords");
  EXPECT_EQ((*keys->check("app", *secret))->tenant, "Shop");
  EXPECT_FALSE(keys->create("other", "shop", "a@b", day_one, rng_)) << "[[stream]] has no such id";
}

TEST_F(KeysTest, lets_keys_of_the_first_version_send_as_anybody) {
  {
    Result<Database> database = Database::open(path_);
    ASSERT_TRUE(database);
    constexpr std::array<const char*, 1> first_version{
        "CREATE TABLE keys (name TEXT PRIMARY KEY NOT NULL, tenant TEXT NOT NULL, stream TEXT NOT "
        "NULL, secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32), created_at INTEGER NOT "
        "NULL, revoked_at INTEGER) STRICT, WITHOUT ROWID"};
    ASSERT_TRUE(database->migrate(first_version));
    ASSERT_TRUE(
        database->execute("INSERT INTO keys VALUES ('old', 't', 'S@x', zeroblob(32), 1, NULL)"));
  }
  auto list = open()->list();
  ASSERT_TRUE(list) << list.error().describe();
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ(list->front().sender_domains, std::nullopt);
  EXPECT_EQ(list->front().stream, "s@x") << "lower case, as messages and [[stream]] have it";
}

TEST_F(KeysTest, refuses_a_wrong_secret_and_an_unknown_name) {
  auto keys = open();
  std::string secret = create(*keys, "app");
  std::string other = create(*keys, "other");
  std::string changed = secret;
  changed.back() = changed.back() == 'a' ? 'b' : 'a';
  for (const auto& [name, given] : std::vector<std::pair<std::string, std::string>>{
           {"app", other},
           {"app", changed},
           {"app", ""},
           {"app", secret + "x"},
           {"app", secret.substr(0, secret.size() - 1)},
           {"app", std::string(100000, 'x')},
           {"App", secret},
           {"", secret},
           {"nobody", secret},
           {"nobody", std::string(32, '\0')},
           {"app' OR '1'='1", secret},
           {std::string("app\0", 4), secret}}) {
    Result<std::optional<Key>> key = keys->check(name, given);
    ASSERT_TRUE(key) << key.error().describe();
    EXPECT_FALSE(*key) << name << " " << given.substr(0, 50);
  }
}

TEST_F(KeysTest, makes_secrets_of_one_form_that_never_repeat) {
  auto keys = open();
  std::set<std::string> secrets;
  for (int i = 0; i < 50; ++i) {
    std::string secret = create(*keys, "k" + std::to_string(i));
    EXPECT_EQ(secret.size(), 36u);
    EXPECT_TRUE(secret.starts_with("wp_"));
    for (char c : secret.substr(3)) EXPECT_TRUE(base::is_alnum(c)) << secret;
    secrets.insert(secret);
  }
  EXPECT_EQ(secrets.size(), 50u);
}

// Octets 00..00 and ff..ff show that the whole number is used, most significant digit first.
TEST_F(KeysTest, spells_all_192_bits_in_base_62) {
  class Constant : public io::Rng {
   public:
    explicit Constant(uint8_t octet) : octet_(octet) {}
    void fill(std::span<uint8_t> octets) override {
      std::fill(octets.begin(), octets.end(), octet_);
    }

   private:
    uint8_t octet_;
  };
  auto keys = open();
  Constant zeros(0), ones(0xff);
  EXPECT_EQ(keys->create("a", "t", "s", day_one, zeros).value(), "wp_" + std::string(33, '0'));
  EXPECT_EQ(keys->create("b", "t", "s", day_one, ones).value(),
            "wp_2lFA6LboL2xx0ldQH2K1TdSrwuqMMiME3");
}

TEST_F(KeysTest, keeps_no_secret_on_disk) {
  auto keys = open();
  std::string secret = create(*keys, "app");
  keys.reset();
  EXPECT_EQ(contents(path_).find(secret.substr(3)), std::string::npos);
  EXPECT_NE(contents(path_).find("app"), std::string::npos);
}

TEST_F(KeysTest, keeps_its_files_to_its_owner) {
  auto keys = open();
  create(*keys, "app");
  EXPECT_EQ(mode_of(folder_ / "state/records"), 0700u);
  EXPECT_EQ(mode_of(path_), 0600u);
  EXPECT_EQ(mode_of(path_ + "-wal"), 0600u);
  EXPECT_EQ(mode_of(path_ + "-shm"), 0600u);
}

TEST_F(KeysTest, revokes_at_once_and_for_ever) {
  auto keys = open();
  std::string secret = create(*keys, "app");
  ASSERT_TRUE(keys->revoke("app", day_one + 1h));
  EXPECT_FALSE(*keys->check("app", secret));
  ASSERT_TRUE(keys->revoke("app", day_one + 2h));
  EXPECT_EQ(keys->list()->at(0).revoked_at, day_one + 1h);
  Result<std::string> again = keys->create("app", "shop", "bulk", day_one + 3h, rng_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::already_exists);
}

TEST_F(KeysTest, cannot_revoke_what_is_not_there) {
  auto keys = open();
  Result<void> revoked = keys->revoke("app", day_one);
  ASSERT_FALSE(revoked);
  EXPECT_EQ(revoked.error().code(), ErrorCode::not_found);
}

TEST_F(KeysTest, sees_what_another_process_changes) {
  auto server = open();
  auto command_line = open();
  std::string secret = create(*command_line, "app");
  EXPECT_TRUE(*server->check("app", secret));
  ASSERT_TRUE(command_line->revoke("app", day_one));
  EXPECT_FALSE(*server->check("app", secret));
}

TEST_F(KeysTest, lists_all_by_name_and_keeps_them) {
  auto keys = open();
  create(*keys, "b");
  std::string secret = create(*keys, "a");
  create(*keys, "c");
  ASSERT_TRUE(keys->revoke("c", day_one));
  keys.reset();
  keys = open();
  Result<std::vector<Key>> list = keys->list();
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 3u);
  EXPECT_EQ((*list)[0].name, "a");
  EXPECT_EQ((*list)[1].name, "b");
  EXPECT_TRUE((*list)[2].revoked_at);
  EXPECT_TRUE(*keys->check("a", secret));
}

TEST_F(KeysTest, says_which_names_are_allowed) {
  auto keys = open();
  for (std::string_view name :
       {std::string_view(""), std::string_view("a b"), std::string_view("a/b"),
        std::string_view("caf\xc3\xa9"), std::string_view("a\n"), std::string_view("a\0", 2)}) {
    for (int place = 0; place < 3; ++place) {
      Result<std::string> made = keys->create(place == 0 ? name : "n", place == 1 ? name : "t",
                                              place == 2 ? name : "s", day_one, rng_);
      ASSERT_FALSE(made) << name;
      EXPECT_EQ(made.error().code(), ErrorCode::invalid_input);
      const char* allowed = place == 2 ? "A-Z a-z 0-9 . _ -" : "A-Z a-z 0-9 . _ @ -";
      EXPECT_NE(made.error().message().find(allowed), std::string::npos);
      EXPECT_EQ(made.error().message().find('\n'), std::string::npos);
    }
  }
  EXPECT_TRUE(keys->create(std::string(64, 'a'), "t", "s", day_one, rng_));
  EXPECT_FALSE(keys->create(std::string(65, 'a'), "t", "s", day_one, rng_));
}

TEST_F(KeysTest, refuses_a_file_of_a_newer_waypost) {
  open();
  {
    Result<Database> database = Database::open(path_);
    ASSERT_TRUE(database && database->execute("PRAGMA user_version = 99"));
  }
  Result<std::unique_ptr<Keys>> keys = Keys::open(path_);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code(), ErrorCode::invalid_input);
  EXPECT_NE(keys.error().describe().find("newer"), std::string::npos) << keys.error().describe();
}

TEST_F(KeysTest, refuses_a_file_that_is_no_database) {
  std::ofstream(folder_ / "keys.db") << std::string(4096, 'x');
  Result<std::unique_ptr<Keys>> keys = Keys::open(folder_ / "keys.db");
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code(), ErrorCode::corrupt) << keys.error().describe();
  EXPECT_NE(keys.error().describe().find("keys.db"), std::string::npos);
}

TEST(Database, goes_on_with_an_upgrade_that_stopped_half_way) {
  test::TemporaryFolder folder;
  Result<Database> database = Database::open(folder / "a.db");
  ASSERT_TRUE(database);
  constexpr std::array<const char*, 2> broken{"CREATE TABLE a (x INTEGER)",
                                              "CREATE TABLE b (x INTEGER); NONSENSE"};
  constexpr std::array<const char*, 2> repaired{broken[0], "CREATE TABLE b (y INTEGER)"};
  EXPECT_FALSE(database->migrate(broken));
  EXPECT_FALSE(database->execute("INSERT INTO b VALUES (1)"));  // rolled back as a whole
  EXPECT_TRUE(database->migrate(repaired));
  EXPECT_TRUE(database->execute("INSERT INTO a (x) VALUES (1); INSERT INTO b (y) VALUES (1)"));
  EXPECT_TRUE(database->migrate(repaired));
}

TEST(Transaction, is_undone_unless_it_is_committed) {
  test::TemporaryFolder folder;
  Result<Database> database = Database::open(folder / "a.db");
  ASSERT_TRUE(database && database->execute("CREATE TABLE a (x INTEGER)"));
  for (bool commit : {false, true}) {
    Result<Transaction> transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction && database->execute("INSERT INTO a VALUES (1)"));
    if (commit) {
      ASSERT_TRUE(transaction->commit());
    }
  }
  Result<Statement> count = database->prepare("SELECT count(*) FROM a");
  ASSERT_TRUE(count && count->step());
  EXPECT_EQ(count->integer(0), 1);
}

TEST(Statement, reports_a_parameter_that_does_not_exist) {
  test::TemporaryFolder folder;
  Result<Database> database = Database::open(folder / "a.db");
  ASSERT_TRUE(database);
  Result<Statement> statement = database->prepare("SELECT ?");
  ASSERT_TRUE(statement);
  EXPECT_FALSE(statement->bind(2, "x").step());
  statement->reset();
  EXPECT_TRUE(statement->bind(1, "x").step());
  EXPECT_EQ(statement->text(0), "x");
}

// Whether `verifier` is the one of `secret`.
bool fits(const sasl::ScramVerifier& verifier, const std::string& secret) {
  auto made = sasl::make_scram_verifier(Secret(secret), verifier.salt, verifier.iterations);
  return made && made->stored_key == verifier.stored_key && made->server_key == verifier.server_key;
}

TEST_F(KeysTest, keeps_what_scram_checks_a_secret_by) {
  std::string secret = create(*open(), "app");
  Result<ScramKey> found = open()->look_up("app");
  ASSERT_TRUE(found && found->key);
  EXPECT_EQ(found->key->tenant, "shop");
  EXPECT_TRUE(found->key->scram);
  EXPECT_GE(found->verifier.iterations, 4096u);
  EXPECT_TRUE(fits(found->verifier, secret));
  EXPECT_FALSE(fits(found->verifier, secret + "x"));
}

TEST_F(KeysTest, gives_every_name_a_salt_that_tells_nothing) {
  auto keys = open();
  const std::string before = keys->look_up("app")->verifier.salt;
  EXPECT_EQ(before.size(), 16u);
  EXPECT_NE(before, keys->look_up("other")->verifier.salt);
  create(*keys, "app");
  EXPECT_EQ(keys->look_up("app")->verifier.salt, before);
  EXPECT_TRUE(keys->revoke("app", day_one));
  EXPECT_EQ(open()->look_up("app")->verifier.salt, before);
  path_ = folder_ / "elsewhere/keys.db";
  EXPECT_NE(open()->look_up("app")->verifier.salt, before);
}

TEST_F(KeysTest, finds_no_key_where_nobody_may_log_in) {
  auto keys = open();
  std::string secret = create(*keys, "gone");
  EXPECT_TRUE(keys->revoke("gone", day_one));
  for (std::string name : {"gone", "nobody", "", "\xff"}) {
    Result<ScramKey> found = keys->look_up(name);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->key);
    EXPECT_FALSE(fits(found->verifier, secret));
  }
}

// As the first version of the file was written.
TEST_F(KeysTest, keeps_older_keys_without_scram) {
  std::string secret;
  {
    auto keys = open();
    secret = create(*keys, "old");
    Result<Database> database = Database::open(path_);
    ASSERT_TRUE(database);
    ASSERT_TRUE(
        database->execute("ALTER TABLE keys DROP COLUMN scram_stored_key;"
                          "ALTER TABLE keys DROP COLUMN scram_server_key;"
                          "DROP INDEX keys_by_secret; ALTER TABLE keys DROP COLUMN scopes;"
                          "DROP TABLE scram; PRAGMA user_version = 2"));
  }
  auto keys = open();
  EXPECT_TRUE(*keys->check("old", secret));
  EXPECT_FALSE(keys->list()->front().scram);
  EXPECT_EQ(keys->list()->front().scopes, std::set{Scope::send});
  EXPECT_FALSE(keys->look_up("old")->key);
  create(*keys, "new");
  EXPECT_TRUE(keys->look_up("new")->key);
}

TEST_F(KeysTest, finds_a_key_by_its_secret_with_what_it_is_good_for) {
  auto keys = open();
  const std::set<Scope> scopes{Scope::read, Scope::admin};
  auto secret = keys->create("monitor", "shop", "bulk", day_one, rng_, {}, scopes);
  ASSERT_TRUE(secret);
  create(*keys, "app");
  auto found = keys->find(*secret);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->name, "monitor");
  EXPECT_EQ((*found)->scopes, scopes);
  for (const std::string& other : {secret->substr(1), *secret + "x", std::string()})
    EXPECT_FALSE(*keys->find(other));
  EXPECT_TRUE(keys->revoke("monitor", day_one));
  EXPECT_FALSE(*keys->find(*secret));
  EXPECT_TRUE(parse_scope("send"));
  EXPECT_FALSE(parse_scope("root"));
}

}  // namespace
}  // namespace waypost::records
