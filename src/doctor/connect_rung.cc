#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "doctor/host_text.h"
#include "doctor/packet_counters.h"
#include "doctor/rungs.h"
#include "doctor/ways.h"
#include "io/task_group.h"

namespace waypost::doctor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds connect_patience{10};
constexpr milliseconds doubt_after{1500};  // then the other ports are tried meanwhile
constexpr milliseconds other_ports_patience{1500};
constexpr seconds unreachable_at_once{1};  // sooner: somebody said so; later: nobody was there
constexpr size_t addresses_tried_max = 2;  // of each family
constexpr size_t connections_at_once_max = 6;

// One attempt to connect.
struct Dial {
  IpAddress address;
  bool over = false;
  std::optional<Error> error = {};
  std::unique_ptr<io::Stream> stream = {};
  Duration took{0};

  int system_error() const { return error ? error->system_error() : 0; }
  bool silent() const { return !over || (error && error->code() == ErrorCode::timed_out); }
  // This machine has no way to that family at all.
  bool no_family() const {
    int code = system_error();
    return code == ENETUNREACH || code == EADDRNOTAVAIL || code == EAFNOSUPPORT;
  }
};

class ConnectRung {
 public:
  ConnectRung(Context& context, const Request& request, Ground& ground)
      : context_(context), request_(request), ground_(ground) {
    result_.rung = Rung::connect;
    result_.status = RungStatus::pass;
  }

  io::Task<RungResult> run();

 private:
  void choose_port();
  io::Task<void> dial(Dial& dial, Duration patience);
  io::Task<void> dial_all();
  io::Task<void> try_other_ports();
  io::Task<void> use_another_port();
  void judge();
  void judge_families(Dial* v4, Dial* v6);
  void remark_dead_addresses();
  Finding judge_failure(const Dial& dial);
  Finding finding(std::string id, const Dial* dial) const;
  Finding of_silence(const Dial& dial);
  Finding of_unreachable(const Dial& dial);
  Dial* best(bool v4);
  bool any_connected() const {
    return std::any_of(dials_.begin(), dials_.end(),
                       [](const Dial& dial) { return dial.stream != nullptr; });
  }
  bool all_over() const {
    return std::all_of(dials_.begin(), dials_.end(), [](const Dial& dial) { return dial.over; });
  }
  bool other_port_answers() const {
    return std::any_of(trials_.begin(), trials_.end(),
                       [](const Trial& trial) { return trial.reached != Trial::Reached::nothing; });
  }
  void name_other_port(Finding& finding) const;
  void note_dials();
  void note_trials();

  Context& context_;
  const Request& request_;
  Ground& ground_;
  RungResult result_;
  std::vector<Dial> dials_;
  std::vector<Trial> trials_;
  std::vector<std::string> tried_;  // for the report, in the order of trying
  PacketCounters before_;
  bool dropped_here_ = false;
};

void ConnectRung::choose_port() {
  // A domain may have named the port of its service.
  const bool named = ground_.port != 0;
  ground_.port_given = request_.port.has_value() || named;
  ground_.encryption_given = request_.encryption.has_value() || named;
  if (named) {
    if (request_.encryption) ground_.encryption = *request_.encryption;
    return;
  }
  if (request_.port)
    ground_.port = *request_.port;
  else if (ground_.mail_exchanger)
    ground_.port = request_.mx_port;
  else
    ground_.port = request_.encryption == Encryption::implicit ? 465 : 587;
  ground_.encryption = request_.encryption.value_or(usual_encryption(ground_.port));
}

io::Task<void> ConnectRung::dial(Dial& dial, Duration patience) {
  Instant began = context_.loop.now();
  ++context_.effects.connections;
  Endpoint to{dial.address, ground_.port};
  auto connected = co_await context_.network.connect(to, {}, began + patience);
  dial.took = context_.loop.now() - began;
  dial.over = true;
  if (connected)
    dial.stream = *std::move(connected);
  else
    dial.error = std::move(connected).error();
  context_.evidence.add(Evidence::Kind::note, to.text(),
                        dial.error ? dial.error->describe() : "connected");
}

// All addresses side by side. Where nothing has answered for a while, or all have failed, the other
// ports are tried as well, so that the whole takes no longer than the silence itself.
io::Task<void> ConnectRung::dial_all() {
  before_ = read_packet_counters(context_.disk);
  for (const auto* addresses : {&ground_.v4, &ground_.v6})
    for (size_t i = 0; i < addresses->size() && i < addresses_tried_max; ++i)
      dials_.push_back({(*addresses)[i]});
  io::TaskGroup group;
  for (Dial& each : dials_) group.start(dial(each, connect_patience));
  bool over = co_await group.join_until(context_.loop, context_.loop.now() + doubt_after);
  if (!any_connected()) co_await try_other_ports();
  if (!over) co_await group.join();
  dropped_here_ = read_packet_counters(context_.disk).dropped_here_since(before_);
}

io::Task<void> ConnectRung::try_other_ports() {
  // An address of a family that this machine has; where none has failed yet, the first.
  auto usable = std::find_if(dials_.begin(), dials_.end(),
                             [](const Dial& dial) { return !dial.no_family(); });
  if (usable == dials_.end() || !ground_.tries_other_ways) co_return;
  Duration patience = all_over() ? Duration(other_ports_patience) : connect_patience - doubt_after;
  IpAddress address = usable->address;
  auto waiting = static_cast<size_t>(
      std::count_if(dials_.begin(), dials_.end(), [](const Dial& dial) { return !dial.over; }));
  // The last are the least likely ones.
  std::vector<UsualPort> ways = other_ports(ground_.port);
  ways.resize(std::min(ways.size(), connections_at_once_max - waiting));
  trials_ = co_await try_ways(context_, ground_.host, address, std::move(ways), patience);
}

Dial* ConnectRung::best(bool v4) {
  Dial* found = nullptr;
  for (Dial& dial : dials_) {
    if (dial.address.is_v4() != v4) continue;
    if (!found || (dial.stream && !found->stream)) found = &dial;
  }
  return found;
}

Finding ConnectRung::finding(std::string id, const Dial* dial) const {
  Finding made;
  made.id = std::move(id);
  made.parameters = ground_.parameters();
  if (dial) {
    made.parameters["address"] = dial->address.text();
    made.parameters["family"] = dial->address.is_v4() ? "IPv4" : "IPv6";
    made.parameters["seconds"] = shown_time(dial->took);
    if (dial->error) {
      made.observed =
          fmt::format("{} port {}: {}", dial->address.text(), ground_.port, dial->error->message());
      made.parameters["seen"] = dial->error->code() == ErrorCode::refused ? shown_time(dial->took)
                                                                          : dial->error->message();
    }
  }
  if (!trials_.empty()) {
    made.notes.push_back("Other ports of this host, tried now: " + summary_of(trials_) + ".");
    add_fixes(made, trials_, ground_.port);
  }
  if (dial && ground_.mail_exchanger && !is_public_text(dial->address.text()))
    made.notes.push_back(fmt::format(
        "{} is no address of the internet: senders elsewhere come to nobody there. Look at the "
        "records of {}.",
        dial->address.text(), ground_.host));
  if (!context_.evidence.all().empty()) made.evidence = {context_.evidence.all().back().n};
  return made;
}
// One that answers, even where something else is wrong with it.
void ConnectRung::name_other_port(Finding& finding) const {
  for (const Trial& trial : trials_)
    if (trial.reached != Trial::Reached::nothing)
      finding.parameters.emplace("other_port", std::to_string(trial.at.port));
}

Finding ConnectRung::of_silence(const Dial& dial) {
  if (dropped_here_) {
    Finding found = finding("M2003", &dial);
    found.confidence = Confidence::likely;
    return found;
  }
  if (ground_.port == 25 && other_port_answers()) {
    Finding found = finding("M2008", &dial);
    found.confidence = Confidence::likely;
    found.parameters["seen"] = "silent from here";
    name_other_port(found);
    return found;
  }
  Finding found = finding("M2002", &dial);
  return found;
}

// "Host unreachable": said by a router or a firewall, or by our own system when nobody answers on
// the link. When the other ports of the host answer at all, it is about this port.
Finding ConnectRung::of_unreachable(const Dial& dial) {
  bool other_ports_differ =
      std::any_of(trials_.begin(), trials_.end(), [&dial](const Trial& trial) {
        return trial.reached != Trial::Reached::nothing || trial.words != dial.error->message();
      });
  bool firewall = dial.took < unreachable_at_once && other_ports_differ;
  Finding found = finding(firewall ? "M2005" : "M2004", &dial);
  if (dial.took < unreachable_at_once && !firewall) found.confidence = Confidence::likely;
  return found;
}

Finding ConnectRung::judge_failure(const Dial& dial) {
  auto meant = port_meant_by(ground_.port);
  auto typo = std::find_if(trials_.begin(), trials_.end(), [&meant](const Trial& trial) {
    return meant == trial.at.port && trial.reached != Trial::Reached::nothing;
  });
  if (typo != trials_.end()) {
    Finding found = finding("M2014", &dial);
    found.parameters["meant"] = std::to_string(*meant);
    found.fixes = {{"meant",
                    "client",
                    {{"port", found.parameters["meant"]}},
                    typo->works ? Tested::works : Tested::not_tested,
                    typo->words}};
    return found;
  }
  if (dial.silent()) return of_silence(dial);
  switch (dial.system_error()) {
    case EHOSTUNREACH:
      return of_unreachable(dial);
    case EACCES:
    case EPERM:
    case EINVAL: {
      Finding found = finding("M2017", &dial);
      return found;
    }
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT: {
      Finding found = finding("M2004", &dial);
      return found;
    }
    default:
      break;
  }
  if (ground_.port == 25 && other_port_answers()) {
    Finding found = finding("M2008", &dial);
    found.confidence = Confidence::possible;
    found.parameters["seen"] = "refused";
    name_other_port(found);
    return found;
  }
  if (dial.error && dial.error->code() == ErrorCode::unreachable) return of_unreachable(dial);
  Finding found = finding("M2001", &dial);
  return found;
}

std::string failure_line(const Finding& found, uint16_t port) {
  if (found.id == "M2001") return fmt::format("port {} is refused: nothing listens there", port);
  if (found.id == "M2003") return fmt::format("port {}: dropped by this machine itself", port);
  if (found.id == "M2004") return "no route to the host";
  if (found.id == "M2005") return fmt::format("port {} is rejected by a firewall", port);
  if (found.id == "M2008") return "port 25 is closed from here; other ports answer";
  if (found.id == "M2014")
    return fmt::format("port {} does not answer; {} does", port, found.parameters.at("meant"));
  if (found.id == "M2017") return "this machine's routes forbid it";
  return fmt::format("port {}: no answer in {}", port, found.parameters.at("seconds"));
}

// Beside one of its own family that works: a program may come to this one first.
void ConnectRung::remark_dead_addresses() {
  std::vector<std::string> dead, words;
  const Dial* slowest = nullptr;
  for (const Dial& dial : dials_) {
    const bool has_better = std::any_of(dials_.begin(), dials_.end(), [&dial](const Dial& other) {
      return other.over && !other.error && other.address.is_v4() == dial.address.is_v4();
    });
    if (!dial.error || !has_better) continue;
    dead.push_back(dial.address.text());
    words.push_back(fmt::format("{} port {}: {} ({})", dial.address.text(), ground_.port,
                                dial.error->message(), shown_time(dial.took)));
    if (!slowest || slowest->took < dial.took) slowest = &dial;
  }
  if (dead.empty()) return;
  Finding found = finding("M2023", slowest);
  found.severity = Severity::warning;
  found.observed = fmt::format("{}", fmt::join(words, "; "));
  found.parameters["address"] = fmt::format("{}", fmt::join(dead, " and "));
  found.parameters["name"] = ground_.at.address.text();
  result_.line += fmt::format("; {} dead address{}", dead.size(), dead.size() == 1 ? "" : "es");
  result_.add(std::move(found));
}

// The walk goes on over the family that works.
void ConnectRung::judge_families(Dial* v4, Dial* v6) {
  Dial* chosen = v6 && v6->stream ? v6 : v4;
  Dial* dead = chosen == v6 ? v4 : v6;
  ground_.at = {chosen->address, ground_.port};
  ground_.connected = std::move(chosen->stream);
  const char* works = chosen->address.is_v4() ? "IPv4" : "IPv6";
  std::string answers = fmt::format("port {} answers", ground_.port);
  if (!dead || dead->no_family()) {
    result_.line = fmt::format("{} on {}", answers, works);
    return;
  }
  if (!dead->error) {
    result_.line = answers + " on IPv4 and IPv6";
    return;
  }
  const char* fails = dead->address.is_v4() ? "IPv4" : "IPv6";
  Finding found = dead->silent() ? finding(dead->address.is_v4() ? "M2007" : "M2006", dead)
                                 : judge_failure(*dead);
  found.parameters["family"] = fails;
  found.parameters["other_family"] = works;
  if (dead->silent()) {
    std::string took = shown_time(chosen->took);
    result_.line = fmt::format("{}: no answer in {}.  {}: connected in {}", fails,
                               found.parameters["seconds"], works, took);
    found.parameters["seen"] = took;
    std::string family = chosen->address.is_v4() ? "ipv4" : "ipv6";
    found.fixes = {{family, "client", {{"family", family}}, Tested::works}};
    if (dropped_here_) found.notes.push_back("The packets do not leave this machine.");
    ground_.over = fmt::format(" (over {})", works);
  } else {
    found.severity = Severity::warning;
    result_.line = fmt::format("{}; {} only, {} fails at once", answers, works, fails);
  }
  result_.add(std::move(found));
}

void ConnectRung::judge() {
  Dial* v4 = best(true);
  Dial* v6 = best(false);
  if (any_connected()) {
    for (const Dial& dial : dials_)
      if (dial.stream) ground_.also_connected.push_back(dial.address);
    judge_families(v4, v6);
    std::erase(ground_.also_connected, ground_.at.address);
    remark_dead_addresses();
    return;
  }
  // The family that this machine has says more.
  Dial* telling = v4 && !v4->no_family() ? v4 : v6 && !v6->no_family() ? v6 : v4 ? v4 : v6;
  Finding found = judge_failure(*telling);
  result_.line = failure_line(found, ground_.port);
  result_.add(std::move(found));
}

// Nobody named a port, and the usual one fails: another usual one may be this host's.
io::Task<void> ConnectRung::use_another_port() {
  if (any_connected() || ground_.port_given || ground_.mail_exchanger) co_return;
  auto other = std::find_if(trials_.begin(), trials_.end(), [](const Trial& trial) {
    return trial.reached != Trial::Reached::nothing;
  });
  if (other == trials_.end()) co_return;
  uint16_t first_port = ground_.port;
  bool silent = dials_.front().silent();
  Finding found = judge_failure(dials_.front());
  ground_.port = other->at.port;
  if (!ground_.encryption_given) ground_.encryption = usual_encryption(ground_.port);
  for (Dial& each : dials_) {
    each = Dial{each.address};
    co_await dial(each, connect_patience);
  }
  note_dials();
  judge();
  result_.line = fmt::format("port {} ({} {})", ground_.port, first_port,
                             silent ? "is silent from here" : "is not offered");
  if (!silent) co_return;
  found.severity = Severity::warning;
  result_.add(std::move(found));
}

void ConnectRung::note_dials() {
  for (const Dial& dial : dials_)
    tried_.push_back(fmt::format("{} {}", Endpoint{dial.address, ground_.port}.text(),
                                 dial.error ? base::name(dial.error->code()) : "connected"));
}

void ConnectRung::note_trials() {
  for (const Trial& trial : trials_)
    tried_.push_back(fmt::format("{} {}", trial.at.text(),
                                 trial.works                                ? "works"
                                 : trial.reached == Trial::Reached::nothing ? "unreachable"
                                                                            : "answers"));
}

io::Task<RungResult> ConnectRung::run() {
  Instant began = context_.loop.now();
  choose_port();
  co_await dial_all();
  note_dials();
  note_trials();
  co_await use_another_port();
  if (result_.line.empty()) judge();
  result_.add_fact("port", std::to_string(ground_.port));
  result_.add_list("tried", std::move(tried_));
  result_.took = context_.loop.now() - began;
  co_return std::move(result_);
}

}  // namespace

io::Task<RungResult> walk_connect(Context& context, const Request& request, Ground& ground) {
  ConnectRung rung(context, request, ground);
  co_return co_await rung.run();
}

}  // namespace waypost::doctor
