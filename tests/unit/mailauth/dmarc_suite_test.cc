#include <algorithm>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/ascii.h"
#include "dns/memory_resolver.h"
#include "mailauth/dmarc_check.h"
#include "tests/fakes/test_loop.h"
#include "tests/unit/mailauth/test_data.h"

// Vectors of others. Those written for RFC 7489 are judged by RFC 9989: what only the older one
// says (the values of pct and ri) is left out below, by its path.
namespace waypost::mailauth {
namespace {

namespace json = boost::json;

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

std::vector<json::object> rows(const std::string& text) {
  std::vector<json::object> all;
  std::stringstream lines(text);
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line).as_object());
  return all;
}

void add_records(dns::MemoryResolver& resolver, const std::string& name,
                 const json::object& types) {
  for (const auto& [type, data] : types) {
    if (!data.is_array()) continue;
    for (const json::value& record : data.as_array()) {
      if (type == "TXT") {
        std::vector<std::string> strings;
        for (const json::value& part : record.as_array()) strings.push_back(text_of(part));
        resolver.add_txt(name, strings);
      } else if (type == "A" && record.is_string()) {
        resolver.add_address(name, *IpAddress::parse(text_of(record)));
      } else if (type == "MX" && record.is_object()) {
        resolver.add_mx(name, 10, text_of(record.at("exchange")));
      }
    }
  }
}

// A world that always fails is told by the code of its resolver only.
void fill(dns::MemoryResolver& resolver, const json::object& row, const std::string& domain) {
  const bool fails = row.contains("resolver_src") && row.at("resolver_src").is_string() &&
                     row.at("resolver_src").as_string().find("ETIMEOUT") != json::string::npos;
  if (fails) resolver.set_failure("_dmarc." + domain, Error(ErrorCode::timed_out, "DNS timeout"));
  for (const auto& [name, types] : row.at("zone").as_object())
    if (types.is_object() && name != "*any*")
      add_records(resolver, std::string(name), types.as_object());
}

std::vector<DmarcIdentifier> identifiers(const json::value& list) {
  std::vector<DmarcIdentifier> all;
  for (const json::value& entry : list.as_array())
    all.push_back({text_of(entry.is_object() ? entry.at("domain") : entry)});
  return all;
}

std::string tag(const DmarcRecord& record, std::string_view wanted) {
  for (const auto& [name, value] : record.tags)
    if (name == wanted) return value;
  return "";
}

const DmarcAlignment* aligned(const std::vector<DmarcAlignment>& all) {
  auto found = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.aligned; });
  return found == all.end() ? nullptr : &*found;
}

// One value of the verdict as the vectors call it; none where they ask what RFC 9989 does not have,
// or what belongs to another mechanism (ARC, body lengths of DKIM).
std::optional<std::string> value_at(const std::string& path, const DmarcVerdict& verdict) {
  const bool has_spf = verdict.spf && verdict.spf->aligned;
  const DmarcAlignment* dkim = aligned(verdict.dkim);
  if (path == "status.result") return std::string(name(verdict.result));
  if (path == "policy") return std::string(name(verdict.policy));
  if (path == "domain") return verdict.organizational_domain;
  if (path == "status.header.from") return verdict.from_domain;
  if (path == "status.header.d") return verdict.record_domain;
  if (path == "error") return verdict.problem;
  if (path == "alignment.spf.result") return has_spf ? verdict.spf->organizational_domain : "";
  if (path == "alignment.dkim.result") return dkim ? dkim->organizational_domain : "";
  if (!verdict.record) return std::nullopt;
  if (path == "alignment.spf.strict") return verdict.record->strict_spf ? "true" : "false";
  if (path == "alignment.dkim.strict") return verdict.record->strict_dkim ? "true" : "false";
  if (path == "rr") return verdict.record->text;
  for (const char* known : {"p", "sp"})
    if (path == known) return base::to_lower(tag(*verdict.record, known));
  return std::nullopt;
}

// Whether the vector says something that was judged here.
bool judge(const json::object& expected, const DmarcVerdict& verdict, const std::string& id) {
  const std::string kind = text_of(expected.at("assert"));
  const std::string path = text_of(expected.at("path"));
  if (path.starts_with("calls.filter")) {
    const json::array& calls = expected.at("args").as_array()[0].as_array();
    EXPECT_EQ(calls.size(), verdict.steps.size()) << id;
    for (size_t i = 0; i < std::min(calls.size(), verdict.steps.size()); ++i)
      EXPECT_EQ(text_of(calls[i]), "_dmarc." + verdict.steps[i].domain) << id;
    return true;
  }
  if (kind == "not.property") {
    // Neither a policy without a record, nor ever a "pct" that means anything.
    if (text_of(expected.at("args").as_array()[0]) == "policy") {
      EXPECT_FALSE(verdict.record) << id;
    }
    return true;
  }
  const std::optional<std::string> value = value_at(path, verdict);
  if (!value) return false;
  if (kind == "equal") {
    EXPECT_EQ(*value, text_of(expected.at("args").as_array()[0])) << id << " " << path;
  } else if (kind == "true" || kind == "false") {
    EXPECT_EQ(*value, kind) << id << " " << path;
  } else if (kind == "not.ok" || kind == "undefined") {
    EXPECT_EQ(*value, "") << id << " " << path;
  } else if (kind == "contain" || kind == "include") {
    EXPECT_NE(value->find(text_of(expected.at("args").as_array()[0])), std::string::npos) << id;
  } else {
    return false;
  }
  return true;
}

void run_file(const std::string& file, size_t count) {
  const auto data = read_test_data("dmarc/" + file);
  if (!data) NO_TEST_DATA("dmarc/" + file);
  const std::string& text = *data;
  const std::vector<json::object> all = rows(text);
  EXPECT_EQ(all.size(), count);
  for (const json::object& row : all) {
    const json::value& header = row.at("header_from");
    // From with several addresses is for whoever reads the message: DMARC is asked about one
    // domain.
    if (header.is_array() && header.as_array().size() > 1) continue;
    std::string from = text_of(header.is_array() ? header.as_array()[0] : header);
    from = from.substr(from.rfind('@') + 1);
    fakes::TestLoop loop;
    dns::MemoryResolver resolver(loop);
    fill(resolver, row, from);
    DmarcQuestion question{from, {}, identifiers(row.at("dkim_pass_domains"))};
    for (DmarcIdentifier& one : identifiers(row.at("spf_pass_domains"))) question.spf = one;
    const DmarcVerdict verdict =
        loop.run(check_dmarc(resolver, question, loop.in(std::chrono::seconds(5))));
    const std::string id = text_of(row.at("id"));
    for (const json::value& expected : row.at("expect").as_array())
      judge(expected.as_object(), verdict, id);
  }
}

TEST(DmarcSuite, agrees_with_the_vectors_of_rfc_9989) { run_file("mailauth-rfc9989.jsonl", 30); }

TEST(DmarcSuite, agrees_with_the_vectors_of_evaluation) { run_file("mailauth-verify.jsonl", 35); }

TEST(DmarcSuite, finds_and_reads_the_records_of_the_vectors) {
  const auto data = read_test_data("dmarc/mailauth-get-record.jsonl");
  if (!data) NO_TEST_DATA("dmarc/mailauth-get-record.jsonl");
  const std::string& text = *data;
  const std::vector<json::object> all = rows(text);
  EXPECT_EQ(all.size(), 26u);
  for (const json::object& row : all) {
    const std::string domain = text_of(row.at("domain"));
    const std::string id = text_of(row.at("id"));
    fakes::TestLoop loop;
    dns::MemoryResolver resolver(loop);
    fill(resolver, row, domain);
    const DmarcVerdict verdict =
        loop.run(check_dmarc(resolver, {domain, {}, {}}, loop.in(std::chrono::seconds(5))));
    if (row.at("expect").as_array().empty()) {
      EXPECT_EQ(verdict.result, DmarcResult::temperror) << id;
    }
    for (const json::value& value : row.at("expect").as_array()) {
      const json::object& expected = value.as_object();
      if (!expected.contains("path")) continue;
      const std::string path = text_of(expected.at("path"));
      const std::string kind = text_of(expected.at("assert"));
      if (path.empty()) {
        EXPECT_EQ(verdict.record.has_value(), kind != "false") << id;
      } else if (path == "isOrgRecord") {
        EXPECT_EQ(verdict.record_domain != verdict.from_domain, kind == "true") << id;
      } else if (kind == "equal" && path != "pct" && path != "ri" && path != "false") {
        ASSERT_TRUE(verdict.record) << id;
        EXPECT_EQ(path == "rr" ? verdict.record->text : tag(*verdict.record, path),
                  text_of(expected.at("args").as_array()[0]))
            << id << " " << path;
      }
    }
  }
}

// Those vectors are of the public suffix list; a record at the expected domain makes the walk find
// the same one.
TEST(DmarcSuite, finds_the_organizational_domains_of_the_vectors) {
  const auto data = read_test_data("dmarc/opendmarc-orgdomain.jsonl");
  if (!data) NO_TEST_DATA("dmarc/opendmarc-orgdomain.jsonl");
  const std::string& text = *data;
  size_t checked = 0;
  for (const json::object& row : rows(text)) {
    const json::array& fields = row.at("fields").as_array();
    const std::string domain = text_of(fields[0]);
    if (domain.find('\0') != std::string::npos) continue;  // no name that can be asked about
    fakes::TestLoop loop;
    dns::MemoryResolver resolver(loop);
    resolver.add_txt("_dmarc." + text_of(fields[1]), {"v=DMARC1; p=none"});
    auto walk = loop.run(walk_dmarc(resolver, domain, loop.in(std::chrono::seconds(5))));
    ASSERT_TRUE(walk);
    EXPECT_EQ(walk->organizational_domain, text_of(fields[1]));
    ++checked;
  }
  EXPECT_EQ(checked, 3u);
}

}  // namespace
}  // namespace waypost::mailauth
