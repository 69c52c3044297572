#include "cli/spool_export.h"

#include <boost/json.hpp>

#include "base/utf8.h"
#include "io/folders.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

constexpr unsigned folder_mode = 0700;
constexpr unsigned file_mode = 0600;

json::object to_json(const spool::InspectedMessage& message) {
  json::array findings;
  for (const spool::Finding& finding : message.findings)
    findings.push_back(
        {{"defect", spool::name(finding.defect)}, {"detail", base::to_valid_utf8(finding.detail)}});
  json::object object{{"id", message.id.text()}, {"findings", std::move(findings)}};
  if (!message.envelope) return object;
  const spool::Envelope& envelope = *message.envelope;
  object["accepted_at"] = base::to_rfc3339(envelope.accepted_at);
  object["expires_at"] = base::to_rfc3339(envelope.expires_at);
  object["sender"] = envelope.sender ? base::to_valid_utf8(envelope.sender->text()) : "";
  json::array recipients;
  for (uint32_t i = 0; i < envelope.recipients.size(); ++i) {
    json::object recipient{{"address", base::to_valid_utf8(envelope.recipients[i].text())},
                           {"settled", false}};
    if (auto progress = message.progress.find(i); progress != message.progress.end()) {
      recipient["settled"] = progress->second.settled;
      recipient["attempts"] = progress->second.attempts;
      recipient["held"] = progress->second.held;
      recipient["last_reply"] = base::to_valid_utf8(progress->second.last_reply);
      if (progress->second.scheduled_at != WallTime())
        recipient["scheduled_at"] = base::to_rfc3339(progress->second.scheduled_at);
    } else if (!envelope.held_because.empty()) {
      recipient["held"] = true;
    }
    recipients.push_back(std::move(recipient));
  }
  object["recipients"] = std::move(recipients);
  object["tenant"] = base::to_valid_utf8(envelope.tenant);
  object["stream"] = base::to_valid_utf8(envelope.stream);
  object["login"] = base::to_valid_utf8(envelope.login);
  object["client"] = base::to_valid_utf8(envelope.client);
  object["message_id"] = base::to_valid_utf8(envelope.message_id);
  object["smtputf8"] = envelope.smtputf8;
  object["inbound"] = envelope.inbound;
  object["size"] = envelope.size_octets;
  if (envelope.not_before != WallTime())
    object["not_before"] = base::to_rfc3339(envelope.not_before);
  if (!envelope.held_because.empty())
    object["held_because"] = base::to_valid_utf8(envelope.held_because);
  return object;
}

}  // namespace

Result<SpoolExport> SpoolExport::make(const std::string& folder) {
  TRY_VOID(io::make_new_folder(folder, folder_mode));
  TRY_VOID(io::make_new_folder(folder + "/damaged", folder_mode));
  return SpoolExport(folder);
}

Result<void> SpoolExport::add(const spool::BatchStore& store,
                              const spool::InspectedMessage& message) {
  if (message.arriving) return {};
  const std::string name = message.id.text();
  const bool whole = message.findings.empty();
  const std::string path = folder_ + (whole ? "/" : "/damaged/") + name;
  // From a repaired copy the same message comes again, and what came before is not worse.
  if (disk_->exists(folder_ + "/" + name + ".eml") || disk_->exists(path + ".eml")) return {};
  {
    TRY(auto file, disk_->open_append(path + ".eml", file_mode));
    TRY_VOID(spool::read_chunks(store, message.id, message.chunks,
                                [&](std::string_view octets) { return file->append(octets); }));
  }
  TRY(auto file, disk_->open_append(path + ".json", file_mode));
  TRY_VOID(file->append(json::serialize(to_json(message)) + "\n"));
  ++(whole ? whole_ : damaged_);
  return {};
}

Result<void> SpoolExport::finish() { return io::sync_all(folder_); }

}  // namespace waypost::cli
