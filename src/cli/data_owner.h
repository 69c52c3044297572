#pragma once

#include <string>

#include "base/result.h"

namespace waypost::cli {

// As root: becomes the owner of `folder` for all that follows, so that what is made in it is his,
// and no link that he has put there is followed with root's rights. Nothing happens as somebody
// else, when root owns it, or when it is not there yet.
Result<void> act_as_owner_of(const std::string& folder);

}  // namespace waypost::cli
