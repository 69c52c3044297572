#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "settings/providers.h"

namespace waypost::settings {

// A host name that is probably not the one that was meant.
struct LookAlike {
  enum class Kind {
    other_service,   // their name for something else: smtp.google.com, imap.gmail.com
    same_looks,      // another letter that looks the same: smtp.gmаil.com
    swapped_labels,  // gmail.smtp.com
    punctuation,     // smtpgmail.com, smtp,gmail.com
    wrong_ending,    // smtp.gmail.co
    misspelt,        // smtp.gmial.com, smpt.gmail.com
  };
  Kind kind = Kind::misspelt;
  std::string meant;
  const Provider* provider = nullptr;  // of `providers`
};

// None for a host of a provider, for a name below the domain of one's mail addresses that nothing
// else speaks against, and for a name that resembles none. Whether it exists is for others to ask.
std::optional<LookAlike> look_alike(std::string_view host, std::span<const Provider> providers);

// The same for the domain of a mail address: gmial.com, gmail.con. None for a domain that is one of
// a provider's; that theirs exist with other endings, too (yahoo.fr), is taken into account.
std::optional<LookAlike> look_alike_domain(std::string_view domain,
                                           std::span<const Provider> providers);

}  // namespace waypost::settings
