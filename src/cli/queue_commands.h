#pragma once

#include <string>

#include "cli/queue_requests.h"
#include "cli/terminal.h"

// What waits, and what people do with it.
namespace waypost::cli {

int queue_ls_command(const Global& global, const QueueArguments& arguments);
// All that is known of one message that waits.
int queue_show_command(const Global& global, const QueueArguments& arguments);
int queue_act_command(const Global& global, queue::Act act, const QueueArguments& arguments);

// Lists the pauses when it is told nothing.
int pause_command(const Global& global, const PauseArguments& arguments);
int resume_command(const Global& global, const PauseArguments& arguments);

}  // namespace waypost::cli
