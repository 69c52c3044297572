// How many raw bounces a second one core reads, judges included: the examples of rules/bounces, and
// notices in the form of RFC 3464 made from the examples of rules/replies. Given files, reads them.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bounces/incoming.h"
#include "bounces/judge.h"
#include "classify/shipped_rules.h"

namespace {

using namespace waypost;

std::string notice_of(const std::string& reply, size_t number) {
  std::string address = "user" + std::to_string(number) + "@example.net";
  std::string folded = reply.substr(0, 400);
  for (char& c : folded)
    if (c == '\n') c = ' ';
  return "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nTo: bob@example.org\r\n"
         "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b/17\"\r\n\r\n"
         "--b/17\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host "
         "mx.example.org.\r\n\r\n<" +
         address + ">: host mx.example.net[192.0.2.1] said: " + folded +
         "\r\n\r\n--b/17\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; "
         "mx.example.org\r\n\r\nFinal-Recipient: rfc822; " +
         address +
         "\r\nAction: failed\r\nStatus: 5.0.0\r\nRemote-MTA: dns; mx.example.net\r\n"
         "Diagnostic-Code: smtp; " +
         folded +
         "\r\n\r\n--b/17\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: "
         "bob@example.org\r\nTo: " +
         address + "\r\nMessage-ID: <" + std::to_string(number) +
         "@example.org>\r\n\r\n--b/17--\r\n";
}

std::vector<std::string> made() {
  std::vector<std::string> messages;
  for (const auto& style : bounces::shipped_notices().styles())
    messages.push_back(style.rule.example);
  for (const classify::Rule& rule : classify::shipped_book().rules())
    for (const std::string& reply : rule.examples)
      messages.push_back(notice_of(reply, messages.size()));
  return messages;
}

// The best of three rounds, by the processor's time: what else the machine does only slows it.
template <class Read>
double rate(const std::vector<std::string>& messages, Read read) {
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    std::clock_t start = std::clock();
    for (const std::string& message : messages) read(message);
    double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    best = std::max(best, double(messages.size()) / seconds);
  }
  return best;
}

}  // namespace

int main(int count, char** names) {
  std::vector<std::string> messages;
  for (int i = 1; i < count; ++i) {
    std::ifstream file(names[i], std::ios::binary);
    messages.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (messages.empty()) messages = made();
  size_t octets = 0;
  for (const std::string& message : messages) octets += message.size();
  std::printf("%zu messages, %zu octets each on average\n", messages.size(),
              octets / messages.size());
  classify::Classifier classifier(classify::shipped_book());
  classifier.compile();
  auto judge_all = [](const bounces::Incoming& incoming, classify::Reader& reader) {
    size_t decided = 0;
    for (const bounces::Recipient& recipient : incoming.recipients)
      decided += bounces::judge(recipient, reader).rule != nullptr;
    return decided;
  };
  size_t decided = 0;
  std::printf("read only:                  %9.0f a second\n", rate(messages, [&](const auto& one) {
                decided += bounces::read_incoming(one).recipients.size();
              }));
  std::printf("read and judged, no memory: %9.0f a second\n", rate(messages, [&](const auto& one) {
                classify::Reader reader(classifier, 0);
                decided += judge_all(bounces::read_incoming(one), reader);
              }));
  classify::Reader reader(classifier);
  std::printf("read and judged:            %9.0f a second\n", rate(messages, [&](const auto& one) {
                decided += judge_all(bounces::read_incoming(one), reader);
              }));
  return decided == 0 ? 1 : 0;
}
