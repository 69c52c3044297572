#include "api/email_request.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/fields.h"
#include "api/media_type.h"
#include "api/person.h"
#include "base/ascii.h"
#include "base/time.h"
#include "intake/author.h"
#include "intake/compose.h"
#include "intake/wishes.h"
#include "queue/asked_time.h"
#include "sasl/base64.h"
#include "smtp/limits.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using intake::Attachment;
using intake::Composition;

constexpr size_t person_octets_max = 600;
constexpr size_t subject_octets_max = 2000;
constexpr size_t field_name_octets_max = 76;
constexpr size_t field_value_octets_max = 2000;
constexpr size_t fields_max = 50;
constexpr size_t attachments_max = 100;
constexpr size_t filename_octets_max = 255;
constexpr size_t label_octets_max = 256;

// Fields that this request says in other words, that are the relay's to write, or that would say
// another thing of the message than it is.
constexpr std::array<std::string_view, 13> reserved_fields{
    "from", "sender",       "to",       "cc",          "bcc",        "subject",       "reply-to",
    "date", "mime-version", "received", "return-path", "message-id", "dkim-signature"};
constexpr std::array<std::string_view, 3> reserved_prefixes{"content-", "resent-", "x-waypost-"};

class EmailReader {
 public:
  EmailReader(const json::object& object, const std::string& path,
              std::vector<web::FieldProblem>& problems, std::string boundary,
              uint64_t content_octets_max)
      : fields_(object, path, problems),
        problems_(problems),
        boundary_(std::move(boundary)),
        content_octets_max_(content_octets_max) {}

  Email read() {
    read_sender();
    const size_t told = problems_.size();
    const std::vector<std::string> to = read_recipients("to");
    const std::vector<std::string> cc = read_recipients("cc");
    read_recipients("bcc");
    if (email_.recipients.empty() && !fields_.has("to"))
      fields_.note("to", "is missing: an address, or a list of them");
    else if (email_.recipients.empty() && problems_.size() == told)
      fields_.note("to", "has no address in it");
    const std::string wishes = read_wishes();
    read_schedule();
    const bool is_raw = fields_.has("raw");
    fields_.know("raw");
    std::string content = is_raw ? read_raw() : read_parts(to, cc);
    email_.content = wishes + std::move(content);
    fields_.no_more();
    return std::move(email_);
  }

 private:
  void add_recipient(const smtp::Mailbox& mailbox) {
    email_.smtputf8 = email_.smtputf8 || !mailbox.is_ascii();
    const auto& all = email_.recipients;
    if (std::find(all.begin(), all.end(), mailbox) == all.end())
      email_.recipients.push_back(mailbox);
  }

  void read_sender() {
    const std::string from = fields_.line("from", person_octets_max);
    if (from.empty() && !fields_.has("from")) return fields_.note("from", "is missing");
    Result<Person> person = parse_person(from);
    if (!person) return fields_.note("from", "is no address: " + person.error().message());
    email_.sender = person->mailbox;
    email_.smtputf8 = !email_.sender.is_ascii();
    from_ = std::move(person->text);
  }

  std::vector<std::string> read_recipients(std::string_view key) {
    std::vector<std::string> shown;
    const auto lines = fields_.lines(key, person_octets_max, recipients_max);
    for (size_t i = 0; i < lines.size(); ++i) {
      Result<Person> person = parse_person(lines[i]);
      if (person) {
        add_recipient(person->mailbox);
        shown.push_back(std::move(person->text));
      } else if (!lines[i].empty() || problems_.empty()) {
        fields_.note(fmt::format("{}[{}]", key, i), "is no address: " + person.error().message());
      }
    }
    if (email_.recipients.size() > recipients_max)
      fields_.note(key, fmt::format("makes more than {} recipients", recipients_max));
    return shown;
  }

  // Fields that the way in reads and takes out again.
  std::string read_wishes() {
    std::string wishes;
    const std::string stream = fields_.line("stream", 64);
    const auto is_name = [](char c) {
      return base::is_alnum(c) || c == '.' || c == '_' || c == '-';
    };
    if (!std::all_of(stream.begin(), stream.end(), is_name))
      fields_.note("stream", "is no name of a stream: 1 to 64 of A-Z a-z 0-9 . _ -");
    else if (!stream.empty())
      wishes += "X-Waypost-Stream: " + stream + "\r\n";
    const std::string expire_after = fields_.line("expire_after", 32);
    const Result<Duration> lives = base::parse_duration(expire_after);
    const bool is_time =
        lives && *lives >= intake::expire_after_min && *lives <= intake::expire_after_max;
    if (!expire_after.empty() && !is_time)
      fields_.note("expire_after", "is no time from 1s to 30d, such as 10m or 1h30m");
    else if (!expire_after.empty())
      wishes += "X-Waypost-Expire-After: " + expire_after + "\r\n";
    return wishes + read_tags();
  }

  std::string read_tags() {
    const json::array* list = fields_.array("tags", intake::tags_max);
    std::string wishes;
    std::set<std::string> names;
    for (size_t i = 0; list && i < list->size(); ++i) {
      const std::string place = fmt::format("tags[{}]", i);
      const json::value& value = (*list)[i];
      if (!value.is_object()) {
        fields_.note(place, "is no object such as {\"name\": \"kind\", \"value\": \"invoice\"}");
        continue;
      }
      Fields inside(value.get_object(), fields_.path_of(place + "."), problems_);
      const std::string name = read_tag_part(inside, "name");
      const std::string content = read_tag_part(inside, "value");
      inside.no_more();
      if (!name.empty() && !names.insert(name).second)
        inside.note("name", "stands there twice: a tag has one value");
      wishes += "X-Waypost-Tag: " + name + "=" + content + "\r\n";
    }
    return wishes;
  }

  static std::string read_tag_part(Fields& tag, std::string_view key) {
    std::string part = tag.line(key, intake::tag_part_octets_max);
    if (!tag.has(key))
      tag.note(key, "is missing");
    else if (!intake::is_tag_part(part))
      tag.note(key, fmt::format("is not 1 to {} of A-Z a-z 0-9 _ -", intake::tag_part_octets_max));
    return part;
  }

  void read_schedule() {
    const std::string text = fields_.line("scheduled_at", 256);
    if (text.empty() && !fields_.has("scheduled_at")) return;
    Result<WallTime> time = queue::parse_asked_time(text);
    if (!time) return fields_.note("scheduled_at", time.error().message());
    email_.scheduled_at = *time;
  }

  std::string read_parts(const std::vector<std::string>& to, const std::vector<std::string>& cc) {
    Composition parts{from_, to, fields_.line("subject", subject_octets_max),
                      fields_.text("text", content_octets_max_),
                      fields_.text("html", content_octets_max_)};
    parts.cc = cc;
    if (!fields_.has("subject")) fields_.note("subject", "is missing");
    if (!fields_.has("text") && !fields_.has("html"))
      fields_.note("text", "is missing: an email has text, html or both");
    read_reply_to(parts);
    read_headers(parts);
    read_attachments(parts);
    if (!problems_.empty()) return {};
    if (parts.to.empty() && parts.cc.empty()) parts.to = {"undisclosed-recipients:;"};
    if (parts.text.empty() && parts.html.empty()) parts.text = "\n";
    return intake::compose(parts, boundary_);
  }

  void read_reply_to(Composition& parts) {
    const auto lines = fields_.lines("reply_to", person_octets_max, 10);
    for (const std::string& line : lines) {
      Result<Person> person = parse_person(line);
      if (!person)
        fields_.note("reply_to", "is no address: " + person.error().message());
      else
        add_reply_to(*std::move(person), parts);
    }
  }

  void add_reply_to(Person person, Composition& parts) {
    email_.smtputf8 = email_.smtputf8 || !person.mailbox.is_ascii();
    parts.reply_to.push_back(std::move(person.text));
  }

  void read_headers(Composition& parts) {
    const json::object* headers = fields_.object("headers");
    if (!headers) return;
    if (headers->size() > fields_max)
      return fields_.note("headers", fmt::format("has more than {} fields", fields_max));
    Fields inside(*headers, fields_.path_of("headers."), problems_);
    for (const auto& member : *headers) {
      const std::string name(member.key());
      if (std::optional<std::string> why = refuse_field(name))
        fields_.note("headers", *why);
      else
        add_field(name, inside.line(name, field_value_octets_max), parts);
    }
  }

  void add_field(const std::string& name, std::string value, Composition& parts) {
    if (has_long_word(value))
      return fields_.note("headers", fmt::format("\"{}\" has a word of more than {} octets, which "
                                                 "fits on no line",
                                                 name, intake::header_word_octets_max));
    parts.fields.emplace_back(name, std::move(value));
  }

  // Where it is not ASCII it goes out in encoded words, which break anywhere.
  static bool has_long_word(std::string_view value) {
    size_t octets = 0;
    bool is_long = false;
    for (char c : value) {
      if (static_cast<unsigned char>(c) >= 0x80) return false;
      octets = c == ' ' ? 0 : octets + 1;
      is_long = is_long || octets >= intake::header_word_octets_max;
    }
    return is_long;
  }

  // RFC 5322 §3.6.8.
  static std::optional<std::string> refuse_field(const std::string& name) {
    const auto may_stand = [](char c) { return c > 0x20 && c < 0x7f && c != ':'; };
    if (name.empty() || name.size() > field_name_octets_max ||
        !std::all_of(name.begin(), name.end(), may_stand))
      return fmt::format(
          "has a name that no header field can have: 1 to {} printable ASCII "
          "characters without a blank or colon",
          field_name_octets_max);
    const std::string lower = base::to_lower(name);
    const bool is_reserved =
        std::find(reserved_fields.begin(), reserved_fields.end(), lower) != reserved_fields.end() ||
        std::any_of(reserved_prefixes.begin(), reserved_prefixes.end(),
                    [&](std::string_view prefix) { return lower.starts_with(prefix); });
    if (is_reserved)
      return "\"" + name +
             "\" cannot be set here: it has a field of this request, or the relay "
             "writes it";
    return std::nullopt;
  }

  void read_attachments(Composition& parts) {
    const json::array* list = fields_.array("attachments", attachments_max);
    for (size_t i = 0; list && i < list->size(); ++i) {
      const std::string place = fmt::format("attachments[{}]", i);
      const json::value& value = (*list)[i];
      if (!value.is_object())
        fields_.note(place, "is no object");
      else
        parts.attachments.push_back(read_attachment(value.get_object(), place));
    }
  }

  Attachment read_attachment(const json::object& object, const std::string& place) {
    Fields inside(object, fields_.path_of(place + "."), problems_);
    Attachment attachment;
    attachment.filename = inside.line("filename", filename_octets_max);
    attachment.content_type = inside.line("content_type", label_octets_max);
    attachment.content_id = inside.line("content_id", label_octets_max);
    attachment.base64 = inside.text("content", content_octets_max_ * 2);
    if (attachment.filename.empty()) inside.note("filename", "is missing");
    if (attachment.content_type.empty()) attachment.content_type = "application/octet-stream";
    if (std::optional<std::string> why = refuse_media_type(attachment.content_type))
      inside.note("content_type", *why);
    const auto is_id = [](char c) {
      return base::is_alnum(c) || std::string_view("._@+-").find(c) != std::string_view::npos;
    };
    if (!std::all_of(attachment.content_id.begin(), attachment.content_id.end(), is_id))
      inside.note("content_id", "has other characters than A-Z a-z 0-9 . _ @ + -");
    if (inside.has("path"))
      inside.note("path",
                  "cannot be used: the relay fetches nothing; put the content in "
                  "\"content\" as base64");
    if (!inside.has("content"))
      inside.note("content", "is missing: the octets in base64");
    else if (!sasl::base64_decode(attachment.base64, content_octets_max_))
      inside.note("content",
                  "is no base64 on one line, with its padding (RFC 4648 §4), or too "
                  "large");
    inside.know("path");
    inside.no_more();
    return attachment;
  }

  // A whole message in base64, which says in its own header what the other fields would.
  std::string read_raw() {
    const std::string base64 = fields_.text("raw", content_octets_max_ * 2);
    for (const char* other : {"subject", "text", "html", "headers", "attachments", "reply_to"}) {
      if (fields_.has(other)) fields_.note(other, "cannot stand beside \"raw\"");
      fields_.know(other);
    }
    Result<std::string> decoded = sasl::base64_decode(base64, content_octets_max_);
    if (!decoded || decoded->empty()) {
      fields_.note("raw", "is no base64 on one line (RFC 4648 §4), empty, or too large");
      return {};
    }
    std::string content = with_line_ends(*decoded);
    if (content.empty()) return content;
    auto author = intake::author_domain_of(content);
    if (!author) fields_.note("raw", "cannot be sent: " + author.error().message());
    email_.author_domain = author.value_or("");
    auto agent = intake::agent_domain_of(content);
    if (!agent) fields_.note("raw", "cannot be sent: " + agent.error().message());
    email_.agent_domain = agent.value_or("");
    return content;
  }

  // What SMTP could not say in DATA is refused as there; a bare LF is what files have.
  std::string with_line_ends(std::string_view octets) {
    std::string lines;
    lines.reserve(octets.size() + octets.size() / 32);
    size_t line_start = 0;
    for (size_t i = 0; i < octets.size(); ++i) {
      const char c = octets[i];
      if (c == '\0' || (c == '\r' && (i + 1 == octets.size() || octets[i + 1] != '\n'))) {
        fields_.note("raw", c == '\0' ? "has the octet NUL" : "has a CR without an LF");
        return {};
      }
      email_.eight_bit = email_.eight_bit || static_cast<unsigned char>(c) >= 0x80;
      if (c == '\n' && (lines.empty() || lines.back() != '\r')) lines += '\r';
      lines += c;
      if (c == '\n') line_start = lines.size();
      if (lines.size() - line_start > smtp::text_line_octets_accepted) {
        fields_.note("raw", fmt::format("has a line of more than {} octets",
                                        smtp::text_line_octets_accepted));
        return {};
      }
    }
    if (!lines.empty() && lines.back() != '\n') lines += "\r\n";
    return lines;
  }

  Fields fields_;
  std::vector<web::FieldProblem>& problems_;
  const std::string boundary_;
  const uint64_t content_octets_max_;
  Email email_;
  std::string from_;
};

}  // namespace

Result<EmailRequest> read_email_request(std::string_view body, bool is_batch,
                                        std::string_view boundary, uint64_t content_octets_max) {
  TRY(const json::value value, parse_json(body));
  EmailRequest request;
  const auto read = [&](const json::object& object, const std::string& path) {
    // One that is wrong says so only of itself.
    std::vector<web::FieldProblem> problems;
    request.emails.push_back(
        EmailReader(object, path, problems, std::string(boundary), content_octets_max).read());
    for (web::FieldProblem& problem : problems)
      if (request.problems.size() < problems_max) request.problems.push_back(std::move(problem));
  };
  if (!is_batch) {
    if (!value.is_object()) return failure(ErrorCode::invalid_input, "The body is no JSON object.");
    read(value.get_object(), {});
    return request;
  }
  if (!value.is_array() || value.get_array().empty() ||
      value.get_array().size() > emails_at_once_max)
    return failure(ErrorCode::invalid_input,
                   fmt::format("The body is no JSON array of 1 to {} emails.", emails_at_once_max));
  const json::array& list = value.get_array();
  for (size_t i = 0; i < list.size() && request.problems.size() < problems_max; ++i) {
    if (list[i].is_object())
      read(list[i].get_object(), fmt::format("[{}].", i));
    else
      request.problems.push_back({fmt::format("[{}]", i), "is no object"});
  }
  return request;
}

}  // namespace waypost::api
