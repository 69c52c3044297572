#pragma once

#include "settings/sheet.h"

namespace waypost::settings {

// Says where an EMAIL_BACKEND keeps the mail here: all of Django's do but the SMTP one.
void notice_backends(const Sheet& sheet, Settings& settings);

}  // namespace waypost::settings
