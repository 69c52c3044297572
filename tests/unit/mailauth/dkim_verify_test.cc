#include "mailauth/dkim_verify.h"

#include <gtest/gtest.h>

#include "base/ascii.h"
#include "tests/unit/mailauth/test_data.h"

namespace waypost::mailauth {
namespace {

WallTime at(int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

constexpr int64_t long_after_signing = 1'800'000'000;

std::vector<DkimResult> verify(const std::string& message, const KeyAnswers& keys,
                               WallTime now = at(long_after_signing)) {
  const message::HeaderBlock block = message::scan_header_block(message);
  DkimVerifier verifier(message, block, now);
  verifier.add_body(std::string_view(message).substr(block.body_offset));
  verifier.finish_body();
  return verifier.judge(keys);
}

// RFC 8463 appendix A.2 and A.3: one message, signed with both algorithms.
constexpr std::string_view rfc8463_ed25519_key =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
constexpr std::string_view rfc8463_rsa_key =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
    "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";
constexpr std::string_view rfc8463_message =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n"
    "\r\n"
    "We lost the game.  Are you hungry yet?\r\n"
    "\r\n"
    "Joe.\r\n";

KeyAnswers rfc8463_keys() {
  return key_answers(
      {{"brisbane._domainkey.football.example.com", std::string(rfc8463_ed25519_key)},
       {"test._domainkey.football.example.com", std::string(rfc8463_rsa_key)}});
}

std::string changed(std::string_view from, std::string_view to) {
  std::string message(rfc8463_message);
  for (size_t found = 0; (found = message.find(from, found)) != std::string::npos;
       found += to.size())
    message.replace(found, from.size(), to);
  return message;
}

TEST(DkimVerifier, takes_the_example_of_rfc_8463) {
  const auto results = verify(std::string(rfc8463_message), rfc8463_keys());
  ASSERT_EQ(results.size(), 2u);
  for (const DkimResult& result : results) {
    EXPECT_EQ(result.status, DkimStatus::pass) << result.reason;
    EXPECT_EQ(result.domain, "football.example.com");
    EXPECT_EQ(result.identity, "@football.example.com");
  }
  EXPECT_EQ(results[0].algorithm, "ed25519-sha256");
  EXPECT_EQ(results[0].selector, "brisbane");
  EXPECT_EQ(results[0].signature_start, "/gCrinpc");
  EXPECT_TRUE(results[0].notes.empty());
  EXPECT_EQ(results[1].algorithm, "rsa-sha256");
  EXPECT_EQ(results[1].key_bits, 1024u);
  ASSERT_EQ(results[1].notes.size(), 1u);
  EXPECT_NE(results[1].notes[0].find("1024 bits"), std::string::npos);
}

TEST(DkimVerifier, takes_lines_that_end_with_lf) {
  std::string message(rfc8463_message);
  std::erase(message, '\r');
  for (const DkimResult& result : verify(message, rfc8463_keys()))
    EXPECT_EQ(result.status, DkimStatus::pass) << result.reason;
}

TEST(DkimVerifier, says_what_was_changed) {
  struct Row {
    std::string message;
    std::string_view words;
  };
  const Row rows[] = {
      {changed("hungry", "thirsty"), "the body was changed"},
      {changed("dinner", "lunch"), "the header was changed"},
      {changed("Joe", "Jim"), "header and body"},
      {changed("\r\nTo:", "\r\nSubject: more\r\nTo:"), "the header was changed"},
      {changed("From: Joe", "From: x@y.example\r\nFrom: Joe"), "the header was changed"},
  };
  for (const Row& row : rows)
    for (const DkimResult& result : verify(row.message, rfc8463_keys())) {
      EXPECT_EQ(result.status, DkimStatus::fail);
      EXPECT_TRUE(result.reason.starts_with(row.words)) << result.reason;
    }
}

TEST(DkimVerifier, says_none_for_a_message_without_a_signature) {
  EXPECT_TRUE(verify("From: a@b.example\r\n\r\nx\r\n", {}).empty());
  EXPECT_TRUE(verify("", {}).empty());
}

struct SignatureRow {
  std::string_view from;  // in the second signature's field and all others
  std::string_view to;
  DkimStatus status;
  std::string_view words;
};

TEST(DkimVerifier, refuses_what_a_signature_must_not_be) {
  const SignatureRow rows[] = {
      {"v=1; ", "", DkimStatus::neutral, "no v="},
      {"v=1; ", "v=2; ", DkimStatus::neutral, "version"},
      {"d=football.example.com; ", "", DkimStatus::neutral, "no d="},
      {"a=", "a=x; a=", DkimStatus::neutral, "twice"},
      {"q=dns/txt;", "q=http;", DkimStatus::neutral, "q="},
      {"i=@football.example.com;", "i=@example.com;", DkimStatus::neutral, "not in its domain"},
      {"i=@football.example.com;", "i=@xfootball.example.com;", DkimStatus::neutral, "i="},
      {"h=from :", "h=sender :", DkimStatus::fail, "the header was changed"},
      {"from", "sender", DkimStatus::neutral, "does not cover From"},
      {"c=relaxed/relaxed", "c=Relaxed", DkimStatus::neutral, "c=Relaxed"},
      {"t=1528637909;", "t=1528637909; x=1528637908;", DkimStatus::neutral, "is not later than"},
      {"t=1528637909;", "t=yesterday;", DkimStatus::neutral, "t="},
      {"bh=2jUSOH9N", "bh=", DkimStatus::neutral, "bh="},
      {"t=1528637909;", "t=1528637909; l=1000;", DkimStatus::fail, "shorter"},
      {"a=rsa-sha256", "a=rsa-sha1", DkimStatus::policy, "SHA-1"},
      {"a=rsa-sha256", "a=rsa-md5", DkimStatus::neutral, "not known"},
      {"s=test;", "s=gone;", DkimStatus::permerror, "no key at gone._domainkey"},
      {"s=test;", "s=brisbane;", DkimStatus::permerror, "key is ed25519, the signature rsa"},
      {"t=1528637909;", "t=1528637909; x=1528637909;", DkimStatus::neutral, "is not later than"},
      {"s=test;", "s=te st;", DkimStatus::neutral, "not a domain name"},
  };
  for (const SignatureRow& row : rows) {
    const auto results = verify(changed(row.from, row.to), rfc8463_keys());
    ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(results[1].status, row.status) << row.to << ": " << results[1].reason;
    EXPECT_NE(results[1].reason.find(row.words), std::string::npos) << results[1].reason;
  }
}

TEST(DkimVerifier, names_who_made_a_signature_that_is_not_accepted) {
  for (const auto& [from, to] : {std::pair("a=rsa-sha256", "a=rsa-sha1"),
                                 {"i=@football.example.com;", "i=@other.example;"},
                                 {"t=1528637909;", "t=1528637909; x=1528637908;"}}) {
    const DkimResult result = verify(changed(from, to), rfc8463_keys())[1];
    EXPECT_NE(result.status, DkimStatus::pass) << to;
    EXPECT_EQ(result.domain, "football.example.com") << to;
    EXPECT_EQ(result.selector, "test") << to;
  }
  EXPECT_EQ(verify(changed("a=rsa-sha256", "a=rsa-sha1"), {})[1].algorithm, "rsa-sha1");
  EXPECT_EQ(verify("DKIM-Signature: no tags\r\nFrom: a@b.example\r\n\r\n", {})[0].domain, "");
}

// RFC 6376 §8.15. The example names From, Subject and Date once more than they are there.
TEST(DkimVerifier, notes_fields_that_may_have_been_added) {
  auto notes_of = [](const std::string& message) {
    std::string all;
    for (const std::string& note : verify(message, rfc8463_keys())[1].notes) all += note + "\n";
    return all;
  };
  const std::string message(rfc8463_message);
  EXPECT_EQ(notes_of(message).find("cover"), std::string::npos) << notes_of(message);
  const std::string second_to = "To: eve@evil.example\r\n" + message;
  EXPECT_EQ(verify(second_to, rfc8463_keys())[1].status, DkimStatus::pass);
  EXPECT_NE(notes_of(second_to).find("2 To fields and it covers 1"), std::string::npos)
      << notes_of(second_to);
  const std::string reply = "Reply-To: eve@evil.example\r\n" + message;
  EXPECT_NE(notes_of(reply).find("does not cover Reply-To"), std::string::npos) << notes_of(reply);
  const auto results = verify(message, rfc8463_keys());
  EXPECT_EQ(results[0].signed_fields.size(), 8u);
  EXPECT_EQ(results[0].signed_fields[4], "message-id");
}

TEST(DkimVerifier, refuses_what_a_key_must_not_be) {
  const std::string key(rfc8463_rsa_key);
  const std::string octets = key.substr(key.find("p="));
  struct Row {
    std::string record;
    DkimStatus status;
    std::string_view words;
  };
  const Row rows[] = {
      {octets, DkimStatus::pass, "holds"},
      {"v=DKIM1; h=sha1:sha256; s=email:x; t=y:s; n=a note; g=*; " + octets, DkimStatus::pass,
       "holds"},
      {"v=DKIM1; p=", DkimStatus::permerror, "withdrawn"},
      {"v=DKIM1; k=rsa", DkimStatus::permerror, "no p="},
      {"v=DKIM2; " + octets, DkimStatus::permerror, "version"},
      {"k=rsa; v=DKIM1; " + octets, DkimStatus::permerror, "first"},
      {"v=DKIM1; k=ed25519-sha256; " + octets, DkimStatus::permerror, "key type"},
      {"v=DKIM1; h=sha1; " + octets, DkimStatus::permerror, "SHA-256"},
      {"v=DKIM1; s=tlsrpt; " + octets, DkimStatus::permerror, "not for mail"},
      {"v=DKIM1; k=rsa; p=AAAA", DkimStatus::permerror, "not an RSA key"},
      {"v=DKIM1; k=rsa; p=!", DkimStatus::permerror, "base64"},
      {octets + "; " + octets, DkimStatus::permerror, "twice"},
      {"just some text", DkimStatus::permerror, "malformed"},
      {"p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAN9yil1e2qAsy0cEiALVJ7wui+aA+jcbiZ31WCIUPsXXBR3Nie/"
       "isAojmXI1iB78jfmb+7gPeWwG7qXQpaVvl1sCAwEAAQ==",
       DkimStatus::policy, "512 bits"},
  };
  for (const Row& row : rows) {
    KeyAnswers keys = key_answers({{"test._domainkey.football.example.com", row.record}});
    const auto results = verify(std::string(rfc8463_message), keys);
    EXPECT_EQ(results[1].status, row.status) << row.record;
    EXPECT_NE(results[1].reason.find(row.words), std::string::npos) << results[1].reason;
    EXPECT_EQ(results[1].testing, row.record.find("t=y") != std::string::npos);
  }
}

TEST(DkimVerifier, says_when_the_key_could_not_be_looked_up) {
  KeyAnswers keys;
  keys["test._domainkey.football.example.com"] = {KeyAnswer::Outcome::unknown, {}, "no answer"};
  const auto results = verify(std::string(rfc8463_message), keys);
  EXPECT_EQ(results[0].status, DkimStatus::permerror);
  EXPECT_EQ(results[1].status, DkimStatus::temperror);
  EXPECT_NE(results[1].reason.find("no answer"), std::string::npos);
}

TEST(DkimVerifier, takes_the_record_that_fits_where_there_are_several) {
  KeyAnswers keys = rfc8463_keys();
  auto& records = keys["test._domainkey.football.example.com"].records;
  records.insert(records.begin(), {"v=spf1 -all", "v=DKIM1; p="});
  EXPECT_EQ(verify(std::string(rfc8463_message), keys)[1].status, DkimStatus::pass);
}

TEST(DkimVerifier, looks_at_so_many_signatures_only) {
  std::string message;
  for (size_t i = 0; i < dkim_signatures_max; ++i) message += "DKIM-Signature: v=1\r\n";
  message += rfc8463_message;
  const auto results = verify(message, rfc8463_keys());
  ASSERT_EQ(results.size(), dkim_signatures_max + 1);
  EXPECT_EQ(results.back().status, DkimStatus::policy);
  EXPECT_TRUE(results.back().reason.starts_with("2 more signatures"));
}

// Each message of the public data with its keys, and how it must end: "+" for pass.
struct DataRow {
  std::string_view file;
  std::string_view passes;  // of its signatures, in their order
};

TEST(DkimVerifier, agrees_with_the_public_messages) {
  const DataRow rows[] = {{"001", "++"}, {"002", "+"}, {"003", "++"},
                          {"004", "+"},  {"005", "+"}, {"006", "+"}};
  for (const DataRow& row : rows) {
    const std::string path = "dkim/mail-auth/dkim/" + std::string(row.file) + ".txt";
    auto text = read_test_data(path);
    if (!text) NO_TEST_DATA(path);
    std::map<std::string, std::string> records;
    size_t start = 0;
    for (size_t end; (end = text->find('\n', start)) != start; start = end + 1) {
      const std::string_view line(text->data() + start, end - start);
      const size_t space = line.find(' ');
      records[std::string(line.substr(0, space))] =
          base::trim(line.substr(space).substr(0, line.substr(space).find('\r')));
    }
    std::string passes;
    std::string reasons;
    for (const DkimResult& result :
         verify(text->substr(start + 1), key_answers(records), at(1'667'843'665))) {
      passes += result.status == DkimStatus::pass ? '+' : '-';
      reasons += result.domain + ": " + result.reason + "\n";
    }
    EXPECT_EQ(passes, row.passes) << row.file << "\n" << reasons;
  }
}

// Messages of dkimpy with the keys that come with them. Not here: message.mbox and test2.message,
// whose keys are not in the data, and test*.message, which are not signed.
TEST(DkimVerifier, agrees_with_the_messages_of_dkimpy) {
  struct Row {
    std::string_view file;
    std::map<std::string, std::string> records;
    std::string_view passes;
  };
  const auto exim_key = read_test_data("dkim/dkimpy/eximtest.dns");
  if (!exim_key) NO_TEST_DATA("dkim/dkimpy/eximtest.dns");
  const std::map<std::string, std::string> rfc_keys = {
      {"brisbane._domainkey.football.example.com", std::string(rfc8463_ed25519_key)},
      {"test._domainkey.football.example.com", std::string(rfc8463_rsa_key)}};
  const Row rows[] = {{"rfc6376.signed.msg", rfc_keys, "++"},
                      {"rfc6376.msg", rfc_keys, ""},
                      {"ed25519test2.msg", {{"sed._domainkey.test.ex", *exim_key}}, "+"}};
  for (const Row& row : rows) {
    const std::string path = "dkim/dkimpy/" + std::string(row.file);
    const auto message = read_test_data(path);
    if (!message) NO_TEST_DATA(path);
    std::string passes;
    std::string reasons;
    for (const DkimResult& result : verify(*message, key_answers(row.records))) {
      passes += result.status == DkimStatus::pass ? '+' : '-';
      reasons += result.reason + "\n";
    }
    EXPECT_EQ(passes, row.passes) << row.file << "\n" << reasons;
  }
}

TEST(DkimKeyRecord, judges_the_records_of_dkimpy) {
  struct Row {
    std::string_view file;
    bool usable;
  };
  const Row rows[] = {{"test.txt", true},        {"test2.txt", true},
                      {"badk.txt", false},       {"badversion.txt", false},
                      {"test_bad.txt", false},   {"test_tlsrpt.txt", false},
                      {"ed25519test.dns", true}, {"eximtest.dns", true}};
  for (const Row& row : rows) {
    const std::string path = "dkim/dkimpy/" + std::string(row.file);
    const auto text = read_test_data(path);
    if (!text) NO_TEST_DATA(path);
    const auto record = parse_dkim_key_record(*text);
    const bool usable =
        record && record->for_mail && PublicKey::from_octets(record->type, record->key_octets);
    EXPECT_EQ(usable, row.usable) << row.file;
  }
}

}  // namespace
}  // namespace waypost::mailauth
