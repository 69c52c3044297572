#include "sasl/scram.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sasl/base64.h"
#include "sasl/client.h"
#include "sasl/server.h"

namespace waypost::sasl {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

io::SystemRng rng;

std::string decode(std::string_view text) { return *base64_decode(text, 1024); }

// RFC 7677 §3.
TEST(Scram, computes_what_the_rfc_shows) {
  auto verifier = make_scram_verifier(Secret("pencil"), decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  ASSERT_TRUE(verifier);
  const std::string auth_message =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,"
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const std::string proof = decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(hash(exclusive_or(proof, hmac(verifier->stored_key, auth_message))),
            verifier->stored_key);
  EXPECT_EQ(base64_encode(hmac(verifier->server_key, auth_message)),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(Scram, prepares_a_password_as_it_was_typed) {
  auto decomposed = make_scram_verifier(Secret("pa\xcc\x88ss\xc2\xa0word"), "salt", 1);
  auto composed = make_scram_verifier(Secret("p\xc3\xa4ss word"), "salt", 1);
  EXPECT_EQ(decomposed->stored_key, composed->stored_key);
  EXPECT_FALSE(make_scram_verifier(Secret("a\xef\xbf\xb9"), "salt", 1));
}

TEST(Scram, spells_names_between_commas) {
  EXPECT_EQ(to_saslname("a,b=c"), "a=2Cb=3Dc");
  EXPECT_EQ(from_saslname("a=2Cb=3Dc"), "a,b=c");
  for (std::string text : {"a,b", "a=", "a=2", "a=2c", "a=41", "="})
    EXPECT_FALSE(from_saslname(text)) << text;
}

const ChannelBinding exporter{ChannelBinding::Type::tls_exporter, std::string(32, 'x')};
const ChannelBinding end_point{ChannelBinding::Type::tls_server_end_point, std::string(32, 'e')};

struct Conversation {
  std::string mechanism = "SCRAM-SHA-256-PLUS";
  std::vector<std::string> offered{"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};
  std::optional<ChannelBinding> client_binding = exporter;
  std::vector<ChannelBinding> server_bindings{exporter, end_point};
  std::string name = "ann";
  std::string password = "p\xc3\xa4ss word";
  std::string known_password = "p\xc3\xa4ss word";
  // In between, where somebody may sit.
  std::function<void(std::string&)> tamper = [](std::string&) {};

  struct Result {
    Step end;
    bool server_proved = false;
    std::string looked_up;
    std::string first_challenge;
  };

  Result run() {
    Result result;
    auto client =
        start_client(offered, {name, Secret(password), mechanism, client_binding, true}, rng);
    if (!client) {
      ADD_FAILURE() << client.error().describe();
      return result;
    }
    auto server = start_server((*client)->mechanism(), {server_bindings, rng});
    std::string message = (*client)->initial_response()->reveal();
    tamper(message);
    result.end = (*server)->step(message);
    while (true) {
      if (result.end.kind == Step::Kind::look_up) {
        result.looked_up = result.end.credentials.login;
        result.end =
            (*server)->go_on(*make_scram_verifier(Secret(known_password), "0123456789abcdef"));
        result.first_challenge = result.end.challenge;
      }
      if (result.end.kind != Step::Kind::challenge) break;
      tamper(result.end.challenge);
      auto answer = (*client)->step(result.end.challenge);
      if (!answer) break;
      message = answer->reveal();
      tamper(message);
      result.end = (*server)->step(message);
    }
    result.server_proved = (*client)->server_proved();
    return result;
  }
};

bool logged_in(const Conversation::Result& result) {
  return result.end.kind == Step::Kind::success && result.server_proved;
}

TEST(ScramExchange, logs_in_with_and_without_binding) {
  auto result = Conversation().run();
  EXPECT_TRUE(logged_in(result)) << result.end.reason;
  EXPECT_EQ(result.end.login, "ann");
  Conversation other;
  other.client_binding = end_point;
  EXPECT_TRUE(logged_in(other.run()));
  Conversation without;
  without.mechanism = "";
  without.client_binding.reset();
  EXPECT_TRUE(logged_in(without.run()));
  without.server_bindings.clear();
  EXPECT_TRUE(logged_in(without.run()));
}

TEST(ScramExchange, carries_every_name) {
  Conversation conversation;
  conversation.name = "a,b=c \xc3\xa4";
  auto result = conversation.run();
  EXPECT_TRUE(logged_in(result)) << result.end.reason;
  EXPECT_EQ(result.looked_up, "a,b=c \xc3\xa4");
}

TEST(ScramExchange, refuses_a_wrong_password_and_shows_nothing) {
  Conversation conversation;
  conversation.password = "guess";
  auto result = conversation.run();
  EXPECT_EQ(result.end.kind, Step::Kind::refused);
  EXPECT_EQ(result.end.challenge, "");
  EXPECT_FALSE(result.server_proved);
}

TEST(ScramExchange, refuses_another_connection) {
  Conversation conversation;
  conversation.client_binding->octets = std::string(32, 'm');
  EXPECT_EQ(conversation.run().end.reason, "the login is bound to another connection");
  conversation.client_binding = {ChannelBinding::Type::tls_unique, std::string(12, 'u')};
  EXPECT_THAT(conversation.run().end.reason, HasSubstr("not on offer"));
}

TEST(ScramExchange, notices_that_the_offer_was_cut_down) {
  Conversation conversation;
  conversation.mechanism = "scram-sha-256";
  conversation.offered = {"SCRAM-SHA-256"};
  EXPECT_THAT(conversation.run().end.reason, HasSubstr("did not see"));
  conversation.server_bindings.clear();
  EXPECT_TRUE(logged_in(conversation.run()));
}

// The octets of all messages in one row, and one bit of one octet turned.
TEST(ScramExchange, survives_no_change_on_the_way) {
  size_t turned = 0;
  bool reached = true;
  for (size_t target = 0; reached; target += 3) {
    Conversation conversation;
    size_t passed = 0;
    reached = false;
    conversation.tamper = [&](std::string& message) {
      if (target >= passed && target < passed + message.size()) {
        message[target - passed] = static_cast<char>(message[target - passed] ^ 1);
        reached = true;
      }
      passed += message.size();
    };
    const auto result = conversation.run();
    if (!reached) continue;
    ++turned;
    EXPECT_FALSE(logged_in(result)) << "octet " << target;
  }
  EXPECT_GT(turned, 90u);
}

std::unique_ptr<ServerExchange> scram(std::string_view mechanism = "SCRAM-SHA-256") {
  return *start_server(mechanism, {{}, rng});
}

TEST(ScramServer, refuses_hostile_first_messages) {
  const std::string messages[] = {
      "",
      "n",
      "n,",
      "n,,",
      "n,,n=,r=abc",
      "n,,n=ann",
      "n,,n=ann,r=",
      "n,,n=ann,r=a b",
      "n,,n=ann,r=a\0b"s,
      "n,,r=abc,n=ann",
      "n,,m=ext,n=ann,r=abc",
      "n,,n=an=41n,r=abc",
      "n,,n=ann=,r=abc",
      "n,a=,n=ann,r=abc",
      "n,a=bob,n=ann,r=abc",
      "n,a=ann",
      "x,,n=ann,r=abc",
      "N,,n=ann,r=abc",
      "p=tls-exporter,,n=ann,r=abc",
      "p=,,n=ann,r=abc",
      "n,,n=an\0n,r=abc"s,
      "n,,n=\xff,r=abc",
      "n,,n=a\r\nb,r=abc",
      ",,n=ann,r=abc",
      "n,,n=ann,r=" + std::string(message_octets_max, 'r'),
  };
  for (const std::string& message : messages) {
    Step step = scram()->step(message);
    EXPECT_EQ(step.kind, Step::Kind::refused) << testing::PrintToString(message);
    EXPECT_NE(step.reason, "");
  }
}

TEST(ScramServer, ignores_extensions_that_may_be_ignored) {
  EXPECT_EQ(scram()->step("n,,n=ann,r=abc,x=1,y").kind, Step::Kind::look_up);
  EXPECT_EQ(scram()->step("n,a=ann,n=ann,r=abc").kind, Step::Kind::look_up);
  EXPECT_EQ(scram()->step("y,,n=ann,r=abc").kind, Step::Kind::look_up);
}

TEST(ScramServer, refuses_hostile_proofs) {
  const std::string zeros = base64_encode(std::string(32, '\0'));
  // @ stands for the nonce of the exchange.
  const std::string messages[] = {
      "",
      "c=biws,@",
      "c=biws,@,p=",
      "c=biws,@,p=AAAA",
      "c=biws,@,p=" + zeros,
      "c=biws,@,p=" + zeros + zeros,
      "c=eSws,@,p=" + zeros,
      "c=biws,r=abc,p=" + zeros,
      "c=biws,@x,p=" + zeros,
      "@,c=biws,p=" + zeros,
      ",p=" + zeros,
      std::string(message_octets_max + 1, 'c'),
  };
  for (std::string message : messages) {
    auto exchange = scram();
    exchange->step("n,,n=ann,r=abc");
    const std::string first = exchange->go_on({}).challenge;
    if (size_t at = message.find('@'); at != message.npos)
      message.replace(at, 1, first.substr(0, first.find(',')));
    EXPECT_EQ(exchange->step(message).kind, Step::Kind::refused) << message;
  }
}

TEST(ScramServer, takes_a_proof_for_its_own_nonce_only) {
  const std::string zeros = base64_encode(std::string(32, '\0'));
  for (std::string nonce : {"abc", "abcd", ""}) {
    auto exchange = scram();
    exchange->step("n,,n=ann,r=abc");
    exchange->go_on({});
    EXPECT_EQ(exchange->step("c=biws,r=" + nonce + ",p=" + zeros).reason,
              "the client's nonce has changed");
  }
}

TEST(ScramServer, expects_nothing_after_its_signature) {
  Conversation conversation;
  int messages = 0;
  conversation.tamper = [&](std::string& message) {
    if (++messages == 5) message = "more";
  };
  EXPECT_EQ(conversation.run().end.kind, Step::Kind::refused);
  EXPECT_EQ(messages, 5);
}

}  // namespace
}  // namespace waypost::sasl
