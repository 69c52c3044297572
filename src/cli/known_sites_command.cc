#include "cli/known_sites_command.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "shaping/known_sites.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using shaping::KnownSite;
using shaping::Statement;

json::object to_json(const KnownSite& site) {
  json::array limits;
  for (const Statement& stated : site.stated)
    limits.push_back(json::object{{"key", stated.key},
                                  {"most", stated.most},
                                  {"source", stated.source},
                                  {"reason", stated.reason}});
  return {{"site", site.id},
          {"name", site.name},
          {"match", json::value_from(site.match)},
          {"each_host_alone", site.each_host_alone},
          {"limits", std::move(limits)},
          {"note", site.note},
          {"as_of", site.as_of}};
}

void print_site(const KnownSite& site, bool color) {
  print(fmt::format("{}  {}\n    {}\n", styled(site.id, Style::bold, color), site.name,
                    styled(fmt::format("{}{}", fmt::join(site.match, " "),
                                       site.each_host_alone ? "  each a site by itself" : ""),
                           Style::dim, color)));
  for (const Statement& stated : site.stated)
    print(fmt::format("    {} {}: {}\n      {}\n", stated.key, stated.most, stated.reason,
                      styled(stated.source, Style::dim, color)));
  if (!site.note.empty()) print(fmt::format("    {}\n", site.note));
}

}  // namespace

int known_sites_command(const Global& global) {
  const bool color = colors_output(global.color);
  for (const KnownSite& site : shaping::known_sites()) {
    if (global.json)
      print(json::serialize(to_json(site)) + "\n");
    else
      print_site(site, color);
  }
  return exit_code::ok;
}

}  // namespace waypost::cli
