#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "bounces/incoming.h"
#include "bounces/judge.h"
#include "classify/shipped_rules.h"
#include "tests/fakes/source_folder.h"

namespace waypost::bounces {
namespace {

namespace json = boost::json;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string text(const json::value& value, const char* key) {
  const json::value* found = value.as_object().if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

// A status of x.0.9xx is one that the data's source made up for want of a real one.
bool is_made_up(const std::string& status) {
  return status.size() >= 7 && status.substr(1, 4) == ".0.9";
}

struct Judged {
  Recipient recipient;
  std::string reply_class;
};

std::vector<Judged> judged(const Incoming& incoming, classify::Reader& reader) {
  std::vector<Judged> all;
  for (const Recipient& recipient : incoming.recipients) {
    std::string name;
    if (incoming.kind == Kind::arf)
      name = "feedback-report";
    else if (incoming.kind == Kind::auto_reply)
      name = "auto-reply";
    else if (!was_refused(recipient))
      name = "delivered";
    else
      name = classify::slug(judge(recipient, reader).reply_class);
    all.push_back({recipient, std::move(name)});
  }
  return all;
}

bool accepts_kind(const std::string& stated, const std::string& octets, Kind kind) {
  bool has_status_part = octets.find("delivery-status") != std::string::npos;
  bool is_notice = kind == Kind::dsn || kind == Kind::bounce;
  if (stated == "arf") return kind == Kind::arf;
  if (stated == "auto-reply") return kind == Kind::auto_reply;
  if (stated == "bounce-body-only") return kind == Kind::bounce;
  if (stated == "dsn") return kind == (has_status_part ? Kind::dsn : Kind::bounce);
  return is_notice;
}

// What is wrong with the reading of one file; empty: nothing.
std::string complaint(const json::value& label, const std::string& octets, const Incoming& incoming,
                      classify::Reader& reader) {
  std::string wrong;
  if (!accepts_kind(text(label, "kind"), octets, incoming.kind))
    wrong += " kind=" + std::string(name(incoming.kind));
  std::vector<Judged> read = judged(incoming, reader);
  const json::array& expected = label.at("recipients").as_array();
  std::vector<bool> used(read.size());
  for (const json::value& one : expected) {
    std::string address = text(one, "address");
    size_t at = 0;
    while (at < read.size() &&
           (used[at] || (!address.empty() && read[at].recipient.address != address)))
      ++at;
    bool needs_one = !address.empty() || text(label, "kind") != "arf";
    if (at == read.size()) {
      if (needs_one) wrong += " missing=" + address;
      continue;
    }
    used[at] = true;
    const Recipient& recipient = read[at].recipient;
    std::string action = text(one, "action");
    if (!action.empty() && action != message::name(recipient.action))
      wrong += " action=" + std::string(message::name(recipient.action)) + "/" + action;
    std::string status = text(one, "status");
    if (!status.empty() && !is_made_up(status) && status != recipient.status)
      wrong += " status=" + recipient.status + "/" + status;
    const json::value& acceptable = one.at("acceptable");
    if (!acceptable.is_array()) continue;
    bool is_accepted = std::any_of(
        acceptable.as_array().begin(), acceptable.as_array().end(),
        [&](const json::value& slug) { return slug.as_string() == read[at].reply_class; });
    if (!is_accepted)
      wrong += " class=" + read[at].reply_class + "/" + text(one, "expected_class") + " \"" +
               recipient.reply.substr(0, 300) + "\"";
  }
  for (size_t i = 0; i < read.size(); ++i)
    if (!used[i] && !expected.empty()) wrong += " extra=" + read[i].recipient.address;
  return wrong;
}

TEST(PublicBounces, are_read_as_they_are_labelled) {
  const auto folder = fakes::test_data_folder() / "bounces";
  std::ifstream labels(folder / "expected.jsonl");
  if (!labels) {
    const char* required = std::getenv("WAYPOST_REQUIRE_PEERS");
    if (required != nullptr && std::string_view(required) == "1")
      FAIL() << "MISSING TEST DATA: " << folder;
    GTEST_SKIP() << "MISSING TEST DATA: " << folder << "; set WAYPOST_TEST_DATA to its folder";
  }
  classify::Classifier classifier(classify::shipped_book());
  classify::Reader reader(classifier);
  size_t files = 0;
  size_t right = 0;
  for (std::string line; std::getline(labels, line);) {
    const json::value label = json::parse(line);
    const std::string file = text(label, "file");
    const std::string octets = contents(folder / "dev" / file);
    const Incoming incoming = read_incoming(octets);
    const std::string wrong = complaint(label, octets, incoming, reader);
    ++files;
    right += wrong.empty();
    if (!wrong.empty())
      std::cout << "WRONG " << file << " [" << incoming.rule << "]" << wrong << "\n";
  }
  std::cout << right << " of " << files << " files are right\n";
  constexpr size_t right_min = 363;
  EXPECT_GE(right, right_min);
}

}  // namespace
}  // namespace waypost::bounces
