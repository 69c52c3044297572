#include "cli/send_command.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/drop_mail.h"
#include "cli/load_config.h"
#include "cli/sendmail_message.h"
#include "cli/timeline.h"
#include "config/data_paths.h"
#include "intake/compose.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/task_group.h"
#include "records/event_reader.h"

namespace waypost::cli {
namespace {

using events::EventKind;

constexpr Duration look_every = std::chrono::milliseconds(200);

// What each recipient has come to.
class Progress {
 public:
  void note(const events::Event& event) {
    refused_ |= event.kind == EventKind::rejected;
    for (const std::string& recipient : event.recipients) {
      switch (event.kind) {
        case EventKind::accepted:
          open_.emplace(recipient, true);
          break;
        case EventKind::delivered:
          open_[recipient] = false;
          break;
        case EventKind::bounced:
        case EventKind::expired:
        case EventKind::cancelled:
        case EventKind::suppressed:
          open_[recipient] = false;
          failed_ = true;
          break;
        default:
          break;
      }
    }
  }
  bool ended() const {
    const auto is_open = [](const auto& entry) { return entry.second; };
    return refused_ || (!open_.empty() && std::none_of(open_.begin(), open_.end(), is_open));
  }
  int exit_code() const {
    if (!ended()) return exit_code::temporary;
    return failed_ || refused_ ? exit_code::negative : exit_code::ok;
  }

 private:
  std::map<std::string, bool> open_;
  bool failed_ = false;
  bool refused_ = false;  // by the relay itself, which lists no recipients of what it cannot read
};

// Reads the event log again and again, since whoever may read it may follow.
class Following {
 public:
  Following(const Global& global, config::DataPaths paths, MessageId id)
      : global_(global), paths_(std::move(paths)), id_(id) {}

  int run(Duration patience) {
    loop_.post([&] { tasks_.start(follow(loop_.now() + patience)); });
    loop_.run();
    return code_;
  }

 private:
  io::Task<void> follow(Instant deadline) {
    while (!progress_.ended() && loop_.now() < deadline && look())
      co_await io::sleep_until(loop_, std::min(deadline, loop_.now() + look_every));
    if (code_ == exit_code::ok) code_ = progress_.exit_code();
    const bool not_taken = disk_->exists(paths_.drop + "/new/" + id_.text());
    if (code_ == exit_code::temporary && not_taken)
      note(
          "  The relay has not taken it: Waypost may not be running. Mail that was left is taken "
          "when it runs, and nothing tells of it before.\n");
    else if (code_ == exit_code::temporary)
      note(fmt::format("  It still waits; follow it with waypost trace {}\n", id_.text()));
    loop_.stop();
  }

  // False when there is nothing to wait for.
  bool look() {
    records::EventFilter filter;
    filter.message = id_;
    size_t position = 0;
    auto read = records::read_events(*disk_, paths_.events, filter, [&](const auto& event) {
      if (++position <= seen_) return true;
      progress_.note(event);
      print(global_.json ? events::to_json_line(event) + "\n"
                         : render_event(event, colors_output(global_.color)));
      return true;
    });
    seen_ = std::max(seen_, position);
    if (!read) code_ = report(read.error());
    return read.has_value();
  }

  const Global& global_;
  config::DataPaths paths_;
  MessageId id_;
  io::AsioLoop loop_;
  std::unique_ptr<io::Disk> disk_ = io::make_system_disk();
  Progress progress_;
  size_t seen_ = 0;
  int code_ = exit_code::ok;
  io::TaskGroup tasks_;
};

Result<std::string> message_of(const SendArguments& arguments, const MessageId& boundary) {
  constexpr uint64_t file_octets_max = 1ull << 30;
  if (!arguments.file.empty())
    return io::make_system_disk()->read_file(arguments.file, file_octets_max);
  intake::Composition composition{arguments.from, arguments.to, arguments.subject, arguments.text,
                                  arguments.html};
  if (composition.text == "-")
    composition.text.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (composition.text.empty() && composition.html.empty()) composition.text = "\n";
  return intake::compose(composition, "waypost-" + boundary.text());
}

int usage(const char* text) {
  note(fmt::format("waypost: {}\n", text));
  return exit_code::usage;
}

}  // namespace

int send_command(const Global& global, const SendArguments& arguments) {
  auto patience = base::parse_duration(arguments.timeout);
  if (!patience) return report(patience.error());
  if (arguments.file.empty() && (arguments.from.empty() || arguments.to.empty()))
    return usage("send needs --from and --to, or --file with a message that has them");
  auto config = load_config(global, false);
  if (!config) return config.error();
  const config::DataPaths paths(config->data_dir);
  auto message = message_of(arguments, new_message_id());
  if (!message) {
    report(message.error());
    return exit_code::input;
  }
  SendmailCall call;
  call.dot_is_text = true;
  call.recipients_from_header = arguments.to.empty();
  call.recipients = arguments.to;
  SendmailCaller caller{"postmaster", "", config->hostname};
  auto sender = sender_of(arguments.from, *message);
  if (!sender) return report(sender.error());
  call.sender = *sender;
  auto mail = prepare_mail(call, caller, *message);
  if (!mail) return report(mail.error());
  if (mail->content.size() > config->limits.message_octets_max)
    return usage("the message is larger than the relay takes");
  if (mail->commands.size() - 1 > config->limits.recipients_max)
    return usage("the message has more recipients than the relay takes");
  auto id = drop_mail(paths.drop, mail->commands, mail->content);
  if (!id) return report_not_dropped(id.error());
  print(id->text() + "\n");
  return arguments.wait ? Following(global, paths, *id).run(*patience) : exit_code::ok;
}

}  // namespace waypost::cli
