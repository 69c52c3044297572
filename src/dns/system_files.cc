#include "dns/system_files.h"

#include <algorithm>

#include "dns/rdata.h"

namespace waypost::dns {
namespace {

constexpr size_t servers_max = 8;
constexpr size_t search_domains_max = 6;
constexpr size_t host_entries_max = 10'000;
constexpr std::string_view blanks = " \t\r";

// Cuts the next line off `text`, without its comment.
std::string_view take_line(std::string_view& text, std::string_view comment_marks) {
  size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line.substr(0, line.find_first_of(comment_marks));
}

// Cuts the next word off `line`; "" at its end.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

bool is_localhost(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost") || name == "localhost.localdomain";
}

}  // namespace

std::vector<IpAddress> parse_resolv_conf(std::string_view text) {
  std::vector<IpAddress> servers;
  while (!text.empty() && servers.size() < servers_max) {
    std::string_view line = take_line(text, "#;");
    if (take_word(line) != "nameserver") continue;
    if (auto address = IpAddress::parse(take_word(line))) servers.push_back(*address);
  }
  return servers;
}

std::vector<std::string> parse_search_list(std::string_view text) {
  std::vector<std::string> domains;
  while (!text.empty()) {
    std::string_view line = take_line(text, "#;");
    std::string_view keyword = take_word(line);
    if (keyword != "search" && keyword != "domain") continue;
    domains.clear();
    for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
      auto name = normalize_name(word);
      if (name && !name->empty() && domains.size() < search_domains_max)
        domains.push_back(*std::move(name));
    }
  }
  return domains;
}

std::vector<HostEntry> parse_hosts(std::string_view text) {
  std::vector<HostEntry> entries;
  while (!text.empty()) {
    std::string_view line = take_line(text, "#");
    auto address = IpAddress::parse(take_word(line));
    if (!address) continue;
    for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
      auto name = normalize_name(word);
      if (!name || is_localhost(*name)) continue;
      entries.push_back({*std::move(name), *address});
      if (entries.size() == host_entries_max) return entries;
    }
  }
  return entries;
}

}  // namespace waypost::dns
