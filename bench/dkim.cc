// What signing a 10 KB message costs, beside the signature of OpenSSL alone in the same run.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/check.h"
#include "mailauth/dkim_sign.h"

namespace {

using namespace waypost;
using mailauth::KeyType;

constexpr size_t message_octets = 10 * 1024;
constexpr double round_seconds = 0.15;
constexpr int rounds = 15;

std::string make_message() {
  std::string text =
      "Received: from app.shop.example (app.shop.example [192.0.2.7])\r\n"
      "\tby relay.shop.example with ESMTPSA id 0192f5c1;\r\n\tMon, 23 Nov 2026 10:00:00 +0000\r\n"
      "From: Ann Example <ann@shop.example>\r\nTo: bob@customer.example\r\n"
      "Subject: Your order 17 has been sent\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
      "Message-ID: <17.20261123@shop.example>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "List-Unsubscribe: <https://shop.example/u/17>\r\n\r\n";
  while (text.size() < message_octets)
    text += "Dear Bob, your order has left our house and will be with you on Friday.\r\n";
  return text;
}

// Of this process: what else the machine does counts little.
double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

// Calls a second of processor time.
double rate(const std::function<void()>& call) {
  size_t calls = 0;
  const double start = cpu_seconds();
  double took = 0;
  for (; took < round_seconds; took = cpu_seconds() - start, calls += 20)
    for (int i = 0; i < 20; ++i) call();
  return double(calls) / took;
}

struct Free {
  void operator()(BIO* octets) const { BIO_free(octets); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// The peer: OpenSSL alone, over 32 octets, with the key parsed once.
std::function<void()> raw_signing(const mailauth::PrivateKey& key) {
  const Secret pem = key.to_pem();
  std::unique_ptr<BIO, Free> octets(BIO_new_mem_buf(pem.reveal().data(), int(pem.reveal().size())));
  std::shared_ptr<EVP_PKEY> raw(PEM_read_bio_PrivateKey(octets.get(), nullptr, nullptr, nullptr),
                                Free());
  const EVP_MD* digest = key.type() == KeyType::rsa ? EVP_sha256() : nullptr;
  return [raw, digest] {
    std::string signature(size_t(EVP_PKEY_get_size(raw.get())), '\0');
    const std::string hash(32, 'h');
    std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    size_t size = signature.size();
    CHECK(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, raw.get()) == 1 &&
          EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                         reinterpret_cast<const unsigned char*>(hash.data()), hash.size()) == 1);
  };
}

void sign(const mailauth::SigningPlan& plan, const std::string& message) {
  const WallTime now{std::chrono::seconds(1'800'000'000)};
  const message::HeaderBlock block = message::scan_header_block(message);
  auto signing = mailauth::DkimSigning::start(plan, message, block, now);
  CHECK(signing);
  signing->add_body(std::string_view(message).substr(block.body_offset));
  CHECK(signing->finish());
}

// Both in turn, and the best round of each: a busy machine then slows both.
void measure(KeyType type, const std::string& message) {
  auto made = mailauth::PrivateKey::generate(type, mailauth::rsa_bits_usual);
  CHECK(made);
  auto key = std::make_shared<mailauth::PrivateKey>(*std::move(made));
  auto plan = mailauth::SigningPlan::create("shop.example", {{"s1", key}});
  CHECK(plan);
  const std::function<void()> raw = raw_signing(*key);
  double raw_best = 0;
  double ours_best = 0;
  for (int round = 0; round < rounds; ++round) {
    raw_best = std::max(raw_best, rate(raw));
    ours_best = std::max(ours_best, rate([&] { sign(*plan, message); }));
  }
  std::printf("%-8s  OpenSSL alone %8.0f/s   messages signed %8.0f/s   ratio %5.2f\n",
              std::string(name(type)).c_str(), raw_best, ours_best, ours_best / raw_best);
}

}  // namespace

int main() {
  const std::string message = make_message();
  std::printf("%zu octets, one core\n", message.size());
  measure(KeyType::rsa, message);
  measure(KeyType::ed25519, message);
  return 0;
}
