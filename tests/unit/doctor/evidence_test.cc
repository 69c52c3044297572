#include "doctor/evidence.h"

#include <gtest/gtest.h>

#include "base/terminal_text.h"
#include "io/sim_world.h"

namespace waypost::doctor {
namespace {

class EvidenceLogTest : public testing::Test {
 protected:
  io::SimWorld world_{1};
  io::SimProcess& process_ = world_.make_process(*IpAddress::parse("192.0.2.1"));
  EvidenceLog log_{process_};
};

TEST_F(EvidenceLogTest, numbers_lines_in_the_order_of_time) {
  EXPECT_EQ(log_.note("one"), 1u);
  world_.run_for(std::chrono::milliseconds(5));
  EXPECT_EQ(log_.add(Evidence::Kind::received, "192.0.2.2:25", "220 two"), 2u);
  ASSERT_EQ(log_.all().size(), 2u);
  EXPECT_EQ(log_.all()[1].at, std::chrono::milliseconds(5));
}

TEST_F(EvidenceLogTest, shows_no_secret_whoever_says_it) {
  log_.withhold("hunter22");
  log_.withhold("aHVudGVyMjI=");
  log_.note("they said hunter22 and hunter22 again, or aHVudGVyMjI=");
  EXPECT_EQ(log_.all()[0].text, "they said [hidden] and [hidden] again, or [hidden]");
}

TEST_F(EvidenceLogTest, shows_no_secret_however_it_is_written) {
  log_.withhold_password("Hors e/7&x");
  for (const char* written : {
           "HORS E/7&X",
           "hors e/7&x",
           "x&7/e sroH",
           "486f72732065"
           "2f372678",
           "486F727320652F372678",
           "0x48 0x6f 0x72 0x73 0x20 0x65 0x2f 0x37 0x26 0x78",
           "48:6f:72:73:20:65:2f:37:26:78",
           "%48%6f%72%73%20%65%2F%37%26%78",
           "Hors%20e%2F7%26x",
           "Hors+e%2F7%26x",
           "Hors=20e/7=26x",
           "\\x48ors e/7&x",
           "Hors e\\/7&amp;x",
           "&#72;ors e/7&#x26;x",
           "\\u0048ors e/7&x",
           "\\110ors e/7&x",
           "JBXXE4ZAMUXTOJTY",  // base32
           "SG9ycyBlLzcmeA",    // without its padding
           "sg9ycyblLZCMEA",    // in the wrong case
           "AemczLlByc",        // backwards, in part
           "BIb3JzIGUvNyZ4",    // behind one octet
           "AEhvcnMgZS83Jng=",  // behind another
       }) {
    log_.note(std::string("535 no: ") + written + " <");
    const std::string& text = log_.all().back().text;
    EXPECT_NE(text.find("[hidden]"), std::string::npos) << written;
    for (const char* part : {"ors", "ORS", "72:73", "7273", "%72", "0x72", "SG9y", "g9yc", "MgZS"})
      EXPECT_EQ(text.find(part), std::string::npos) << written << ": " << text;
  }
  for (const char* other : {"535 the horse is no secret", "250 48:6f:72", "a Hors%20f/7%26x", "&#;",
                            "%", "\\x4", "&#x", "0x", "48"}) {
    log_.note(other);
    EXPECT_EQ(log_.all().back().text, other);
  }
}

TEST_F(EvidenceLogTest, cuts_a_long_line_only_after_its_secrets_are_out) {
  log_.withhold("secret-word");
  log_.note(std::string(995, 'x') + "secret-word");
  EXPECT_EQ(log_.all()[0].text.find("secr"), std::string::npos);
  EXPECT_EQ(log_.all()[0].text.size(), 1000u);
}

TEST_F(EvidenceLogTest, shows_no_part_of_an_encoded_secret) {
  log_.withhold_encoded("AGFubkBleGFtcGxlLmNvbQBodW50ZXIyMg==");
  log_.note("500 what is AUTH PLAIN AGFubkBleGFtcGxlLmNv");
  log_.note("500 ...lLmNvbQBodW50ZXIyMg== is no command");
  log_.note("AGFubkB is short, and other words stay");
  EXPECT_EQ(log_.all()[0].text, "500 what is AUTH PLAIN [hidden]");
  EXPECT_EQ(log_.all()[1].text, "500 ...[hidden] is no command");
  EXPECT_EQ(log_.all()[2].text, "AGFubkB is short, and other words stay");
}

TEST(WithoutTerminalControlsTest, leaves_nothing_that_a_terminal_obeys) {
  EXPECT_EQ(base::without_terminal_controls("a\xc2\x9b"
                                            "31m\xe2\x80\xae"
                                            "b"),
            "a\\u009b31m\\u202eb");
  EXPECT_EQ(base::without_terminal_controls("caf\xc3\xa9 \xe2\x80\x93 \xc2"),
            "caf\xc3\xa9 \xe2\x80\x93 \xc2");
}

}  // namespace
}  // namespace waypost::doctor
