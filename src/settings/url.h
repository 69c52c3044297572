#pragma once

#include <vector>

#include "settings/dialect.h"

// smtp://user:password@host:port and smtps://, as Nodemailer and others take them.
namespace waypost::settings {

// Reads the URL of `length` octets at `offset`; its parts become assignments of their own.
Result<void> read_url(const SourceText& source, size_t offset, size_t length, Settings& settings);
bool is_url(const Settings& settings);
std::vector<Wanted> write_url(const Settings& settings, const Change& change);

}  // namespace waypost::settings
