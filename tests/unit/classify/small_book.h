#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "classify/rule_book.h"

// Rule books that are small enough to be read beside the test that uses them.
namespace waypost::classify {

// A page for every class, without which no book loads.
inline std::string class_pages() {
  std::string pages;
  for (const ClassFacts& row : reply_classes())
    pages += "[[class]]\nid = \"" + std::string(row.slug) +
             "\"\nwho = \"sender\"\nactor = \"somebody\"\ntitle = \"A class\"\n"
             "meaning = \"Something.\"\nremedy = [\"Do this.\"]\nexample = \"550 no\"\n";
  return pages;
}

// A rule of which only `more` matters: 7 lines, the first is `[[rule]]`.
inline std::string rule_text(std::string_view id, std::string_view reply_class,
                             std::string_view more) {
  return "[[rule]]\nid = \"" + std::string(id) + "\"\nclass = \"" + std::string(reply_class) +
         "\"\ntitle = \"A rule\"\nsource = \"here\"\nexample = [\"yes\"]\n" +
         "not_example = [\"no\"]\n" + std::string(more) + "\n";
}

// The files are named shipped0.toml ... and local0.toml ...; the pages are in classes.toml.
inline LoadedBook load_texts(const std::vector<std::string>& shipped,
                             const std::vector<std::string>& local = {}) {
  std::vector<toml::Source> sources{{"classes.toml", class_pages()}};
  for (size_t i = 0; i < shipped.size(); ++i)
    sources.push_back({"shipped" + std::to_string(i) + ".toml", shipped[i]});
  for (size_t i = 0; i < local.size(); ++i)
    sources.push_back({"local" + std::to_string(i) + ".toml", local[i]});
  return load(sources, shipped.size() + 1, Patterns::compile_all);
}

// The book of texts that must be right.
inline RuleBook book_of(const std::vector<std::string>& shipped,
                        const std::vector<std::string>& local = {}) {
  LoadedBook loaded = load_texts(shipped, local);
  for (const toml::Diagnostic& diagnostic : loaded.diagnostics)
    ADD_FAILURE() << diagnostic.file << ":" << diagnostic.line << ": " << diagnostic.message;
  return loaded.book ? std::move(*loaded.book) : RuleBook();
}

}  // namespace waypost::classify
