#include "cli/reply_lines.h"

#include <cstdio>
#include <iostream>

#include <boost/json.hpp>

#include "base/ascii.h"

namespace waypost::cli {

namespace json = boost::json;

namespace {

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

void take(std::string& to, std::string text) {
  if (!text.empty()) to = std::move(text);
}

Result<ReplyLine> from_object(const json::object& object, const classify::Classifier& classifier,
                              ReplyLine line) {
  const json::value* text = object.if_contains("text");
  if (text == nullptr || !text->is_string())
    return failure(ErrorCode::invalid_input, "the object has no \"text\" that is a string");
  line.text = std::string(text->get_string());
  std::string provider = text_of(object, "provider");
  bool known = classifier.provider_named(provider) != nullptr;
  take(line.provider, known ? std::move(provider) : text_of(object, "mx"));
  std::string phase = text_of(object, "phase");
  if (!phase.empty()) line.phase = smtp::parse_phase(phase);
  if (!phase.empty() && !line.phase)
    return failure(ErrorCode::invalid_input, "the \"phase\" is none that is known");
  take(line.own_ip, text_of(object, "our_ip"));
  take(line.own_domain, text_of(object, "our_domain"));
  return line;
}

}  // namespace

classify::Question ReplyLine::question() const {
  return {text, provider, phase, own_ip, own_domain};
}

Result<ReplyLine> parse_reply_line(std::string_view line, const classify::Classifier& classifier,
                                   const ReplyLine& defaults) {
  if (base::trim(line).starts_with('{')) {
    json::error_code error;
    json::value value = json::parse(line, error);
    if (!error && value.is_object()) return from_object(value.get_object(), classifier, defaults);
  }
  ReplyLine text = defaults;
  text.text = line;
  return text;
}

void for_each_input_line(const std::function<void(std::string_view)>& take) {
  std::ios::sync_with_stdio(false);
  std::streambuf* input = std::cin.rdbuf();
  std::string line;
  auto end_line = [&] {
    if (line.ends_with('\r')) line.pop_back();
    take(line);
    line.clear();
  };
  for (;;) {
    if (input->in_avail() <= 0) std::fflush(stdout);
    int octet = input->sbumpc();
    if (octet == std::char_traits<char>::eof()) break;
    if (octet == '\n')
      end_line();
    else if (line.size() < line_octets_max)
      line.push_back(char(octet));
  }
  if (!line.empty()) end_line();
  std::fflush(stdout);
}

}  // namespace waypost::cli
