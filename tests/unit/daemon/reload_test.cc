#include "daemon/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

config::Config with_domains(const std::string& inbound, const std::string& return_path) {
  config::Config config;
  config.inbound.emplace_back().domains = {inbound};
  config.return_paths.emplace_back().domain = return_path;
  return config;
}

TEST(Reload, takes_other_inbound_domains_at_once) {
  const config::Config now = with_domains("shop.example", "bounces.shop.example");
  config::Config next = with_domains("new.example", "bounces.shop.example");
  EXPECT_THAT(hold_back(now, next), IsEmpty());
  EXPECT_THAT(next.inbound[0].domains, ElementsAre("new.example"));
}

TEST(Reload, moves_no_domain_half) {
  const config::Config now = with_domains("shop.example", "bounces.shop.example");
  config::Config next = with_domains("bounces.shop.example", "shop.example");
  EXPECT_THAT(hold_back(now, next), ElementsAre("[[inbound]]", "[[return_path]]"));
  EXPECT_EQ(next.inbound, now.inbound);
  EXPECT_EQ(next.return_paths, now.return_paths);
}

TEST(Reload, holds_back_a_return_path_alone_where_nothing_else_changed) {
  const config::Config now = with_domains("shop.example", "bounces.shop.example");
  config::Config next = with_domains("shop.example", "returns.shop.example");
  EXPECT_THAT(hold_back(now, next), ElementsAre("[[return_path]]"));
}

}  // namespace
}  // namespace waypost::daemon
