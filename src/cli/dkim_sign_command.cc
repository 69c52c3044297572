#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/dkim_commands.h"
#include "cli/message_file.h"
#include "io/clock.h"
#include "mailauth/dkim_record.h"
#include "mailauth/dkim_sign.h"
#include "mailauth/txt_strings.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using mailauth::CanonicalForm;
using mailauth::PrivateKey;

constexpr unsigned key_file_mode = 0600;

Result<PrivateKey> read_key(const std::string& file) {
  auto disk = io::make_system_disk();
  TRY(std::string octets, disk->read_private_file(file, mailauth::private_key_octets_max));
  auto key = PrivateKey::parse(Secret::take(octets));
  if (!key) return failure(std::move(key).error().while_doing("reading " + file));
  return key;
}

// "relaxed/simple", or one form for the header alone as c= has it.
Result<void> take_forms(const std::string& text, mailauth::SigningPlan& plan) {
  const size_t slash = text.find('/');
  const std::string header = text.substr(0, slash);
  const std::string body = slash == std::string::npos ? "simple" : text.substr(slash + 1);
  for (auto [word, form] : {std::pair(&header, &plan.header_form), {&body, &plan.body_form}}) {
    if (*word != "simple" && *word != "relaxed")
      return failure(ErrorCode::invalid_input,
                     "--canonical is simple or relaxed for the header, a slash, and the same for "
                     "the body");
    *form = *word == "simple" ? CanonicalForm::simple : CanonicalForm::relaxed;
  }
  return {};
}

Result<mailauth::SigningPlan> make_plan(const DkimSignArguments& arguments) {
  if (arguments.selectors.size() != arguments.key_files.size())
    return failure(ErrorCode::invalid_input, "each --selector needs its --key");
  std::vector<mailauth::SigningKey> keys;
  for (size_t i = 0; i < arguments.selectors.size(); ++i) {
    TRY(PrivateKey key, read_key(arguments.key_files[i]));
    keys.push_back({arguments.selectors[i], std::make_shared<PrivateKey>(std::move(key))});
  }
  TRY(mailauth::SigningPlan plan, mailauth::SigningPlan::create(arguments.domain, std::move(keys)));
  TRY_VOID(take_forms(arguments.canonical, plan));
  return plan;
}

// Where the record goes and what it says, for people who paste it into a form, and for zone files.
void show_record(const Global& global, const DkimKeyArguments& arguments,
                 const mailauth::SigningPlan& plan, bool is_new) {
  const PrivateKey& key = *plan.keys.front().key;
  const std::string record_name =
      mailauth::dkim_record_name(plan.keys.front().selector, plan.domain);
  const std::string text = mailauth::dkim_record_text(key);
  const std::vector<std::string> strings = mailauth::txt_strings(text);
  const std::string zone_line = mailauth::txt_zone_line(record_name, text);
  if (global.json)
    return print(
        json::serialize(json::object{{"created", is_new},
                                     {"file", base::to_valid_utf8(arguments.file)},
                                     {"type", name(key.type())},
                                     {"bits", key.bits()},
                                     {"name", record_name},
                                     {"value", text},
                                     {"strings", json::array(strings.begin(), strings.end())},
                                     {"zone", zone_line}}) +
        "\n");
  if (!global.quiet) {
    note(is_new
             ? fmt::format("The private key is in {}; keep it on this machine.\n", arguments.file)
             : fmt::format("{} is there already and stays as it is.\n", arguments.file));
    note(
        fmt::format("Publish this TXT record at {}: a form takes the value as\n"
                    "one line, a zone file the line below it.\n\n",
                    record_name));
  }
  print(fmt::format("{}\n\n{}\n", text, zone_line));
}

Result<PrivateKey> make_key(const DkimKeyArguments& arguments) {
  return PrivateKey::generate(
      arguments.type == "rsa" ? mailauth::KeyType::rsa : mailauth::KeyType::ed25519,
      arguments.rsa_bits);
}

}  // namespace

int dkim_sign_command(const Global& global, const DkimSignArguments& arguments) {
  auto plan = make_plan(arguments);
  if (!plan) return report(plan.error());
  auto message = MessageFile::open(arguments.file);
  if (!message) return unreadable_message(message.error());
  auto signing = mailauth::DkimSigning::start(*plan, (*message)->start(), (*message)->block(),
                                              io::SystemClock().wall_now());
  if (!signing) return unreadable_message(signing.error());
  auto read = (*message)->read_body([&](std::string_view piece) { signing->add_body(piece); });
  if (!read) return unreadable_message(read.error());
  auto fields = signing->finish();
  if (!fields) return report(fields.error());
  if (global.json) {
    print(json::serialize(json::object{{"file", base::to_valid_utf8(arguments.file)},
                                       {"domain", plan->domain},
                                       {"fields", *fields}}) +
          "\n");
    return exit_code::ok;
  }
  if ((*message)->lines_end_with_lf()) std::erase(*fields, '\r');
  print(*fields);
  if (arguments.field_only) return exit_code::ok;
  auto copied = (*message)->read_from(0, [](std::string_view piece) { print(piece); });
  return copied ? exit_code::ok : unreadable_message(copied.error());
}

int dkim_key_command(const Global& global, const DkimKeyArguments& arguments) {
  auto disk = io::make_system_disk();
  const bool is_new = !disk->exists(arguments.file);
  auto key = is_new ? make_key(arguments) : read_key(arguments.file);
  if (!key) return report(key.error());
  auto kept = std::make_shared<PrivateKey>(*std::move(key));
  auto plan = mailauth::SigningPlan::create(arguments.domain, {{arguments.selector, kept}});
  if (!plan) return report(plan.error());
  if (is_new) {
    auto written = disk->write_file(arguments.file, kept->to_pem().reveal(), key_file_mode);
    if (!written) return report(written.error());
  }
  show_record(global, arguments, *plan, is_new);
  return exit_code::ok;
}

}  // namespace waypost::cli
