#pragma once

#include <optional>
#include <string>

#include "bounces/incoming.h"
#include "message/received_dmarc.h"

// What receivers report about mail in our name. Pure.
namespace waypost::returns {

// The DMARC report that a message brought, aggregate or about one failure, taken out of it; none
// where it brought none that can be read.
std::optional<message::ReceivedDmarc> take_dmarc(bounces::Incoming& incoming);

// Whose mail it is about, in small letters; empty: it does not say.
std::string reported_domain(const message::ReceivedDmarc& report);

// One line for people. Hostile octets are made printable.
std::string told_of(const message::ReceivedDmarc& report);
std::string told_of(const message::TlsReport& report);

}  // namespace waypost::returns
