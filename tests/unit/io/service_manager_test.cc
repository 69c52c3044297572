#include "io/service_manager.h"

#include <cstddef>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace waypost::io {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// What systemd would be: it hears each datagram.
class Supervisor {
 public:
  explicit Supervisor(std::string address)
      : descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    if (address[0] == '@') address[0] = '\0';
    address.copy(at.sun_path, address.size());
    auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&at), length), 0);
  }
  ~Supervisor() { ::close(descriptor_); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  std::string hear() {
    char buffer[4096];
    ssize_t count = ::recv(descriptor_, buffer, sizeof buffer, 0);
    return {buffer, static_cast<size_t>(std::max<ssize_t>(count, 0))};
  }

 private:
  int descriptor_;
};

class ServiceManagerTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
};

TEST_F(ServiceManagerTest, tells_a_socket_in_the_file_system_what_happens) {
  std::string path = folder_.path() + "/notify";
  Supervisor supervisor(path);
  ServiceManager manager({path, "", ""});
  manager.ready("3 wait");
  EXPECT_EQ(supervisor.hear(), "READY=1\nSTATUS=3 wait\n");
  manager.reloading();
  EXPECT_THAT(supervisor.hear(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  manager.feed_watchdog();
  EXPECT_EQ(supervisor.hear(), "WATCHDOG=1\n");
  manager.stopping();
  EXPECT_THAT(supervisor.hear(), StartsWith("STOPPING=1\n"));
}

TEST_F(ServiceManagerTest, knows_abstract_sockets) {
  std::string name = "@waypost-test-" + std::to_string(::getpid());
  Supervisor supervisor(name);
  ServiceManager({name, "", ""}).tell("well");
  EXPECT_EQ(supervisor.hear(), "STATUS=well\n");
}

TEST_F(ServiceManagerTest, lets_no_status_bring_another_variable) {
  std::string path = folder_.path() + "/notify";
  Supervisor supervisor(path);
  ServiceManager manager({path, "", ""});
  manager.tell("bad\nSTOPPING=1");
  EXPECT_EQ(supervisor.hear(), "STATUS=bad STOPPING=1\n");
}

TEST_F(ServiceManagerTest, feeds_the_watchdog_twice_as_often_as_it_must) {
  std::string path = folder_.path() + "/notify";
  Supervisor supervisor(path);
  std::string own = std::to_string(::getpid());
  EXPECT_EQ(ServiceManager({path, "30000000", own}).watchdog_interval(), std::chrono::seconds(15));
  EXPECT_EQ(ServiceManager({path, "30000000", ""}).watchdog_interval(), std::chrono::seconds(15));
  EXPECT_EQ(ServiceManager({path, "30000000", "1"}).watchdog_interval(), std::nullopt);
  for (const char* bad : {"", "0", "-5", "30s", "99999999999999999999"})
    EXPECT_EQ(ServiceManager({path, bad, own}).watchdog_interval(), std::nullopt) << bad;
}

TEST_F(ServiceManagerTest, is_silent_without_a_supervisor_or_with_one_that_is_gone) {
  ServiceManager nobody({"", "30000000", ""});
  nobody.ready("well");
  EXPECT_EQ(nobody.watchdog_interval(), std::nullopt);
  ServiceManager gone({folder_.path() + "/gone", "", ""});
  gone.ready("well");
  ServiceManager too_long({"/" + std::string(200, 'x'), "", ""});
  too_long.ready("well");
  ServiceManager relative({"notify", "", ""});
  relative.ready("well");
}

}  // namespace
}  // namespace waypost::io
