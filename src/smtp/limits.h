#pragma once

#include <chrono>
#include <cstddef>

// The sizes and timeouts of RFC 5321, and beside each what Waypost accepts where that differs.
// A name ending in `_accepted` is ours; every other size is the RFC's own figure.
namespace waypost::smtp {

// RFC 5321 §4.5.3.1.1 to §4.5.3.1.3. A path includes its angle brackets.
inline constexpr size_t local_part_octets_max = 64;  // of ours; we take longer ones, as of SRS
inline constexpr size_t domain_octets_max = 255;
inline constexpr size_t path_octets_max = 256;
inline constexpr size_t label_octets_max = 63;  // RFC 1035 §2.3.4

// RFC 5321 §4.5.3.1.4, with CRLF. Extensions lengthen MAIL and RCPT, so we accept more for every
// command; AUTH lines have their own figure in RFC 4954 §4.
inline constexpr size_t command_line_octets_max = 512;
inline constexpr size_t command_line_octets_accepted = 4096;
inline constexpr size_t auth_line_octets_max = 12288;

// RFC 5321 §4.5.3.1.5, with CRLF: what we send. Real servers send longer ones.
inline constexpr size_t reply_line_octets_max = 512;
inline constexpr size_t reply_line_octets_accepted = 4096;  // without the line end
inline constexpr size_t reply_octets_accepted = 64 * 1024;
inline constexpr size_t reply_lines_accepted = 256;

// RFC 5321 §4.5.3.1.6, with CRLF and without the dot that transparency adds. Programs that put a
// whole paragraph or a whole HTML page on one line are common, so we accept far more.
inline constexpr size_t text_line_octets_max = 1000;
inline constexpr size_t text_line_octets_accepted = 64 * 1024;

// RFC 5321 §4.5.3.1.8: a server must take at least so many.
inline constexpr size_t recipients_min = 100;

// RFC 1870 §6.1: digits of a SIZE parameter.
inline constexpr size_t size_digits_max = 20;

// RFC 3461 §4.4 and §4.2, as the parameters spell them.
inline constexpr size_t envelope_id_octets_max = 100;
inline constexpr size_t original_recipient_octets_max = 500;

// The client's patience, RFC 5321 §4.5.3.2.1 to §4.5.3.2.6.
inline constexpr std::chrono::minutes greeting_timeout{5};
inline constexpr std::chrono::minutes mail_timeout{5};
inline constexpr std::chrono::minutes rcpt_timeout{5};
inline constexpr std::chrono::minutes data_initiation_timeout{2};
inline constexpr std::chrono::minutes data_chunk_timeout{3};         // each write of content
inline constexpr std::chrono::minutes data_termination_timeout{10};  // for the reply to the dot

// The server's patience for the next command, RFC 5321 §4.5.3.2.7.
inline constexpr std::chrono::minutes server_timeout{5};

}  // namespace waypost::smtp
