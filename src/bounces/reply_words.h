#pragma once

#include <string>
#include <string_view>

// What stands in the words of a reply, and how they are set right for the classifier. Pure.
namespace waypost::bounces {

// "5.1.1" that a reply states, also as "(#5.1.1)"; empty: none.
std::string status_in(std::string_view reply);

// What a gateway quotes: "5.1.0 - Unknown address error 550-'5.7.1 Access denied'" as "550 5.7.1
// Access denied"; empty when it quotes nothing so.
std::string quoted_reply(std::string_view reply);

// A reply of several lines that stands on one, without its repeated codes; empty when it is none.
std::string joined_reply(std::string_view reply);

// What is to be classified in the place of the reply: quoted_reply(), else joined_reply().
std::string spoken_reply(std::string_view reply);

// Blanks and line ends made one blank.
std::string on_one_line(std::string_view text);

}  // namespace waypost::bounces
