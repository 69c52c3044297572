#include "message/dmarc_report.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <expat.h>
#include <iterator>
#include <memory>
#include <type_traits>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "message/unpack.h"

namespace waypost::message {
namespace {

struct FreeParser {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, FreeParser>;

// None unless all of `text` is a number of that kind: "-1", "1e3" and "7 messages" are no counts.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// Some receivers write whole numbers as "1337270400.0".
std::string_view without_zero_fraction(std::string_view text) {
  const size_t last = text.find_last_not_of('0');
  return last != std::string_view::npos && text[last] == '.' ? text.substr(0, last) : text;
}

// Builds the report while the elements go by. Names are compared without their namespace and by
// the last two of the path, since the schemas differ only in what stands around.
class Builder {
 public:
  DmarcReport report;
  bool is_feedback = false;
  bool too_deep = false;

  void begin(std::string_view name) {
    if (size_t colon = name.rfind(':'); colon != std::string_view::npos)
      name.remove_prefix(colon + 1);
    if (path_.empty()) is_feedback = name == "feedback";
    if (path_.size() >= dmarc_depth_max) too_deep = true;
    path_.emplace_back(name);
    text_.clear();
    if (name == "record") row_ = {};
    if (name == "dkim" && is_under("auth_results")) {
      is_one_too_many_ = row_.signatures.size() >= results_max;
      if (!is_one_too_many_) row_.signatures.emplace_back();
    }
  }

  void text(std::string_view octets) {
    if (text_.size() < dmarc_text_octets_max)
      text_ += octets.substr(0, dmarc_text_octets_max - text_.size());
  }

  void end() {
    if (path_.empty()) return;
    value_ = trimmed(text_);
    std::string name = std::move(path_.back());
    path_.pop_back();
    std::string parent = path_.empty() ? std::string() : path_.back();
    if (name == "record")
      end_row();
    else
      take(parent, name);
    text_.clear();
  }

 private:
  static std::string_view trimmed(std::string_view text) {
    size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
  }

  bool is_under(std::string_view name) const {
    return path_.size() > 1 && path_[path_.size() - 2] == name;
  }

  void end_row() {
    if (report.rows.size() < dmarc_rows_max)
      report.rows.push_back(std::move(row_));
    else
      report.cut_off = true;
    row_ = {};
  }

  template <class Number>
  Number number() const {
    return number_in<Number>(without_zero_fraction(value_)).value_or(0);
  }

  void take(std::string_view parent, std::string_view name) {
    if (parent == "report_metadata") take_metadata(name);
    if (parent == "date_range" && name == "begin") report.begin = number<int64_t>();
    if (parent == "date_range" && name == "end") report.end = number<int64_t>();
    if (parent == "policy_published") take_policy(name);
    if (parent == "row" && name == "source_ip") row_.source_ip = value_;
    if (parent == "row" && name == "count") {
      const uint64_t count = number<uint64_t>();
      row_.count = count <= dmarc_count_max ? count : 0;
    }
    if (parent == "policy_evaluated") take_evaluated(name);
    if (parent == "reason" && name == "type" && row_.overrides.size() < results_max)
      row_.overrides.emplace_back(value_);
    if (parent == "identifiers" && name == "header_from") row_.header_from = value_;
    if (parent == "identifiers" && name == "envelope_from") row_.envelope_from = value_;
    if (is_in_results("dkim", parent) && !is_one_too_many_) take_signature(name);
    if (is_in_results("spf", parent)) {
      if (name == "domain") row_.spf_domain = value_;
      if (name == "result") row_.spf_result = value_;
    }
  }

  bool is_in_results(std::string_view mechanism, std::string_view parent) const {
    return parent == mechanism && is_under("auth_results");
  }

  void take_metadata(std::string_view name) {
    if (name == "org_name") report.organisation = value_;
    if (name == "email") report.email = value_;
    if (name == "report_id") report.report_id = value_;
    if (name == "error" && report.errors.size() < dmarc_errors_max)
      report.errors.emplace_back(value_);
  }

  void take_policy(std::string_view name) {
    if (name == "domain") report.domain = value_;
    if (name == "p") report.policy = value_;
    if (name == "sp") report.subdomain_policy = value_;
    if (name == "testing" || name == "t") report.testing = value_ == "y";
  }

  void take_evaluated(std::string_view name) {
    if (name == "disposition") row_.disposition = value_;
    if (name == "dkim") row_.dkim = value_;
    if (name == "spf") row_.spf = value_;
  }

  void take_signature(std::string_view name) {
    if (row_.signatures.empty()) return;
    DmarcSignature& signature = row_.signatures.back();
    if (name == "domain") signature.domain = value_;
    if (name == "selector") signature.selector = value_;
    if (name == "result") signature.result = value_;
  }

  std::vector<std::string> path_;
  std::string text_;
  std::string_view value_;
  DmarcRow row_;
  // Of signatures and of reasons that one row may have.
  static constexpr size_t results_max = 100;
  bool is_one_too_many_ = false;
};

Error not_a_report(std::string why) {
  return {ErrorCode::invalid_input, "this is no DMARC aggregate report: " + std::move(why)};
}

// `encoding` is null for that of the document.
base::Result<DmarcReport> read_xml(std::string_view xml, const char* encoding) {
  Parser parser(XML_ParserCreate(encoding));
  Builder builder;
  XML_SetUserData(parser.get(), &builder);
  XML_SetElementHandler(
      parser.get(),
      [](void* data, const XML_Char* name, const XML_Char**) {
        static_cast<Builder*>(data)->begin(name);
      },
      [](void* data, const XML_Char*) { static_cast<Builder*>(data)->end(); });
  XML_SetCharacterDataHandler(parser.get(), [](void* data, const XML_Char* text, int octets) {
    static_cast<Builder*>(data)->text({text, size_t(octets)});
  });
  // An entity of its own has no place in a report, and is how small files become large ones.
  XML_SetEntityDeclHandler(
      parser.get(),
      [](void* data, const XML_Char*, int, const XML_Char*, int, const XML_Char*, const XML_Char*,
         const XML_Char*, const XML_Char*) { static_cast<Builder*>(data)->too_deep = true; });
  constexpr size_t block = 64 * 1024;
  for (size_t at = 0; at < xml.size(); at += block) {
    size_t octets = std::min(block, xml.size() - at);
    bool is_last = at + octets == xml.size();
    if (XML_Parse(parser.get(), xml.data() + at, int(octets), is_last) == XML_STATUS_ERROR)
      return failure(
          not_a_report(fmt::format("{} in line {}", XML_ErrorString(XML_GetErrorCode(parser.get())),
                                   XML_GetCurrentLineNumber(parser.get()))));
    if (builder.too_deep)
      return failure(not_a_report("it declares entities, or is nested too deep"));
  }
  if (!builder.is_feedback) return failure(not_a_report("its element is not `feedback`"));
  return std::move(builder.report);
}

// RFC 9990 §3.5.3: receiver "!" domain "!" begin "!" end.
bool is_named_as_report(const MimePart& part) {
  return std::count(part.file.begin(), part.file.end(), '!') >= 3;
}

bool names_a_report(const MimePart& part) {
  std::string file = base::to_lower(part.file);
  bool is_xml = part.type == "application/xml" || part.type == "text/xml" ||
                file.ends_with(".xml") || file.ends_with(".xml.gz");
  bool is_packed =
      part.type.find("zip") != std::string::npos || file.ends_with(".zip") || file.ends_with(".gz");
  return is_xml || (is_named_as_report(part) && is_packed);
}

// Of octets that are not packed.
base::Result<DmarcReport> read_unpacked(std::string_view xml) {
  // Some write blank lines in front of the declaration, where XML allows none.
  xml.remove_prefix(std::min(xml.find_first_not_of(" \t\r\n"), xml.size()));
  auto report = read_xml(xml, nullptr);
  if (report) return report;
  const std::string text = base::to_valid_utf8(xml);
  auto as_text = read_xml(text, "UTF-8");
  // The better reason is that of the reading which came further; UTF-16 is no UTF-8 to begin with.
  return as_text || xml.starts_with('<') ? as_text : report;
}

using Reports = std::vector<base::Result<DmarcReport>>;

// `room`: octets that may still be unpacked. A folder of reports as they were mailed, zipped, is
// packed twice; nobody packs three times.
void read_files(std::string_view octets, size_t levels, size_t& room, Reports& reports) {
  auto files = unpack_files(octets, room, dmarc_files_max);
  for (const auto& file : files)
    if (file) room -= file->size();
  for (auto& file : files) {
    if (!file)
      reports.emplace_back(failure(std::move(file).error()));
    else if (levels > 1 && is_packed(octets) && is_packed(*file))
      read_files(*file, levels - 1, room, reports);
    else
      reports.push_back(read_unpacked(*file));
  }
}

}  // namespace

Reports read_dmarc_reports(std::string_view octets) {
  Reports reports;
  size_t room = dmarc_report_octets_max;
  read_files(octets, 2, room, reports);
  return reports;
}

base::Result<DmarcReport> read_dmarc_report(std::string_view octets) {
  TRY(const std::string xml, unpack(octets, dmarc_report_octets_max));
  return read_unpacked(xml);
}

Reports dmarc_reports_of(const MimeMessage& message, bool with_forwarded) {
  constexpr std::string_view usual_subject = "report domain:";
  Reports reports;
  bool says_so = base::to_lower(message.field("Subject")).find(usual_subject) != std::string::npos;
  for (const MimePart& part : message.parts) {
    if ((part.messages > 0 && !with_forwarded) || part.content.empty()) continue;
    // Of a forwarded message its header stands there.
    if (with_forwarded && part.type.starts_with("message/"))
      says_so |= base::to_lower(part.content).find(usual_subject) != std::string::npos;
    const bool is_zip = part.type.find("zip") != std::string::npos;
    if (!names_a_report(part) && !(says_so && is_zip)) continue;
    Reports read = read_dmarc_reports(part.content);
    const bool any = std::any_of(read.begin(), read.end(), [](const auto& one) { return !!one; });
    // An attachment that happens to be XML is no broken report.
    if (any || says_so || is_named_as_report(part))
      std::move(read.begin(), read.end(), std::back_inserter(reports));
  }
  return reports;
}

}  // namespace waypost::message
