// How many replies a second one core reads: the examples of the shipped rules, over and over.
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <re2/re2.h>

#include "classify/classifier.h"
#include "classify/shipped_rules.h"

namespace {

using namespace waypost;
using Clock = std::chrono::steady_clock;

struct Reply {
  std::string text;
  std::string provider;
};

std::vector<Reply> examples(const classify::RuleBook& book) {
  std::vector<Reply> replies;
  for (const classify::Rule& rule : book.rules()) {
    for (const std::string& text : rule.examples) replies.push_back({text, rule.provider});
    for (const std::string& text : rule.counter_examples) replies.push_back({text, rule.provider});
  }
  return replies;
}

// Replies a second of one round, the best of three: what else the machine does only slows it.
double rate(const std::vector<Reply>& replies, const std::function<void(const Reply&)>& read) {
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    auto start = Clock::now();
    for (const Reply& reply : replies) read(reply);
    std::chrono::duration<double> took = Clock::now() - start;
    best = std::max(best, double(replies.size()) / took.count());
  }
  return best;
}

// The peer: what the same patterns cost when each is tried, as most classifiers do. It finds less,
// since it asks for no code and for nothing that must not be there.
double rate_one_after_the_other(const classify::RuleBook& book, std::vector<Reply> replies) {
  std::vector<std::unique_ptr<re2::RE2>> patterns;
  for (const classify::Rule& rule : book.rules())
    for (const std::string& pattern : rule.match)
      patterns.push_back(std::make_unique<re2::RE2>(pattern));
  std::erase_if(replies, [count = 0](const Reply&) mutable { return count++ % 10 != 0; });
  classify::NormalText normal;
  return rate(replies, [&](const Reply& reply) {
    classify::normalise(reply.text, book.known_hosts(), {}, normal);
    for (const auto& pattern : patterns) re2::RE2::PartialMatch(normal.text, *pattern);
  });
}

}  // namespace

int main() {
  auto start = Clock::now();
  const classify::RuleBook& book = classify::shipped_book();
  classify::Classifier classifier(book);
  std::vector<Reply> replies = examples(book);
  classify::Reader forgetful(classifier, 2);
  auto read = [](classify::Reader& reader) {
    return [&reader](const Reply& reply) { reader.read({reply.text, reply.provider, {}, {}, {}}); };
  };
  read(forgetful)(replies.front());
  std::chrono::duration<double> loading = Clock::now() - start;
  double without_cache = rate(replies, read(forgetful));
  classify::Reader reader(classifier);
  rate(replies, read(reader));
  double with_cache = rate(replies, read(reader));
  double peer = rate_one_after_the_other(book, replies);
  std::printf("%zu rules, %zu different replies, one core\n", book.rules().size(), replies.size());
  std::printf("from the start to the first answer  %8.0f ms\n", loading.count() * 1000);
  std::printf("with a warm cache                   %8.0f replies/s\n", with_cache);
  std::printf("without a cache                     %8.0f replies/s\n", without_cache);
  std::printf("patterns one after the other        %8.0f replies/s\n", peer);
  std::printf("ratio                               %8.1f\n", without_cache / peer);
  return 0;
}
