#include "cli/doctor_command.h"

#include <clocale>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "checks/catalogue.h"
#include "cli/doctor_counter.h"
#include "cli/doctor_password.h"
#include "cli/doctor_seeds.h"
#include "cli/doctor_settings.h"
#include "cli/doctor_target.h"
#include "cli/page_output.h"
#include "dns/system_files.h"
#include "dns/unbound_resolver.h"
#include "doctor/report_json.h"
#include "doctor/report_text.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/task_group.h"
#include "io/worker.h"
#include "settings/providers.h"
#include "settings/questions.h"

namespace waypost::cli {
namespace {

constexpr uint16_t dns_port = 53;
constexpr uint64_t system_file_octets_max = 1 << 20;

// Everything that a walk needs from outside.
struct Surroundings {
  std::unique_ptr<io::Disk> disk = io::make_system_disk();
  io::AsioLoop loop;
  io::Worker worker{"doctor"};
  std::unique_ptr<dns::UnboundContext> names;
  std::unique_ptr<dns::Resolver> resolver;
  std::unique_ptr<tls::ClientContext> tls;
  std::unique_ptr<tls::ClientContext> obsolete_tls;
  std::unique_ptr<tls::ClientContext> verifying_tls;  // null where no list of authorities is there
  std::vector<Endpoint> name_servers;
};

Result<std::unique_ptr<Surroundings>> surroundings(const Global& global) {
  auto made = std::make_unique<Surroundings>();
  dns::ResolverOptions options;
  if (!global.resolver.empty()) {
    TRY(options.forward_to, Endpoint::parse(global.resolver, dns_port));
    made->name_servers = {*options.forward_to};
  } else if (auto text = made->disk->read_file("/etc/resolv.conf", system_file_octets_max)) {
    for (const IpAddress& address : dns::parse_resolv_conf(*text))
      made->name_servers.push_back({address, dns_port});
  }
  TRY(made->names, dns::UnboundContext::create(options, *made->disk));
  made->resolver = dns::make_resolver(*made->names, made->loop);
  tls::ClientOptions tls{tls::Verification::opportunistic, global.ca_file};
  tls.usual_ciphers = true;
  TRY(made->tls, tls::ClientContext::create(tls, *made->disk, made->loop.clock()));
  tls.obsolete_too = true;
  TRY(made->obsolete_tls, tls::ClientContext::create(tls, *made->disk, made->loop.clock()));
  tls = {tls::Verification::required, global.ca_file};
  auto verifying = tls::ClientContext::create(tls, *made->disk, made->loop.clock());
  if (verifying) made->verifying_tls = *std::move(verifying);
  return made;
}

std::string line_of(const boost::json::value& value) {
  return boost::json::serialize(value) + "\n";
}

class Doctor {
 public:
  Doctor(const Global& global, const DoctorArguments& arguments, Surroundings& around,
         const settings::Settings* file)
      : global_(global),
        arguments_(arguments),
        around_(around),
        file_(file),
        evidence_(around.loop),
        context_{around.loop, around.loop.network(),     *around.disk, *around.resolver,
                 *around.tls, around.obsolete_tls.get(), evidence_,    around.name_servers} {
    context_.worker = &around.worker;
    context_.verifying_tls = around.verifying_tls.get();
    context_.make_mailbox = [&global](seeds::Seed seed, std::vector<IpAddress> addresses) {
      return seeds::make_imap_mailbox(std::move(seed), std::move(addresses), global.ca_file);
    };
  }

  int run(doctor::Request request);

 private:
  io::Task<void> walk(doctor::Request request);
  int print_report();

  const Global& global_;
  const DoctorArguments& arguments_;
  Surroundings& around_;
  const settings::Settings* file_;  // null for none
  doctor::EvidenceLog evidence_;
  doctor::Context context_;
  doctor::Report report_;
};

io::Task<void> Doctor::walk(doctor::Request request) {
  std::function<void(const doctor::RungResult&)> on_rung;
  if (arguments_.json_lines)
    on_rung = [](const doctor::RungResult& result) {
      print(line_of(doctor::rung_json(result, checks::shipped_catalogue())));
    };
  // Somebody has to be there to see it.
  const bool watched = ::isatty(STDERR_FILENO) == 1 && !arguments_.json_lines && !global_.quiet;
  WaitCounter counter(around_.loop, evidence_, watched);
  report_ = co_await doctor::walk(context_, std::move(request), on_rung);
  counter.stop();
  around_.loop.stop();
}

int Doctor::print_report() {
  const checks::Catalogue& catalogue = checks::shipped_catalogue();
  if (arguments_.nagios) {
    doctor::NagiosLine line = doctor::nagios_line(report_, catalogue);
    print(line.text + "\n");
    return line.code;
  }
  if (arguments_.markdown) {
    print(doctor::report_markdown(report_, catalogue));
  } else if (arguments_.json_lines || global_.json) {
    boost::json::object report = doctor::report_json(report_, catalogue);
    if (arguments_.json_lines) report["event"] = "report";
    if (file_) {
      const FileFix fix = fix_in_file(*file_, report_);
      boost::json::object settings{{"file", file_->file},
                                   {"dialect", settings::name(file_->dialect)},
                                   {"fix", fix.lines},
                                   {"fix_verified", fix.works}};
      report["settings"] = std::move(settings);
    }
    print(line_of(report));
  } else {
    doctor::TextOptions options;
    options.transcript = global_.verbose;
    options.facts = arguments_.facts;
    if (file_) {
      FileFix fix = fix_in_file(*file_, report_);
      options.changed_lines = std::move(fix.lines);
      options.changed_and_tried = fix.works;
      options.changed_file = file_->file;
      options.program = program_of(file_->dialect);
    }
    show(doctor::report_page(report_, catalogue, options), global_);
  }
  return report_.exit_code();
}

int Doctor::run(doctor::Request request) {
  io::TaskGroup group;
  around_.loop.post([&] { group.start(walk(std::move(request))); });
  around_.loop.run();
  return print_report();
}

// For who came without knowing what to ask.
Result<void> ask_three_questions(DoctorArguments& arguments) {
  settings::Questions questions(settings::known_providers());
  while (!questions.is_done()) {
    TRY(std::string line, ask_on_terminal(questions.prompt()));
    auto taken = questions.answer(line);
    if (!taken) note(taken.error().message() + "\n");
  }
  arguments.target = questions.server();
  arguments.user = questions.user();
  if (questions.is_domain() && arguments.user.empty()) return {};
  arguments.port = questions.port();
  arguments.encryption =
      questions.encryption() == settings::Encryption::implicit ? "implicit" : "starttls";
  return {};
}

int wrong_call(std::string_view what) {
  note(fmt::format("waypost doctor: {}\n  See waypost doctor --help.\n", what));
  return exit_code::usage;
}

// The request, with the password of a login in it; or the exit code.
tl::expected<doctor::Request, int> whole_request(const Global& global,
                                                 const DoctorArguments& arguments,
                                                 std::optional<settings::Settings>& file) {
  doctor::Request base;
  if (file) base = request_of(*file);
  auto request = doctor_request(arguments, std::move(base));
  if (!request) return tl::unexpected(wrong_call(request.error().message()));
  if (const auto* provider = settings::provider_of_host(request->host, settings::known_providers()))
    request->provider = provider->id;
  if (!arguments.seeds_file.empty()) {
    auto loaded = load_seeds(arguments.seeds_file, global);
    if (!loaded) return tl::unexpected(loaded.error());
    request->seeds = *std::move(loaded);
  }
  bool wanted = !request->user.empty();
  PasswordPlace place{arguments.password_file, arguments.password_descriptor, arguments.oauth};
  bool named = !place.file.empty() || place.descriptor || request->password.empty();
  if (!wanted || !named) return *std::move(request);
  auto password = doctor_password(place);
  if (!password) {
    report(password.error());
    return tl::unexpected(password.error().code() == ErrorCode::invalid_input ? exit_code::usage
                                                                              : exit_code::input);
  }
  request->password = *std::move(password);
  return *std::move(request);
}

}  // namespace

int doctor_command(const Global& global, DoctorArguments arguments) {
  bool nothing_named =
      arguments.target.empty() && arguments.to.empty() && arguments.settings_file.empty();
  if (nothing_named && ::isatty(STDIN_FILENO) == 0)
    return wrong_call("name a server, a domain, --settings FILE or --to ADDRESS");
  if (nothing_named) {
    auto asked = ask_three_questions(arguments);
    if (!asked) return wrong_call(asked.error().message());
  }
  std::optional<settings::Settings> file;
  if (!arguments.settings_file.empty()) {
    auto read = load_program_settings(arguments.settings_file);
    if (!read) {
      report(read.error());
      return exit_code::input;
    }
    file = *std::move(read);
    for (const std::string& line : settings_from_elsewhere(*file)) note(line + "\n");
    for (const std::string& line : odd_settings(*file)) note(line + "\n");
  }
  auto request = whole_request(global, arguments, file);
  if (!request) return request.error();
  auto around = surroundings(global);
  if (!around) return report(around.error());
  Doctor doctor(global, arguments, **around, file ? &*file : nullptr);
  return doctor.run(*std::move(request));
}

}  // namespace waypost::cli
