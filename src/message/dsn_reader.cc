#include "message/dsn_reader.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "message/report_fields.h"

namespace waypost::message {
namespace {

struct ActionName {
  std::string_view name;
  ReportedAction action;
};
constexpr std::array<ActionName, 5> action_names{{{"failed", ReportedAction::failed},
                                                  {"delayed", ReportedAction::delayed},
                                                  {"delivered", ReportedAction::delivered},
                                                  {"relayed", ReportedAction::relayed},
                                                  {"expanded", ReportedAction::expanded}}};

// Fields that a recipient has once, so that a second one begins the next recipient.
constexpr std::array<std::string_view, 4> once{"final-recipient", "original-recipient", "action",
                                               "status"};
constexpr std::array<std::string_view, 10> of_recipient{"final-recipient",
                                                        "original-recipient",
                                                        "action",
                                                        "status",
                                                        "remote-mta",
                                                        "diagnostic-code",
                                                        "last-attempt-date",
                                                        "will-retry-until",
                                                        "final-log-id",
                                                        "x-actual-recipient"};

bool is_in(std::string_view name, const auto& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Fields of one recipient, collected until the next one begins.
struct Collected {
  FieldGroup group;

  bool has(std::string_view name) const { return !group.find(name).empty(); }
  bool is_recipient() const {
    return has("final-recipient") || has("original-recipient") || has("action") || has("status");
  }
};

std::string status_of(const FieldGroup& group) {
  std::string_view status = first_status(group.find("status"));
  return std::string(status);
}

// Whether two addresses can be of one mailbox: hosts write their own name behind the `@`, or none.
bool may_be_one(std::string_view one, std::string_view other) {
  const size_t one_at = std::min(one.rfind('@'), one.size());
  const size_t other_at = std::min(other.rfind('@'), other.size());
  if (!base::equals_ignoring_case(one.substr(0, one_at), other.substr(0, other_at))) return false;
  const auto is_below = [](const std::string& domain, const std::string& above) {
    return above.empty() || domain == above || domain.ends_with("." + above.substr(1));
  };
  const std::string one_domain = base::to_lower(one.substr(one_at));
  const std::string other_domain = base::to_lower(other.substr(other_at));
  return is_below(one_domain, other_domain) || is_below(other_domain, one_domain);
}

ReportedRecipient recipient_of(const FieldGroup& group) {
  ReportedRecipient recipient;
  const std::string final = report_address(group.find("final-recipient"));
  const std::string actual = report_address(group.find("x-actual-recipient"));
  recipient.address = final;
  std::string original = report_address(group.find("original-recipient"));
  // What it was turned into here, such as a file or a route, tells the sender nothing.
  bool is_local = recipient.address.find('@') == std::string::npos ||
                  without_type(group.find("final-recipient")).starts_with('@');
  if (is_local && !original.empty()) recipient.address = original;
  if (recipient.address.empty()) recipient.address = actual;
  for (const std::string& other : {final, actual})
    if (!other.empty() && !may_be_one(other, recipient.address)) recipient.is_passed_on = true;
  if (!base::equals_ignoring_case(original, recipient.address)) recipient.original = original;
  recipient.action = parse_reported_action(group.find("action"));
  recipient.status = status_of(group);
  std::string_view diagnostic = group.find("diagnostic-code");
  std::string type = base::to_lower(type_before(diagnostic));
  recipient.is_reply = type.empty() || type == "smtp" || type == "lmtp";
  recipient.diagnostic = without_type(diagnostic);
  if (recipient.diagnostic.empty()) recipient.diagnostic = group.find("localized-diagnostic");
  recipient.remote_mta = without_type(group.find("remote-mta"));
  recipient.will_retry_until = group.find("will-retry-until");
  return recipient;
}

class Reading {
 public:
  void take(const FieldGroup& group) {
    for (const ReportField& field : group.fields) take(field);
    // A blank line ends a recipient, but for one that only has begun.
    if (collected_.has("final-recipient") || (collected_.has("action") && collected_.has("status")))
      end_recipient();
  }

  std::optional<DeliveryReport> finish() {
    end_recipient();
    if (report_.recipients.empty()) return std::nullopt;
    return std::move(report_);
  }

 private:
  void take(const ReportField& field) {
    if (field.name == "reporting-mta") report_.reporting_mta = without_type(field.value);
    if (field.name == "original-envelope-id") report_.envelope_id = field.value;
    if (field.name == "arrival-date") report_.arrival_date = field.value;
    if (!is_in(field.name, of_recipient)) return;
    if (is_in(field.name, once) && collected_.has(field.name)) end_recipient();
    collected_.group.fields.push_back(field);
  }

  void end_recipient() {
    if (collected_.is_recipient() && report_.recipients.size() < reported_recipients_max)
      report_.recipients.push_back(recipient_of(collected_.group));
    collected_ = {};
  }

  DeliveryReport report_;
  Collected collected_;
};

}  // namespace

std::string_view name(ReportedAction action) {
  for (const ActionName& one : action_names)
    if (one.action == action) return one.name;
  return {};
}

ReportedAction parse_reported_action(std::string_view value) {
  size_t end = 0;
  while (end < value.size() && base::is_alpha(value[end])) ++end;
  for (const ActionName& one : action_names)
    if (base::equals_ignoring_case(one.name, value.substr(0, end))) return one.action;
  return ReportedAction::not_stated;
}

std::string_view first_status(std::string_view text) {
  for (size_t at = 0; at + 4 < text.size(); ++at) {
    if (text[at] != '2' && text[at] != '4' && text[at] != '5') continue;
    if (at > 0 && (base::is_alnum(text[at - 1]) || text[at - 1] == '.')) continue;
    size_t end = at + 1;
    size_t numbers = 1;
    while (numbers < 3 && end + 1 < text.size() && text[end] == '.' &&
           base::is_digit(text[end + 1])) {
      size_t digits = 0;
      for (++end; end < text.size() && base::is_digit(text[end]); ++end) ++digits;
      if (digits > 3) break;
      ++numbers;
    }
    bool ends = end >= text.size() || (!base::is_alnum(text[end]) && text[end] != '.') ||
                (text[end] == '.' && (end + 1 >= text.size() || !base::is_digit(text[end + 1])));
    if (numbers == 3 && ends) return text.substr(at, end - at);
  }
  return {};
}

std::optional<DeliveryReport> read_delivery_report(std::string_view text) {
  Reading reading;
  for (const FieldGroup& group : read_report_fields(text)) reading.take(group);
  return reading.finish();
}

std::optional<DeliveryReport> delivery_report_of(const MimeMessage& message) {
  constexpr size_t messages_deep_max = 3;
  for (size_t messages = 0; messages <= messages_deep_max; ++messages)
    for (const MimePart& part : message.parts) {
      bool is_report =
          part.type == "message/delivery-status" || part.type == "message/global-delivery-status";
      if (!is_report || part.messages != messages) continue;
      if (auto report = read_delivery_report(part.content)) return report;
    }
  return std::nullopt;
}

}  // namespace waypost::message
