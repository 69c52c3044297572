#pragma once

#include <span>
#include <string>
#include <string_view>

#include "records/search.h"

// What can be asked of the messages of a day, as SQL. Only for day_query.cc.
namespace waypost::records {

// Parameters of the statements. Those of a condition stand with it.
inline constexpr int tenant_place = 13;
inline constexpr int before_at_place = 14;
inline constexpr int before_id_place = 15;
inline constexpr int states_place = 16;
inline constexpr int kinds_place = 17;
inline constexpr int site_place = 18;
inline constexpr int low_place = 20;
inline constexpr int below_place = 21;
inline constexpr int domain_place = 5;
inline constexpr int prefix_end_place = 11;
inline constexpr int sender_domain_place = 24;
inline constexpr int word_place = 26;
inline constexpr int word_end_place = 27;
inline constexpr int words_place = 28;
inline constexpr int limit_place = 30;  // the last one, which all statements have

// A condition that an index knows: the entries that meet it, and the same asked of one message. A
// "+" keeps SQLite from another index than the one that leads.
struct Condition {
  std::string Search::*text;  // null: Search::message, or Search::states
  int parameter;
  std::string_view entries;
  std::string_view message;  // the column of the entries that names it
  std::string_view check;
  bool is_in_order;  // its entries are ordered by message
  bool is_rough;     // not all entries meet it: they are checked as well
};

// Where many meet several of them the first one leads.
std::span<const Condition> day_conditions();

// Of Search::direction.
std::string direction_check(std::string_view direction);

}  // namespace waypost::records
