#pragma once

#include <span>
#include <string>

#include "config/config.h"
#include "config/notebook.h"

// The larger steps of check_whole(), by the tables that they are about; each says what contradicts
// what there. `known_sites` as in parse().
namespace waypost::config {

// [[listener]].
void check_listeners(Notebook& notebook, const Config& config);
// [[inbound]] and the listeners that are open to strangers.
void check_inbound(Notebook& notebook, const Config& config);
// [[return_path]].
void check_return_paths(Notebook& notebook, const Config& config);
// [tls].
void check_tls(Notebook& notebook, const Config& config);
// [oauth].
void check_oauth(Notebook& notebook, const Config& config);
// [delivery].
void check_delivery(Notebook& notebook, const Config& config);
// [[route]].
void check_routes(Notebook& notebook, const Config& config);
// [[site]].
void check_sites(Notebook& notebook, const Config& config,
                 std::span<const std::string> known_sites);
// [[stream]].
void check_streams(Notebook& notebook, const Config& config);

}  // namespace waypost::config
