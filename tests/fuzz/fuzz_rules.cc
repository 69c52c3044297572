// An operator's own rule file beside two small shipped ones: every problem rendered; when there is
// none, a reply is read by the book.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "classify/classifier.h"
#include "classify/rule_book.h"

namespace {

using namespace waypost;
using namespace waypost::classify;

constexpr std::string_view shipped_words = "[words]\nbox = 'mailbox|inbox'\nfull = 'full|over'\n";

constexpr std::string_view shipped_rule =
    "[provider]\nid = 'acme'\nname = 'Acme'\nmx = ['*.acme.example']\ntext = ['acmesmtp']\n"
    "[[rule]]\nid = 'acme-full'\nclass = 'mailbox-full'\ntitle = 'Full'\n"
    "match = ['(?:%box%)[^.;]*(?:%full%)']\nsource = 's'\nexample = ['x']\nnot_example = ['x']\n"
    "[[enhanced]]\ncode = 'x.2.2'\nclass = 'mailbox-full'\nmeaning = 'm'\nsource = 's'\n";

std::string class_pages() {
  std::string pages;
  for (const ClassFacts& row : reply_classes())
    pages += "[[class]]\nid = '" + std::string(row.slug) +
             "'\nwho = 'sender'\nactor = 'a'\ntitle = 't'\nmeaning = 'm'\nremedy = ['r']\n"
             "example = 'e'\n";
  return pages;
}

void read_by(const RuleBook& book) {
  constexpr std::string_view text =
      "550-5.2.2 <Bob@Example.com>: Mailbox of user 1234 at mx1.acme.example\r\n"
      "550 5.2.2 is FULL (AC12) \xc3\xa9 \xff - acmesmtp 192.0.2.1";
  Classifier classifier(book);
  Reader reader(classifier);
  for (std::string_view provider : {"", "acme", "mx1.acme.example"}) {
    const Reading reading =
        reader.read({text, provider, smtp::AttemptPhase::rcpt, "192.0.2.1", {}});
    CHECK(base::is_utf8(reader.normal_text().text));
    CHECK(reading.evidence_end <= text.size());
    CHECK(reading.condemns <= facts(reading.reply_class).condemns_address);
    CHECK(reading.rule == nullptr || book.rule(reading.rule->id) == reading.rule);
    const Reading again = reader.read({text, provider, smtp::AttemptPhase::rcpt, "192.0.2.1", {}});
    CHECK(again.rule == reading.rule && again.evidence_start == reading.evidence_start);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::vector<toml::Source> sources{{"classes.toml", class_pages() + shipped_rule.data()},
                                           {"words.toml", std::string(shipped_words)},
                                           {"mine/words.toml", {}}};
  sources.back().text.assign(reinterpret_cast<const char*>(data), size);
  const LoadedBook loaded = load(sources, 2);  // tries local patterns only, as the program does
  CHECK(loaded.book.has_value() == loaded.diagnostics.empty());
  const auto lines = size_t(std::count(data, data + size, '\n')) + 1;
  for (const toml::Diagnostic& diagnostic : loaded.diagnostics) {
    CHECK(diagnostic.file != "mine/words.toml" || diagnostic.line <= lines);
    toml::render(diagnostic, sources, true);
  }
  if (!loaded.book) return 0;
  CHECK(loaded.book->rules().size() <= rules_max);
  for (const Rule& replaced : loaded.book->replaced())
    CHECK(!replaced.source.local && loaded.book->rule(replaced.id)->source.local);
  read_by(*loaded.book);
  return 0;
}
