#include "cli/dmarc_reports.h"

#include <algorithm>
#include <variant>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "cli/data_owner.h"
#include "cli/dmarc_inputs.h"
#include "cli/dmarc_report_output.h"
#include "cli/load_config.h"
#include "cli/name_questions.h"
#include "cli/page_output.h"
#include "cli/told_time.h"
#include "cli/words.h"
#include "config/data_paths.h"
#include "dns/idn.h"
#include "io/clock.h"
#include "mailauth/spf_outcomes.h"
#include "mailauth/spf_survey.h"
#include "message/received_dmarc.h"
#include "records/dmarc_store.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using reports::DmarcCollector;
using reports::DmarcFilter;
using reports::DmarcSummary;

// Reverse names cost a question each.
constexpr size_t names_asked_max = 50;

// Which addresses somebody knows as ours, beside what reports say.
struct Knowledge {
  std::vector<IpPrefix> own;
  std::map<std::string, mailauth::AddressSet> by_spf;

  bool operator()(const std::string& domain, const IpAddress& address) const {
    if (std::any_of(own.begin(), own.end(),
                    [&](const IpPrefix& prefix) { return prefix.contains(address); }))
      return true;
    const auto found = by_spf.find(domain);
    return found != by_spf.end() && found->second.contains(address);
  }
};

std::string store_path(const config::Config& config) {
  return config::DataPaths(config.data_dir).records + "/" + records::dmarc_file;
}

Result<DmarcFilter> filter_of(const DmarcReportArguments& arguments, WallTime now) {
  DmarcFilter filter;
  if (!arguments.domain.empty()) {
    TRY(const std::string domain, dns::to_a_labels(arguments.domain));
    filter.domain = base::to_lower(domain);
  }
  if (!arguments.since.empty()) {
    TRY(const WallTime since, parse_past_time(arguments.since, now));
    filter.since_day = std::chrono::floor<std::chrono::days>(since).time_since_epoch().count();
  }
  if (!arguments.source.empty()) {
    TRY(filter.source, IpAddress::parse(arguments.source));
  }
  return filter;
}

Result<Knowledge> told_knowledge(const DmarcReportArguments& arguments) {
  Knowledge knowledge;
  for (const std::string& text : arguments.own) {
    TRY(IpPrefix prefix, IpPrefix::parse(text));
    knowledge.own.push_back(prefix);
  }
  return knowledge;
}

Result<void> add_sources(const config::Config& config, Knowledge& knowledge) {
  for (const config::SourceRule& source : config.sources) {
    for (const IpAddress& address : source.addresses) {
      TRY(IpPrefix prefix, IpPrefix::parse(address.text()));
      knowledge.own.push_back(prefix);
    }
  }
  return {};
}

Result<void> collect_kept(const std::string& path, WallTime since, DmarcCollector& collector) {
  TRY(auto store, records::DmarcStore::open_read_only(path));
  TRY_VOID(store->visit(since, [&](const message::DmarcReport& report) { collector.add(report); }));
  return store->visit_failures(
      since, [&](const message::FeedbackReport& report) { collector.add(report); });
}

struct FilesRead {
  size_t reports = 0;
  bool all_read = true;
};

void say_no_report(const std::string& name, const Error& error) {
  note(fmt::format("waypost: {}: {}\n", base::escape_control(name),
                   base::escape_control(error.describe())));
}

// Each report of the octets; what is none is said. Returns how many were none.
size_t for_each_report(const std::string& name, std::string_view octets,
                       const std::function<void(const message::ReceivedDmarc&)>& take) {
  size_t others = 0;
  const auto all = message::read_received_dmarc(octets);
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i]) {
      take(*all[i]);
      continue;
    }
    ++others;
    say_no_report(all.size() == 1 ? name : fmt::format("{}, file {} in it", name, i + 1),
                  all[i].error());
  }
  return others;
}

FilesRead collect_files(const std::vector<std::string>& files, DmarcCollector& collector) {
  FilesRead read;
  read.all_read =
      for_each_dmarc_input(files, [&](const std::string& name, std::string_view octets) {
        for_each_report(name, octets, [&](const message::ReceivedDmarc& received) {
          ++read.reports;
          std::visit([&](const auto& report) { collector.add(report); }, received);
        });
      });
  return read;
}

// What the name system adds: whom SPF names, and how addresses are called.
struct Looking {
  NameQuestions& names;
  Duration patience;
  std::vector<std::string> domains;
  std::vector<IpAddress> addresses;
  Knowledge& knowledge;
  ReverseNames& found;

  io::Task<bool> run() {
    const Instant deadline = names.in(patience);
    for (const std::string& domain : domains) {
      auto records = co_await mailauth::survey_spf(names.resolver(), domain, deadline);
      if (!records || records->size() != 1) continue;
      knowledge.by_spf[domain] = mailauth::outcomes_of(records->front().terms).pass;
    }
    for (const IpAddress& address : addresses) {
      auto answer = co_await names.resolver().ptr(address, deadline);
      if (answer && !answer->hosts.empty()) found[address] = answer->hosts.front();
    }
    co_return true;
  }
};

// Judged anew with what was learnt; none when that cannot be asked, which was said.
tl::expected<void, int> look_up(const Global& global, const DmarcReportArguments& arguments,
                                DmarcSummary& summary, Knowledge& knowledge, ReverseNames& found) {
  auto patience = base::parse_duration(arguments.timeout);
  if (!patience) return tl::unexpected(report(patience.error()));
  auto names = NameQuestions::create(global);
  if (!names) return tl::unexpected(names.error());
  Looking looking{**names, *patience, {}, {}, knowledge, found};
  for (const reports::DmarcDomain& domain : summary.domains) {
    looking.domains.push_back(domain.domain);
    for (const reports::DmarcSource& source : domain.sources)
      if (looking.addresses.size() < names_asked_max) looking.addresses.push_back(source.address);
  }
  (*names)->run(looking.run());
  reports::judge(summary, knowledge);
  return {};
}

int show_summary(const Global& global, const DmarcReportArguments& arguments, DmarcSummary summary,
                 Knowledge knowledge) {
  ReverseNames names;
  if (arguments.online || !global.resolver.empty()) {
    auto looked = look_up(global, arguments, summary, knowledge, names);
    if (!looked) return looked.error();
  }
  if (arguments.unaligned) reports::keep_unaligned(summary);
  if (global.json)
    print_json(dmarc_json(summary, names));
  else
    show(dmarc_page(summary, names, arguments.limit), global);
  const bool is_empty = summary.domains.empty() && summary.failures.empty();
  if (is_empty && !global.quiet) note("waypost: no report fits\n");
  return is_empty ? exit_code::negative : exit_code::ok;
}

int report_on_kept(const Global& global, const DmarcReportArguments& arguments, DmarcFilter filter,
                   Knowledge knowledge) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  if (auto added = add_sources(*config, knowledge); !added) return report(added.error());
  const std::string path = store_path(*config);
  const WallTime since{std::chrono::days(filter.since_day.value_or(0))};
  DmarcCollector collector(std::move(filter));
  auto collected = collect_kept(path, since, collector);
  if (!collected && collected.error().code() == ErrorCode::not_found) {
    note("waypost: no DMARC report was kept yet: `waypost dmarc import FILE` keeps some\n");
    return exit_code::negative;
  }
  if (!collected) return report(collected.error());
  return show_summary(global, arguments, std::move(collector).finish(knowledge), knowledge);
}

}  // namespace

int dmarc_report_command(const Global& global, const DmarcReportArguments& arguments) {
  auto filter = filter_of(arguments, io::SystemClock().wall_now());
  if (!filter) return report(filter.error());
  auto knowledge = told_knowledge(arguments);
  if (!knowledge) return report(knowledge.error());
  if (arguments.files.empty())
    return report_on_kept(global, arguments, *std::move(filter), *std::move(knowledge));
  DmarcCollector collector(*std::move(filter));
  const FilesRead read = collect_files(arguments.files, collector);
  if (read.reports == 0) return read.all_read ? exit_code::negative : exit_code::input;
  const int code =
      show_summary(global, arguments, std::move(collector).finish(*knowledge), *knowledge);
  return read.all_read ? code : exit_code::input;
}

int dmarc_import_command(const Global& global, const DmarcReportArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  // The relay, under its own user, has to open what is made here.
  if (auto owner = act_as_owner_of(config->data_dir); !owner) return report(owner.error());
  auto store = records::DmarcStore::open(
      store_path(*config), std::chrono::floor<std::chrono::seconds>(config->records.keep_reports));
  if (!store) return report(store.error());
  const WallTime now = io::SystemClock().wall_now();
  std::map<std::string_view, uint64_t> done;
  std::optional<Error> broken;
  const bool all_read =
      for_each_dmarc_input(arguments.files, [&](const std::string& name, std::string_view octets) {
        done["no-report"] += for_each_report(name, octets, [&](const auto& received) {
          if (broken) return;
          const auto keeping =
              std::visit([&](const auto& one) { return (*store)->keep(one, now); }, received);
          if (keeping) {
            ++done[records::name(*keeping)];
          } else if (keeping.error().code() == ErrorCode::invalid_input) {
            ++done["no-report"];
            say_no_report(name, keeping.error());
          } else {
            broken = keeping.error();
          }
        });
      });
  if (broken) return report(*broken);
  if (global.json)
    print_json(json::object{{"kept", done["kept"]},
                            {"known", done["known"]},
                            {"too_old", done["too-old"]},
                            {"no_report", done["no-report"]}});
  else if (!global.quiet)
    print(fmt::format("{} kept, {} known already, {} too old, {} no report\n", done["kept"],
                      done["known"], done["too-old"], done["no-report"]));
  if (!all_read) return exit_code::input;
  return done["no-report"] > 0 ? exit_code::negative : exit_code::ok;
}

}  // namespace waypost::cli
