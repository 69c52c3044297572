#include "intake/header_stage.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "events/event.h"
#include "message/header_block.h"
#include "message/mime.h"
#include "message/trace_fields.h"

namespace waypost::intake {
namespace {

// RFC 5322 §2.1.1; a longer Message-ID is no name that anybody searches by.
constexpr size_t message_id_octets_max = 998;

constexpr smtp::EnhancedCode routing_loop{5, 4, 6};
constexpr smtp::EnhancedCode bad_content{5, 6, 0};

tl::unexpected<smtp::Reply> refuse(smtp::EnhancedCode enhanced, std::string text) {
  return tl::unexpected<smtp::Reply>(smtp::reply(554, enhanced, std::move(text)));
}

bool is_blind_copy(std::string_view name) {
  return base::equals_ignoring_case(name, "Bcc") || base::equals_ignoring_case(name, "Resent-Bcc");
}

// SMTP has a session and a greeting, and mail that was left here has a user.
bool came_over_http(const Submitter& submitter) {
  return submitter.authenticated && submitter.session.empty() && submitter.hello_name.empty() &&
         !submitter.local_user;
}

}  // namespace

tl::expected<HeaderFacts, smtp::Reply> examine_header(std::string_view first_octets,
                                                      size_t received_fields_max,
                                                      bool wants_subject) {
  const message::HeaderBlock header = message::scan_header_block(first_octets);
  if (header.over_limit())
    return refuse(bad_content,
                  fmt::format("The header is too large: at most {} octets and {} fields",
                              message::header_block_octets_max, message::header_fields_max));
  const size_t received = header.count("Received");
  if (received > received_fields_max)
    return refuse(routing_loop,
                  fmt::format("Mail loop: the message has passed {} servers, more than {}",
                              received, received_fields_max));
  HeaderFacts facts;
  if (const message::HeaderField* field = header.find("Message-ID"))
    facts.message_id = message::unfold(field->value).substr(0, message_id_octets_max);
  if (const message::HeaderField* field = wants_subject ? header.find("Subject") : nullptr)
    facts.subject = base::first_characters(message::readable_value(field->value),
                                           events::subject_characters_max);
  facts.has_date = header.find("Date") != nullptr;
  facts.lacks_list_unsubscribe = !header.find("List-Unsubscribe") && !header.find("DKIM-Signature");
  for (const message::HeaderField& field : header.fields) {
    const FieldPlace place{field.offset, field.octets};
    if (is_blind_copy(field.name)) facts.blind_copies.push_back(place);
    if (is_wish(field.name)) facts.wish_fields.push_back(place);
  }
  if (!facts.wish_fields.empty()) facts.wishes = read_wishes(header);
  const size_t removed = facts.blind_copies.size() + facts.wish_fields.size();
  facts.starts_with_body =
      header.fields.size() == removed && header.ended_by == message::HeaderEnd::not_a_field;
  return facts;
}

std::string own_message_id(const MessageId& id, std::string_view hostname) {
  return fmt::format("<{}@{}>", id.text(), hostname);
}

std::string missing_fields(const HeaderFacts& facts, const Acceptance& acceptance) {
  std::string fields;
  if (!facts.message_id) fields += message::message_id_field(acceptance.id, acceptance.hostname);
  if (!facts.has_date) fields += message::date_field(acceptance.dated_at);
  if (facts.lacks_list_unsubscribe && !acceptance.unsubscribe.empty())
    fields += fmt::format("List-Unsubscribe: <mailto:{}?subject=unsubscribe>\r\n",
                          acceptance.unsubscribe);
  return fields;
}

std::string added_fields(const HeaderFacts& facts, const Submitter& submitter,
                         const Acceptance& acceptance) {
  std::string fields = message::received_field({.greeting_name = submitter.hello_name,
                                                .client = submitter.client.address,
                                                .local_user = submitter.local_user,
                                                .hostname = acceptance.hostname,
                                                .extended = submitter.extended_smtp,
                                                .http = came_over_http(submitter),
                                                .tls = submitter.tls,
                                                .authenticated = submitter.authenticated,
                                                .smtputf8 = acceptance.smtputf8,
                                                .id = acceptance.id,
                                                .recipient = acceptance.recipient,
                                                .received_at = acceptance.at});
  fields += missing_fields(facts, acceptance);
  if (facts.starts_with_body) fields += "\r\n";
  return fields;
}

}  // namespace waypost::intake
