#include "mailauth/unread_record.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/dmarc_record.h"
#include "mailauth/spf_macro.h"
#include "mailauth/spf_record.h"

namespace waypost::mailauth {
namespace {

constexpr std::string_view spf_version = "v=spf1";
constexpr std::string_view dmarc_version = "v=DMARC1";

// Without what people put between by mistake.
bool seems_meant(std::string_view text, std::string_view version) {
  std::string bare;
  for (char c : base::to_lower(text))
    if (c > ' ' && c != '"' && c != '\\') bare += c;
  return bare.find(base::to_lower(version)) != std::string::npos;
}

// Of a text that does not begin with the version in any case.
std::string why_it_begins_otherwise(std::string_view text, std::string_view version) {
  static constexpr std::string_view quotes[] = {"\"", "'", "\xe2\x80\x9c", "\xe2\x80\x9d",
                                                "\xe2\x80\x9e"};
  for (std::string_view quote : quotes)
    if (text.starts_with(quote))
      return fmt::format(
          "the quotes are a part of its text, which has to begin with \"{}\": enter it without "
          "quotes",
          version);
  static constexpr std::string_view blanks[] = {" ", "\t", "\r", "\n", "\xc2\xa0", "\xef\xbb\xbf"};
  for (std::string_view blank : blanks)
    if (text.starts_with(blank))
      return fmt::format("a blank stands in front of \"{}\", with which it has to begin", version);
  return fmt::format("it has to begin with \"{}\", written like this", version);
}

}  // namespace

std::string why_no_spf_record(std::string_view text) {
  if (is_spf_record(text) || !seems_meant(text, spf_version)) return "";
  if (!base::starts_with_ignoring_case(text, spf_version))
    return why_it_begins_otherwise(text, spf_version);
  const char next = text[spf_version.size()];
  return fmt::format(
      "behind \"{}\" stands {}, and nothing but a space may", spf_version,
      next == '\t' ? "a tab" : fmt::format("\"{}\"", base::escape_control({&next, 1})));
}

std::string why_no_dmarc_record(std::string_view text) {
  if (is_dmarc_record(text) || !seems_meant(text, dmarc_version)) return "";
  if (!base::starts_with_ignoring_case(text, dmarc_version))
    return why_it_begins_otherwise(text, dmarc_version);
  if (!text.starts_with("v=DMARC1") && !text.starts_with("V=DMARC1"))
    return "\"DMARC1\" has to be written in capitals";
  std::string_view rest = text.substr(dmarc_version.size());
  if (rest.starts_with('\\'))
    return "the \"\\\" is a part of its text: it belongs in front of \";\" in a zone file only";
  return "no \";\" stands behind \"v=DMARC1\"";
}

io::Task<Result<std::vector<UnreadRecord>>> find_unread_spf(dns::Resolver& resolver,
                                                            std::string domain, Instant deadline) {
  std::vector<UnreadRecord> unread;
  CO_TRY(dns::TxtAnswer answer, co_await resolver.txt(escape_labels(domain), deadline));
  for (const dns::TxtRecord& record : answer.records) {
    std::string text = record.joined();
    std::string why = why_no_spf_record(text);
    if (!why.empty()) unread.push_back({std::move(text), std::move(why)});
  }
  co_return unread;
}

}  // namespace waypost::mailauth
