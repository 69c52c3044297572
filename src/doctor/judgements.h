#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "doctor/rungs.h"

// What an opening that stopped, or a certificate, means: one function a step, for walk_tls().
namespace waypost::doctor {

// What the words of a first line belong to: "HTTP", "SSH", "IMAP", "POP3", "TLS"; "SMTP" for a
// reply; empty for what is none of them.
std::string_view protocol_of(std::string_view opening);

// The printable part of the first line, at most 120 octets.
std::string first_line_of(std::string_view opening);

// A greeting that did not come, or was no yes.
Finding judge_greeting(const Ground& ground, const Opening& opening);
// "no greeting in 30 s", for the line of the rung.
std::string greeting_line(const Finding& finding);

// Whether somebody else answers on port 25: the greeting names another owner, and another port of
// the same address the right one. None where that cannot be told.
io::Task<std::optional<Finding>> judge_redirection(Context& context, const Ground& ground,
                                                   const Opening& opening);

// EHLO, behind a good greeting, without an answer or with a no. Where nothing came, asks again in
// fewer words, to tell whether large packets are lost.
io::Task<Finding> judge_hello(Context& context, const Ground& ground, const Opening& opening);

// STARTTLS that is not listed, taken out, or refused; `ways` are not tried here.
Finding judge_starttls(const Ground& ground, const Opening& opening);

// The cipher of a session that began; none where nothing is to say.
std::optional<Finding> judge_cipher(const Ground& ground, const Opening& opening);

// A session of TLS that the server ended behind a handshake without a fault, by an alert or because
// it was shown no certificate; none where the end has nothing to do with TLS.
std::optional<Finding> judge_tls_end(const Ground& ground, const Opening& opening);

// A handshake that failed. Asks again with old versions of TLS, and with a handshake to which the
// answer is small.
io::Task<Finding> judge_handshake(Context& context, const Ground& ground, const Opening& opening);

// The worst that is wrong with a certificate, the rest as notes; none when it holds.
std::optional<Finding> judge_certificate(const Ground& ground, const Opening& opening,
                                         const std::string& greeting, WallTime now);

// The time that a text says in the form of RFC 5322 §3.3; Exim and sendmail greet with it.
std::optional<WallTime> time_told_in(std::string_view text);

}  // namespace waypost::doctor
