#pragma once

#include <optional>
#include <string_view>

#include "bounces/incoming.h"

namespace waypost::bounces {

// The text of a mail by which Amazon SNS tells what became of a message sent through Amazon SES: a
// JSON object of the types Bounce, Complaint or Delivery, with other text behind it. None when the
// text does not begin with one.
std::optional<Incoming> read_ses_notification(std::string_view text);

}  // namespace waypost::bounces
