#include "smtp/data.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "smtp/limits.h"

namespace waypost::smtp {
namespace {

using namespace std::string_literals;

struct Outcome {
  bool ended = false;
  std::optional<DataFault> fault;
  size_t consumed = 0;
  std::string content;  // empty after a fault, where it means nothing

  bool operator==(const Outcome&) const = default;
};

// Feeds `wire` in pieces that end at `cuts`.
Outcome read(const std::string& wire, std::vector<size_t> cuts = {}) {
  cuts.push_back(wire.size());
  DataReader reader;
  Outcome outcome;
  for (size_t cut : cuts) {
    if (reader.ended()) break;
    const std::string_view piece =
        std::string_view(wire).substr(outcome.consumed, cut - outcome.consumed);
    const size_t consumed = reader.feed(piece, outcome.content);
    EXPECT_TRUE(consumed == piece.size() || reader.ended());
    outcome.consumed += consumed;
  }
  outcome.ended = reader.ended();
  outcome.fault = reader.fault();
  if (outcome.fault) outcome.content.clear();
  return outcome;
}

// RFC 5321 §4.5.2 octet by octet, as plainly as it can be written.
Outcome read_slowly(const std::string& wire) {
  Outcome outcome;
  std::string line;  // since the last CRLF, undecoded
  const auto note = [&](DataFault fault) {
    if (!outcome.fault) outcome.fault = fault;
  };
  for (char c : wire) {
    const bool after_cr = line.ends_with('\r');
    line += c;
    ++outcome.consumed;
    if (after_cr && c != '\n') note(DataFault::bare_cr);
    if (!after_cr && c == '\n') note(DataFault::bare_lf);
    if (c == '\0') note(DataFault::nul);
    const bool dotted = line[0] == '.';
    if (line.size() - (dotted ? 1 : 0) > text_line_octets_accepted) note(DataFault::line_too_long);
    if (line == ".\r\n") {
      outcome.ended = true;
      break;
    }
    if (after_cr && c == '\n') {
      outcome.content += line.substr(dotted ? 1 : 0);
      line.clear();
    }
  }
  if (!outcome.ended && line != "." && line != ".\r")
    outcome.content += line.starts_with('.') ? line.substr(1) : line;
  if (outcome.fault) outcome.content.clear();
  return outcome;
}

TEST(DataReader, takes_dots_off_and_finds_the_end) {
  struct Row {
    std::string wire;
    std::string content;
  };
  const Row rows[] = {
      {".\r\n", ""},
      {"a\r\n.\r\n", "a\r\n"},
      {"\r\n.\r\n", "\r\n"},
      {"a\r\n..\r\n.\r\n", "a\r\n.\r\n"},
      {"..a\r\n.b\r\n.\r\n", ".a\r\nb\r\n"},
      {"a.\r\nb.c\r\n.\r\n", "a.\r\nb.c\r\n"},
      {"...\r\n.\r\n", "..\r\n"},
      {"a\r\n. \r\n.\r\n", "a\r\n \r\n"},
  };
  for (const Row& row : rows) {
    const Outcome outcome = read(row.wire + "QUIT\r\n");
    EXPECT_TRUE(outcome.ended) << row.wire;
    EXPECT_EQ(outcome.fault, std::nullopt) << row.wire;
    EXPECT_EQ(outcome.content, row.content) << row.wire;
    EXPECT_EQ(outcome.consumed, row.wire.size()) << row.wire;
  }
}

TEST(DataReader, does_not_end_early) {
  for (const char* wire :
       {"", ".", ".\r", "a\r\n.", "a\r\n.\r", "a\r\n", "a.\r\n", "a\r\n..\r\n"}) {
    const Outcome outcome = read(wire);
    EXPECT_FALSE(outcome.ended) << wire;
    EXPECT_EQ(outcome.fault, std::nullopt) << wire;
  }
}

// What smuggling has been tried with: each stands behind a first line, and a second message
// follows. None may end the first message where a lax server sees an end.
TEST(DataReader, faults_on_every_variant_of_a_false_end) {
  const std::string nul(1, '\0');
  const std::pair<std::string, DataFault> rows[] = {
      {"\r\n.\n", DataFault::bare_lf},
      {"\r\n.\r", DataFault::bare_cr},
      {"\r\n.\r\r\n", DataFault::bare_cr},
      {"\r\n.\n\r", DataFault::bare_lf},
      {"\n.\r\n", DataFault::bare_lf},
      {"\n.\n", DataFault::bare_lf},
      {"\n.\r", DataFault::bare_lf},
      {"\n.\r\r\n", DataFault::bare_lf},
      {"\n.\n\r", DataFault::bare_lf},
      {"\r.\r\n", DataFault::bare_cr},
      {"\r.\n", DataFault::bare_cr},
      {"\r.\r", DataFault::bare_cr},
      {"\r.\r\r\n", DataFault::bare_cr},
      {"\r.\n\r", DataFault::bare_cr},
      {"\r\r\n.\n", DataFault::bare_cr},
      {"\r\r\n.\r", DataFault::bare_cr},
      {"\r\r\n.\r\r\n", DataFault::bare_cr},
      {"\r\r\n.\n\r", DataFault::bare_cr},
      {"\n\r.\r\n", DataFault::bare_lf},
      {"\n\r.\n", DataFault::bare_lf},
      {"\n\r.\r", DataFault::bare_lf},
      {"\n\r.\r\r\n", DataFault::bare_lf},
      {"\n\r.\n\r", DataFault::bare_lf},
      {"\r\n." + nul + ".\r\n", DataFault::nul},
      {"\r\n." + nul + "\r\n", DataFault::nul},
      {"\r\n" + nul + ".\r\n", DataFault::nul},
      {"\r" + nul + "\n.\r\n", DataFault::bare_cr},
      {"\r\n.\r" + nul + "\n", DataFault::bare_cr},
      {"\n" + nul + ".\n", DataFault::bare_lf},
      {"\n.\n\n", DataFault::bare_lf},
      {"\n\n.\n\n", DataFault::bare_lf},
      {"\r\n\r.\r\n", DataFault::bare_cr},
      {"\r\n\n.\r\n", DataFault::bare_lf},
      {"\n..\n", DataFault::bare_lf},
      {"\n..\r\n", DataFault::bare_lf},
  };
  for (const auto& [variant, fault] : rows) {
    const std::string first = "Subject: one\r\n\r\nbody" + variant;
    const std::string wire = first + "MAIL FROM:<x@y.example>\r\n.\r\n";
    const Outcome outcome = read(wire);
    const auto shown = testing::PrintToString(variant);
    EXPECT_EQ(outcome.fault, fault) << shown;
    EXPECT_TRUE(outcome.ended) << shown;
    EXPECT_EQ(outcome.consumed, wire.size()) << shown;
  }
}

TEST(DataReader, faults_on_a_false_end_at_the_very_start) {
  for (const auto& [start, fault] :
       {std::pair(".\n", DataFault::bare_lf), std::pair(".\r", DataFault::bare_cr),
        std::pair("\n.\r\n", DataFault::bare_lf)}) {
    const std::string wire = std::string(start) + "MAIL FROM:<x@y.example>\r\n.\r\n";
    const Outcome outcome = read(wire);
    EXPECT_EQ(outcome.fault, fault);
    EXPECT_EQ(outcome.consumed, wire.size());
  }
}

// RFC 5321 has CR CR LF "." CR LF end the data; the fault makes the session refuse and close.
TEST(DataReader, ends_with_a_fault_behind_a_doubled_cr) {
  const Outcome outcome = read("body\r\r\n.\r\nMAIL FROM:<x@y.example>\r\n.\r\n");
  EXPECT_TRUE(outcome.ended);
  EXPECT_EQ(outcome.fault, DataFault::bare_cr);
  EXPECT_EQ(outcome.consumed, "body\r\r\n.\r\n"s.size());
}

TEST(DataReader, takes_lookalikes_as_content) {
  for (const std::string& line :
       {". "s, ".\t"s, ".x"s, ".\b"s, ".\x1b"s, ".\x1a"s, ".\xff"s, " ."s, "\v.\v"s, "\f.\f"s,
        "\x85.\x85"s, "\xe2\x80\xa8.\xe2\x80\xa8"s, "\xc2\x85.\xc2\x85"s, "\xef\xbc\x8e"s}) {
    const Outcome outcome = read("a\r\n" + line + "\r\nb\r\n.\r\n");
    EXPECT_EQ(outcome.fault, std::nullopt) << line;
    EXPECT_EQ(outcome.content, "a\r\n" + line.substr(line[0] == '.' ? 1 : 0) + "\r\nb\r\n") << line;
  }
}

TEST(DataReader, limits_a_line_with_its_crlf_and_without_its_dot) {
  const std::string fits(text_line_octets_accepted - 2, 'x');
  EXPECT_EQ(read(fits + "\r\n.\r\n").fault, std::nullopt);
  EXPECT_EQ(read("." + fits + "\r\n.\r\n").fault, std::nullopt);
  EXPECT_EQ(read(fits + "\r\n" + fits + "\r\n.\r\n").fault, std::nullopt);
  const Outcome over = read(fits + "x\r\n.\r\n");
  EXPECT_EQ(over.fault, DataFault::line_too_long);
  EXPECT_TRUE(over.ended);
  EXPECT_EQ(read(fits + "xxxxx").fault, DataFault::line_too_long);
}

TEST(DataReader, gives_the_same_for_every_cut_in_two) {
  const std::string nul(1, '\0');
  for (const std::string& wire :
       {".\r\nQUIT"s, "..\r\n.\r\nQ"s, "a\r\n.b\r\n..\r\n\r\n.\r\nQ"s, "a\r\n.\r\r\n.\r\nQ"s,
        "\r.\r\n.\r\nQ"s, "a\nb\r\n.\r\nQ"s, "a" + nul + "b\nc\r\n.\r\nQ", ".\r.\r\n.\r\nQ"s,
        "a\r\r\n.\r\nQ"s, ".\n.\r\n.\r\n"s, std::string(70000, 'x') + "\n\r\n.\r\n"}) {
    const Outcome whole = read(wire);
    EXPECT_EQ(whole, read_slowly(wire)) << testing::PrintToString(wire.substr(0, 40));
    const size_t step = wire.size() > 1000 ? 997 : 1;
    for (size_t cut = 0; cut <= wire.size(); cut += step)
      EXPECT_EQ(read(wire, {cut}), whole) << testing::PrintToString(wire.substr(0, 40)) << cut;
  }
}

TEST(DataReader, gives_the_same_for_random_octets_and_cuts_as_the_plain_rule) {
  std::mt19937 random(20261121);
  const std::string alphabet(
      "\r\r\r\n\n\n..\t\x0e\x80\xff"
      "a\0"s);
  for (int round = 0; round < 20000; ++round) {
    std::string wire;
    for (size_t octets = random() % 40; wire.size() < octets;) switch (random() % 4) {
        case 0:
          wire += "\r\n";
          break;
        case 1:
          wire += std::string_view("text \xc3\xa4 of some length").substr(random() % 20);
          break;
        default:
          wire += alphabet[random() % alphabet.size()];
      }
    std::vector<size_t> cuts;
    const size_t piece_octets_max = round % 2 == 0 ? 4 : 60;
    for (size_t at = 0; at < wire.size(); at += 1 + random() % piece_octets_max) cuts.push_back(at);
    ASSERT_EQ(read(wire, cuts), read_slowly(wire)) << testing::PrintToString(wire);
  }
}

std::string write(std::string_view content, size_t piece_octets = std::string::npos) {
  DataWriter writer;
  std::string wire;
  for (size_t at = 0; at < content.size(); at += std::min(piece_octets, content.size()))
    writer.append(content.substr(at, piece_octets), wire);
  writer.finish(wire);
  return wire;
}

TEST(DataWriter, doubles_dots_and_ends_the_data) {
  EXPECT_EQ(write(""), ".\r\n");
  EXPECT_EQ(write("a\r\n"), "a\r\n.\r\n");
  EXPECT_EQ(write("a"), "a\r\n.\r\n");
  EXPECT_EQ(write(".\r\n"), "..\r\n.\r\n");
  EXPECT_EQ(write("a.b\r\n..\r\n.c"), "a.b\r\n...\r\n..c\r\n.\r\n");
  EXPECT_EQ(write("\r\n"), "\r\n.\r\n");
}

TEST(DataWriter, hides_no_end_from_a_lax_server) {
  EXPECT_EQ(write("a\n.\nb\r\n"), "a\n..\nb\r\n.\r\n");
  EXPECT_EQ(write("a\r"), "a\r\n.\r\n");
  EXPECT_EQ(write("a\n"), "a\n\r\n.\r\n");
}

TEST(DataWriter, writes_the_same_for_every_piece_size) {
  const std::string content = ".a\r\n..\r\n\r\n.\r\nb.\r\n.";
  for (size_t octets = 1; octets <= content.size(); ++octets)
    EXPECT_EQ(write(content, octets), write(content)) << octets;
}

TEST(DataWriter, starts_afresh_behind_the_end) {
  DataWriter writer;
  std::string wire;
  writer.append("a", wire);
  writer.finish(wire);
  writer.append(".b\r\n", wire);
  writer.finish(wire);
  EXPECT_EQ(wire, "a\r\n.\r\n..b\r\n.\r\n");
}

TEST(DataWriter, is_undone_by_the_reader) {
  std::mt19937 random(5321);
  for (int round = 0; round < 5000; ++round) {
    std::string content;
    for (int words = int(random() % 12); words > 0; --words) {
      static constexpr const char* parts[] = {"\r\n", ".", "a", "\r\n.", "..", "b\r\n"};
      content += parts[random() % std::size(parts)];
    }
    const std::string wire = write(content, 1 + random() % 7);
    const Outcome outcome = read(wire);
    if (!content.empty() && !content.ends_with("\r\n")) content += "\r\n";
    ASSERT_TRUE(outcome.ended);
    ASSERT_EQ(outcome.consumed, wire.size());
    ASSERT_EQ(outcome.content, content);
  }
}

// Octets and the fault that they have, whichever way they are cut.
TEST(ChunkReader, finds_what_no_message_may_contain_over_any_cut) {
  const std::pair<std::string, std::optional<DataFault>> rows[] = {
      {"", std::nullopt},
      {"a\r\n.\r\nb\r\n", std::nullopt},
      {"no line end", std::nullopt},
      {"a\nb", DataFault::bare_lf},
      {"\n", DataFault::bare_lf},
      {"a\rb", DataFault::bare_cr},
      {"a\r\r\n", DataFault::bare_cr},
      {"ends with\r", DataFault::bare_cr},
      {"a\0b"s, DataFault::nul},
      {std::string(text_line_octets_accepted - 2, 'x') + "\r\n", std::nullopt},
      {std::string(text_line_octets_accepted - 1, 'x') + "\r\n", DataFault::line_too_long},
  };
  for (const auto& [octets, fault] : rows)
    for (size_t piece : {size_t(1), size_t(2), size_t(1000), octets.size() + 1}) {
      ChunkReader reader;
      for (size_t at = 0; at < octets.size(); at += piece)
        reader.feed(std::string_view(octets).substr(at, piece));
      reader.finish();
      EXPECT_EQ(reader.fault(), fault) << octets.substr(0, 20) << " in pieces of " << piece;
    }
}

}  // namespace
}  // namespace waypost::smtp
