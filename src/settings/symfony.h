#pragma once

#include "settings/dialect.h"

// Symfony's MAILER_DSN=gmail+smtp://USER:PASSWORD@default: the bridge of a provider knows the host.
namespace waypost::settings {

// Puts in what the bridge would, where the name of one stands in front of the "smtp://" at `begin`
// of `written` and `settings`, just read from there, has its host to say. `written` stands at
// `place`. Fails for a bridge whose host is not known.
Result<void> settle_bridge(const SourceText& source, std::string_view written, size_t begin,
                           const Place& place, Settings& settings);

}  // namespace waypost::settings
