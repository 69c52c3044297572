#pragma once

#include "base/result.h"
#include "dns/unbound_resolver.h"
#include "io/disk.h"

struct ub_ctx;

// Only for the .cc files of this folder.
namespace waypost::dns {

// Prepares a new context as `options` say; it takes no more options afterwards. UnboundContext says
// which failures come back.
Result<void> configure(ub_ctx* context, const ResolverOptions& options, io::Disk& disk);

}  // namespace waypost::dns
