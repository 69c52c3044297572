#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "message/mime.h"

// What people see of a message that was read for them (ReadFor::people). Any thread.
namespace waypost::message {

// Of the pictures that one document carries, each time that it shows one.
inline constexpr size_t preview_pictures_octets_max = 8 << 20;

// The parts that a mail program shows; null where there is none. Owned by the message.
struct ShownParts {
  const MimePart* text = nullptr;
  const MimePart* html = nullptr;
};
ShownParts shown_parts(const MimeMessage& message);

// All others of the message itself, in their order; what is inside of a message that it carries is
// none of them. Owned by the message.
std::vector<const MimePart*> attachments_of(const MimeMessage& message);

// The HTML as a document of its own in UTF-8, for a frame without rights: pictures that it has with
// it stand in it as data: URIs (RFC 2392, RFC 2397), those of preview_pictures_octets_max. Elements
// for which browsers connect whatever policy holds, that take the page elsewhere, or that give a
// link an address (the animations of SVG) are none any more, and links lead nowhere. It still is
// another's HTML: whoever serves it forbids scripts and all that is to be fetched.
std::string html_preview(const MimeMessage& message, std::string_view html);

// The text as such a document. What would be obeyed instead of shown stands there as its number.
std::string text_preview(std::string_view text);

}  // namespace waypost::message
