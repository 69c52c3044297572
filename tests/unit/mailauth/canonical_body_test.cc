#include "mailauth/canonical_body.h"

#include <random>

#include <gtest/gtest.h>

#include "mailauth/dkim_base64.h"

namespace waypost::mailauth {
namespace {

std::string canonical(CanonicalForm form, std::string_view body, size_t piece_octets = SIZE_MAX) {
  std::string octets;
  CanonicalBody maker(form, [&octets](std::string_view piece) { octets.append(piece); });
  while (!body.empty()) {
    maker.add(body.substr(0, piece_octets));
    body.remove_prefix(std::min(piece_octets, body.size()));
  }
  maker.finish();
  return octets;
}

std::string hash(CanonicalForm form, std::string_view body, uint64_t octets_max = whole_body) {
  BodyHashes hashes;
  const size_t number = hashes.want(form, octets_max);
  hashes.add(body);
  hashes.finish();
  return encode_base64(hashes.hash(number));
}

struct Row {
  std::string_view body;
  std::string_view simple;
  std::string_view relaxed;
};

// RFC 6376 §3.4.3 to §3.4.5.
constexpr Row rows[] = {
    {"", "\r\n", ""},
    {"\r\n\r\n\r\n", "\r\n", ""},
    {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},
    {"no end", "no end\r\n", "no end\r\n"},
    {" \t \r\n", " \t \r\n", ""},
    {"a\r\n \r\n", "a\r\n \r\n", "a\r\n"},
    {"a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"},
    {"a\nb\n", "a\r\nb\r\n", "a\r\nb\r\n"},
    {"a\rb \r\r\n", "a\rb \r\r\n", "a\rb \r\r\n"},
    {"a \rb\r", "a \rb\r\r\n", "a \rb\r\r\n"},
    {"\tx\r\n", "\tx\r\n", " x\r\n"},
    {"a\tb  c\t\r\n", "a\tb  c\t\r\n", "a b c\r\n"},
};

TEST(CanonicalBody, is_what_the_rfc_says) {
  for (const Row& row : rows) {
    EXPECT_EQ(canonical(CanonicalForm::simple, row.body), row.simple) << row.body;
    EXPECT_EQ(canonical(CanonicalForm::relaxed, row.body), row.relaxed) << row.body;
  }
}

TEST(CanonicalBody, does_not_depend_on_how_it_comes_in_pieces) {
  std::mt19937 random(7);
  // Short lines, and lines that are looked at eight octets at a time.
  constexpr std::string_view alphabets[] = {"ab  \t\r\n\n\r", "abcdefghijklmnop\xe4   \r\n",
                                            "abcdefghijklmnopqrstuvwxyz0123456789  \t\n"};
  for (int round = 0; round < 9000; ++round) {
    const std::string_view alphabet = alphabets[round % 3];
    std::string body(random() % (round % 3 ? 200 : 40), 'x');
    for (char& c : body) c = alphabet[random() % alphabet.size()];
    for (CanonicalForm form : {CanonicalForm::simple, CanonicalForm::relaxed})
      for (size_t octets : {1, 2, 3, 7}) {
        ASSERT_EQ(canonical(form, body, octets), canonical(form, body)) << body;
      }
  }
}

TEST(CanonicalBody, keeps_lines_longer_than_its_buffer) {
  const std::string line(100'000, 'x');
  EXPECT_EQ(canonical(CanonicalForm::relaxed, line + "\r\n"), line + "\r\n");
  EXPECT_EQ(canonical(CanonicalForm::relaxed, line + "  y\r\n"), line + " y\r\n");
}

TEST(BodyHashes, of_empty_bodies_are_those_of_the_rfc) {
  // RFC 6376 §3.4.3, §3.4.4.
  EXPECT_EQ(hash(CanonicalForm::simple, ""), "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
  EXPECT_EQ(hash(CanonicalForm::relaxed, ""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  EXPECT_EQ(hash(CanonicalForm::simple, "\r\n\r\n\n\r\n\r\n"),
            "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
  EXPECT_EQ(hash(CanonicalForm::relaxed, "\r\n\r\n\n\r\n\r\n"),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST(BodyHashes, end_at_the_length_that_was_asked_for) {
  const std::string body = "tere tere\r\n \r\nvana kere\r\n\r\n";
  BodyHashes hashes;
  const size_t simple = hashes.want(CanonicalForm::simple, 20);
  const size_t relaxed = hashes.want(CanonicalForm::relaxed, 20);
  const size_t nothing = hashes.want(CanonicalForm::relaxed, 0);
  const size_t all = hashes.want(CanonicalForm::relaxed, whole_body);
  EXPECT_EQ(hashes.want(CanonicalForm::simple, 20), simple);
  hashes.add(body);
  hashes.finish();
  auto expected = [](std::string_view octets) {
    return hash(CanonicalForm::simple, octets, octets.size());
  };
  EXPECT_EQ(encode_base64(hashes.hash(simple)), expected("tere tere\r\n \r\nvana k"));
  EXPECT_EQ(encode_base64(hashes.hash(relaxed)), expected("tere tere\r\n\r\nvana ke"));
  EXPECT_EQ(encode_base64(hashes.hash(nothing)), expected(""));
  EXPECT_EQ(encode_base64(hashes.hash(all)), expected("tere tere\r\n\r\nvana kere\r\n"));
  EXPECT_EQ(hashes.canonical_octets(relaxed), 24u);
  EXPECT_EQ(hashes.canonical_octets(simple), 25u);
}

TEST(BodyHashes, stay_with_what_they_belong_to_when_it_moves) {
  BodyHashes first;
  const size_t number = first.want(CanonicalForm::relaxed, whole_body);
  BodyHashes second = std::move(first);
  second.add("x\r\n");
  second.finish();
  EXPECT_EQ(encode_base64(second.hash(number)), hash(CanonicalForm::relaxed, "x\r\n"));
}

}  // namespace
}  // namespace waypost::mailauth
