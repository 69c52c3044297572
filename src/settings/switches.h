#pragma once

#include <string_view>

#include "settings/sheet.h"

// Settings that say by a word or by a yes and no how a connection is encrypted, each in the sense
// of the programs that have it.
namespace waypost::settings {

// Django's and Flask's pair, either of which may be null: STARTTLS, TLS at once, and with neither
// on no encryption at all.
void take_switches(const Sheet::Entry* tls, const Sheet::Entry* ssl, Settings& settings);

// Of an .env whose settings begin with `prefix`; the port is known already. Where nothing is said,
// or what a word means differs from program to program: STARTTLS where the server offers it.
void fill_encryption(const Sheet& sheet, std::string_view prefix, Settings& settings);

}  // namespace waypost::settings
