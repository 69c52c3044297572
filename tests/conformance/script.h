#pragma once

#include <string>
#include <vector>

// A conformance script (*.smtp) as data. The form:
//
//   # The RFC section, and what it asks for.
//   === a session, named by a sentence
//   @ client 203.0.113.9        the client's address; it is trusted when there is no such line
//   @ tls implicit | none       when not STARTTLS
//   @ limit recipients 2        or: octets 1000
//   S: 220 *                    the server's next line; * stands for anything
//   C: EHLO client.example      the client's line, sent with CRLF; lines without an S: between them
//                               leave in one segment
//   C> MAIL\n{3*x}\0            octets with escapes, sent as they are; {3*x} is xxx
//   S: (silence)                the server has nothing more to say
//   S: (closed)                 nor ever will have
//   @ starttls                  the client shakes hands for TLS
//   @ wait 300s
//   @ half-close                the client will send nothing more
//   @ stored 1                  messages in the spool, by now
//   @ event rejected 530 *      the next event, and the reply in it; (none) for no further event
namespace waypost::conformance {

struct Step {
  enum class Kind { send, expect, directive };
  Kind kind;
  std::string text;  // of send: the octets
  int line = 0;
};

struct Script {
  std::string file;
  std::string name;
  std::vector<Step> steps;
};

// All sessions of all scripts beside this file, by name of the file. Aborts on a broken script.
std::vector<Script> load_scripts();

// Those in client/, where the script plays the server and our client is tested. There
//
//   S: 220 mx.x.test ESMTP      is sent with CRLF; lines without a C: between them leave in one
//                               segment
//   S> 220 mx\r\n{3*x}\0        octets with escapes, sent as they are
//   C: EHLO relay.test          the client's next line; * stands for anything
//   C: (content)                all of it, with the final dot
//   C: (closed)                 the client has closed; what comes after belongs to its next
//                               connection
//   @ recipients 2              @ eight-bit bounce    @ utf8 header | recipient | marked
//   @ tls opportunistic | required | implicit         never, when there is no such line
//   @ login MECHANISM           as "shop" with the secret "correct-horse"
//   @ dsn                       the sender wants to be told (RET, ENVID, NOTIFY, ORCPT)
//   @ starttls                  the server shakes hands for TLS
//   @ close, @ reset, @ stall   what the server does
//   @ outcome deferred rcpt 451 *   in the end, one for each recipient: verdict, phase, text
//   @ certificate valid         what the attempt says of it
//   @ transcript *text*         the transcript has it;  @ transcript-lacks text
std::vector<Script> load_client_scripts();

// The octets of a C> line.
std::string unescape(const std::string& text);

// Whether `line` has the form of `pattern`, in which * stands for anything.
bool matches(const std::string& line, const std::string& pattern);

}  // namespace waypost::conformance
