#include "publish/render.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/txt_strings.h"

namespace waypost::publish {
namespace {

std::string_view headline(Purpose purpose) {
  switch (purpose) {
    case Purpose::spf:
      return "SPF: which servers may send for the domain";
    case Purpose::dkim:
      return "DKIM: the key that its signatures are checked with";
    case Purpose::dmarc:
      return "DMARC: what receivers do with mail that fails both";
    case Purpose::return_path_mx:
      return "Return path: where bounces go";
    case Purpose::return_path_spf:
      return "Return path: SPF is checked for this name";
  }
  return "";
}

bool is_plain(char c) { return !base::is_control(c) && static_cast<unsigned char>(c) < 0x80; }

std::string quoted(std::string_view text) {
  std::string made = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    // RFC 1035 §5.1.
    if (is_plain(c))
      made += c;
    else
      made += fmt::format("\\{:03}", static_cast<unsigned char>(c));
  }
  return made + '"';
}

std::vector<std::string> quoted_strings(const WantedRecord& record) {
  std::vector<std::string> strings;
  for (const std::string& part : mailauth::txt_strings(record.text))
    strings.push_back(quoted(part));
  return strings;
}

std::string_view type_name(const WantedRecord& record) {
  return record.type == RecordType::mx ? "MX" : "TXT";
}

std::string to_do(const WantedRecord& record) {
  if (record.published) return "is there, nothing to do";
  if (record.blocked) return "do not publish it, see the problem below";
  if (record.replaces.empty()) return "add";
  return record.replaces.size() == 1 ? "change the record that is there"
                                     : "in the place of those that are there";
}

void show_value(std::string& text, const WantedRecord& record) {
  if (record.type == RecordType::mx) {
    text += fmt::format("    value  {}\n    prio   {}\n", record.text, record.preference);
    return;
  }
  text += fmt::format("    value  {}\n", base::escape_control(record.text));
  const auto strings = quoted_strings(record);
  if (strings.size() == 1) return;
  text += "    or, where a form takes at most 255 octets, in these pieces:\n";
  for (const std::string& part : strings)
    text += fmt::format("           {}\n", base::escape_control(part));
}

}  // namespace

std::string as_text(const Plan& plan) {
  std::string text;
  for (const WantedRecord& record : plan.records) {
    text += fmt::format("  {}  [{}]\n", headline(record.purpose), to_do(record));
    text += fmt::format("    name   {}   (in full: {})\n    type   {}\n",
                        relative_name(record.name, plan.domain), record.name, type_name(record));
    show_value(text, record);
    if (!record.published)
      for (const std::string& old : record.replaces)
        text += fmt::format("    was    {}\n", base::escape_control(old));
    for (const std::string& remark : record.remarks) text += fmt::format("    note   {}\n", remark);
    text += "\n";
  }
  for (const std::string& problem : plan.problems)
    text += fmt::format("  problem  {}\n", base::escape_control(problem));
  return text;
}

std::string as_zone(const Plan& plan) {
  std::string zone;
  for (const WantedRecord& record : plan.records) {
    if (record.published) {
      zone += fmt::format("; {} is there, nothing to do\n", record.name);
      continue;
    }
    if (record.blocked) continue;
    for (const std::string& old : record.replaces)
      zone += fmt::format("; in the place of: {}\n", base::escape_control(old));
    if (record.type == RecordType::mx)
      zone += fmt::format("{}. {} IN MX {} {}.\n", record.name, record_ttl_s, record.preference,
                          record.text);
    else
      zone += fmt::format("{}. {} IN TXT {}\n", record.name, record_ttl_s,
                          fmt::join(quoted_strings(record), " "));
  }
  for (const std::string& problem : plan.problems)
    zone += fmt::format("; {}\n", base::escape_control(problem));
  return zone;
}

namespace {

// A string of HCL, of printable ASCII: "${" and "%{" would be templates.
std::string hcl(std::string_view text) {
  std::string made = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\') made += '\\';
    if ((c == '$' || c == '%') && i + 1 < text.size() && text[i + 1] == '{') made += c;
    made += c;
  }
  return made + '"';
}

std::string resource_name(const WantedRecord& record) {
  std::string made(name(record.purpose));
  made += "_" + record.name;
  for (char& c : made)
    if (!base::is_alnum(c)) c = '_';
  return made;
}

// One string as Route 53 takes it between quotes: what is not plain as three octal digits.
std::string route53_escaped(std::string_view text) {
  std::string made;
  for (char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    if (is_plain(c))
      made += c;
    else
      made += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
  }
  return made;
}

// Route 53 takes the strings of one record as one value, "a" "b"; Terraform adds its outer quotes.
std::string route53_value(std::string_view text) {
  std::string value;
  for (const std::string& part : mailauth::txt_strings(text)) {
    if (!value.empty()) value += "\"\"";
    value += route53_escaped(part);
  }
  return value;
}

std::string route53_resource(const WantedRecord& record) {
  std::string values;
  if (record.type == RecordType::mx) {
    values = hcl(fmt::format("{} {}.", record.preference, record.text));
  } else {
    values = hcl(route53_value(record.text));
    for (const std::string& other : record.beside) values += ", " + hcl(route53_value(other));
  }
  return fmt::format(
      "resource \"aws_route53_record\" \"{}\" {{\n"
      "  zone_id = var.zone_id\n  name    = {}\n  type    = \"{}\"\n  ttl     = {}\n"
      "  records = [{}]\n}}\n",
      resource_name(record), hcl(record.name), type_name(record), record_ttl_s, values);
}

// Cloudflare has one resource for each record: without an import a second one would stand beside
// the one that is there. Only Cloudflare knows the id of that, so that Terraform asks for it.
std::string cloudflare_import(const WantedRecord& record) {
  const std::string resource = resource_name(record);
  std::string made = fmt::format(
      "variable \"{0}_id\" {{\n  type        = string\n"
      "  description = \"The id at Cloudflare of the TXT record that this takes the place "
      "of\"\n}}\n"
      "import {{\n  to = cloudflare_dns_record.{0}\n"
      "  id = \"${{var.zone_id}}/${{var.{0}_id}}\"\n}}\n",
      resource);
  if (record.replaces.size() > 1)
    made = fmt::format("# import one of these {}, and take the others out at Cloudflare\n",
                       record.replaces.size()) +
           made;
  return made;
}

std::string cloudflare_resource(const WantedRecord& record) {
  std::string made = record.replaces.empty() ? "" : cloudflare_import(record);
  const std::string content = record.type == RecordType::mx
                                  ? record.text
                                  : fmt::format("{}", fmt::join(quoted_strings(record), " "));
  made += fmt::format(
      "resource \"cloudflare_dns_record\" \"{}\" {{\n"
      "  zone_id  = var.zone_id\n  name     = {}\n  type     = \"{}\"\n  ttl      = {}\n"
      "  content  = {}\n",
      resource_name(record), hcl(record.name), type_name(record), record_ttl_s, hcl(content));
  if (record.type == RecordType::mx) made += fmt::format("  priority = {}\n", record.preference);
  return made + "}\n";
}

}  // namespace

std::string as_terraform(const Plan& plan, TerraformProvider provider) {
  std::string text = "variable \"zone_id\" {\n  type = string\n}\n";
  for (const WantedRecord& record : plan.records) {
    text += "\n";
    if (record.published) {
      text += fmt::format("# {} ({}) is there, nothing to do\n", record.name, type_name(record));
      continue;
    }
    if (record.blocked) continue;
    for (const std::string& old : record.replaces)
      text += fmt::format("# in the place of: {}\n", base::escape_control(old));
    if (provider == TerraformProvider::route53 && !record.beside.empty())
      text += "# with the other TXT records of this name, since one resource holds them all\n";
    text += provider == TerraformProvider::route53 ? route53_resource(record)
                                                   : cloudflare_resource(record);
  }
  for (const std::string& problem : plan.problems)
    text += fmt::format("\n# {}\n", base::escape_control(problem));
  return text;
}

}  // namespace waypost::publish
