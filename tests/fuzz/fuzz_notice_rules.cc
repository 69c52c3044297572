// A file of rules for bounces, and its rules on the text itself.
#include <cstdint>
#include <string>

#include "bounces/incoming.h"
#include "bounces/notice_file.h"

using namespace waypost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const toml::Source source{"fuzz.toml", text};
  bounces::NoticeFiles files = bounces::read_notice_files(std::span(&source, 1));
  std::erase_if(files.rules, [](const bounces::NoticeRule& rule) {
    for (const std::string& phrase : rule.text)
      if (phrase.size() < 2) return true;
    return false;
  });
  const bounces::NoticeBook book(std::move(files.rules), std::move(files.returned));
  bounces::read_incoming(text, book);
  return 0;
}
