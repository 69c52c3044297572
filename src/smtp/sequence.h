#pragma once

#include <optional>

#include "smtp/command.h"
#include "smtp/reply.h"

// Which command may come when, RFC 5321 §4.1.4, RFC 3207 §4 and RFC 4954 §4: a table, so that a
// test can walk through all of it.
namespace waypost::smtp {

enum class Phase {
  connected,  // no EHLO or HELO yet, or forgotten by STARTTLS
  greeted,    // no transaction
  mail,       // MAIL was accepted, no recipient yet
  rcpt,       // at least one recipient was accepted
  chunks,     // a chunk of the content has come by BDAT, and was not the last
};

struct Facts {
  bool tls_active = false;
  bool tls_offered = false;  // STARTTLS stands, or would stand without TLS, in the EHLO reply
  bool authenticated = false;
  bool auth_offered = false;       // here and now: normally inside TLS only
  bool must_authenticate = false;  // this listener takes no mail from strangers
  bool xclient_offered = false;    // to this client
};

// The refusal of a command that may not run now, or nothing when it may. Where several reasons
// apply, the first of: we do not have that command, the client has not said EHLO, it must secure or
// authenticate first (RFC 4954 §6), the command is out of sequence.
std::optional<Reply> refuse_out_of_sequence(Phase phase, const Facts& facts, Verb verb);

// The phase behind a command that ran with success. DATA counts with its end-of-data, whatever the
// reply to that was, and so does the last chunk; after BDAT means after another one. A refused
// command leaves the phase alone.
Phase after(Phase phase, Verb verb);

}  // namespace waypost::smtp
