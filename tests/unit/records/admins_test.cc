#include "records/admins.h"

#include <gtest/gtest.h>

#include "io/rng.h"
#include "tests/temporary_folder.h"

namespace waypost::records {
namespace {

class AdminsTest : public testing::Test {
 protected:
  Result<void> set(const std::string& name, const std::string& password) {
    return admins_->set_password(name, Secret(password), WallTime(), rng_);
  }
  bool fits(const std::string& name, const std::string& password) {
    return admins_->check(name, Secret(password))->has_value();
  }

  test::TemporaryFolder folder_;
  io::SystemRng rng_;
  std::unique_ptr<Admins> admins_ = *Admins::open(folder_ / "admins.db");
};

TEST_F(AdminsTest, knows_a_password_and_no_other) {
  ASSERT_TRUE(set("admin", "correct horse battery"));
  EXPECT_TRUE(fits("admin", "correct horse battery"));
  EXPECT_FALSE(fits("admin", "correct horse batterx"));
  EXPECT_FALSE(fits("admin", ""));
  EXPECT_FALSE(fits("root", "correct horse battery"));
}

TEST_F(AdminsTest, tells_one_password_from_the_one_before) {
  ASSERT_TRUE(set("admin", "correct horse battery"));
  const Admin before = **admins_->find("admin");
  // The same again is another one: whoever has a session of before is to leave.
  ASSERT_TRUE(set("admin", "correct horse battery"));
  EXPECT_NE((*admins_->find("admin"))->revision, before.revision);
  ASSERT_TRUE(set("admin", "another horse battery"));
  EXPECT_FALSE(fits("admin", "correct horse battery"));
  EXPECT_EQ(admins_->list()->size(), 1u);
  ASSERT_TRUE(admins_->remove("admin"));
  EXPECT_FALSE(fits("admin", "another horse battery"));
  EXPECT_EQ(admins_->remove("admin").error().code(), ErrorCode::not_found);
}

TEST_F(AdminsTest, refuses_what_is_no_name_or_too_short) {
  for (const char* name : {"", "two words", "a\nb"})
    EXPECT_EQ(set(name, "correct horse battery").error().code(), ErrorCode::invalid_input);
  EXPECT_EQ(set("admin", "short").error().code(), ErrorCode::invalid_input);
  EXPECT_EQ(set("admin", std::string(1001, 'a')).error().code(), ErrorCode::invalid_input);
  EXPECT_TRUE(admins_->list()->empty());
}

}  // namespace
}  // namespace waypost::records
