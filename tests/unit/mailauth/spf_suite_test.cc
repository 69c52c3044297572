#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "mailauth/spf_check.h"
#include "tests/fakes/test_loop.h"
#include "tests/unit/mailauth/test_data.h"

namespace waypost::mailauth {
namespace {

namespace json = boost::json;

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : std::string();
}

// The suite writes U+0080 to U+00FF for single octets.
std::string octets_of(std::string_view utf8) {
  std::string octets;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto octet = static_cast<unsigned char>(utf8[i]);
    if (octet < 0xc0 || i + 1 == utf8.size())
      octets += utf8[i];
    else
      octets += static_cast<char>((octet & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 63));
  }
  return octets;
}

std::vector<std::string> strings_of(const json::value& data) {
  std::vector<std::string> strings;
  if (data.is_string()) strings.push_back(octets_of(data.as_string()));
  if (data.is_array())
    for (const json::value& part : data.as_array()) strings.push_back(octets_of(part.as_string()));
  return strings;
}

// The records of one scenario. The type SPF stands for TXT where a name has no TXT of its own.
class Zone {
 public:
  Zone(const json::object& hosts, dns::MemoryResolver& resolver)
      : hosts_(hosts), resolver_(resolver) {
    for (const auto& [host, records] : hosts) add(host, host, 0);
  }

 private:
  void add(const std::string& name, const std::string& source, int depth) {
    auto found = hosts_.find(source);
    if (found == hosts_.end() || depth > 4) return;
    const json::array& records = found->value().as_array();
    bool has_txt = false;
    bool times_out = false;
    for (const json::value& record : records) {
      if (record.is_string())
        times_out = true;
      else
        has_txt |= record.as_object().contains("TXT");
    }
    bool any = false;
    for (const json::value& record : records) {
      if (!record.is_object()) continue;
      const auto& [type, data] = *record.as_object().begin();
      any |= add_record(name, std::string(type), data, has_txt, depth);
    }
    if (times_out && !any)
      resolver_.set_failure(escape_labels(name), Error(ErrorCode::timed_out, "no answer"));
  }

  bool add_record(const std::string& name, const std::string& type, const json::value& data,
                  bool has_txt, int depth) {
    const std::string owner = escape_labels(name);
    if (type == "A" || type == "AAAA") {
      resolver_.add_address(owner, *IpAddress::parse(text_of(data)));
    } else if (type == "MX") {
      resolver_.add_mx(owner, static_cast<uint16_t>(data.as_array()[0].as_int64()),
                       escape_labels(text_of(data.as_array()[1])));
    } else if (type == "PTR") {
      resolver_.add_ptr(owner, escape_labels(text_of(data)));
    } else if (type == "CNAME") {
      std::string target = text_of(data);
      if (target.ends_with('.')) target.pop_back();
      add(name, target, depth + 1);
    } else if (type == "TXT" ? text_of(data) != "NONE" : type == "SPF" && !has_txt) {
      resolver_.add_txt(owner, strings_of(data));
      return true;
    } else {
      return false;
    }
    return type != "CNAME";
  }

  const json::object& hosts_;
  dns::MemoryResolver& resolver_;
};

void run_case(const json::object& zones, const json::object& test) {
  fakes::TestLoop loop;
  dns::MemoryResolver resolver(loop);
  Zone zone(zones.at(test.at("scenario").as_string()).as_object(), resolver);
  SpfQuestion question;
  question.ip = *IpAddress::parse(text_of(test.at("host")));
  question.sender = octets_of(text_of(test.at("mailfrom")));
  question.helo = octets_of(text_of(test.at("helo")));
  const SpfVerdict verdict =
      loop.run(check_spf(resolver, question, loop.in(std::chrono::seconds(20))));
  bool right = false;
  for (const json::value& result : test.at("result").as_array())
    right |= text_of(result) == name(verdict.result);
  EXPECT_TRUE(right) << test.at("id") << ": " << name(verdict.result) << ", not "
                     << test.at("result") << "; " << verdict.problem;
  const std::string explanation = text_of(test.at("explanation"));
  if (!explanation.empty()) {
    EXPECT_EQ(verdict.explanation, explanation == "DEFAULT" ? "" : explanation) << test.at("id");
  }
}

void run_suite(const std::string& file, size_t cases) {
  const auto data = read_test_data("spf/" + file);
  if (!data) NO_TEST_DATA("spf/" + file);
  const std::string& text = *data;
  const json::object suite = json::parse(text).as_object();
  const json::array& tests = suite.at("tests").as_array();
  EXPECT_EQ(tests.size(), cases);
  for (const json::value& test : tests) run_case(suite.at("zones").as_object(), test.as_object());
}

TEST(SpfSuite, passes_all_of_2019_08) { run_suite("rfc7208-2019.08.json", 203); }

TEST(SpfSuite, passes_all_of_the_openspf_suite) { run_suite("rfc7208-openspf.json", 200); }

}  // namespace
}  // namespace waypost::mailauth
