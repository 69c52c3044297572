#pragma once

#include <vector>

#include "settings/dialect.h"

// smtp://user:password@host:port and smtps://, as Nodemailer and others take them.
namespace waypost::settings {

// Whether a user name or password holds a /, ? or # that should be encoded (RFC 3986 §3.2.1): what
// reads the URL takes a piece of the secret for a host or a port then. A query with an address in
// it is none.
bool has_bare_delimiter(std::string_view url);

// Fails where has_bare_delimiter(). Reads the URL of `length` octets at `offset`; its parts become
// assignments of their own.
Result<void> read_url(const SourceText& source, size_t offset, size_t length, Settings& settings);
bool is_url(const Settings& settings);
std::vector<Wanted> write_url(const Settings& settings, const Change& change);

}  // namespace waypost::settings
