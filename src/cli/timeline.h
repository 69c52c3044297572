#pragma once

#include <string>
#include <vector>

#include "events/event.h"
#include "queue/standing.h"
#include "records/transcripts.h"

// How mail's history is written for people. Pure: golden tests hold the pages.
namespace waypost::cli {

// One message: a headline, a line for each event, with what was said where there is a transcript of
// it, and a line for each recipient that still waits.
std::string render_timeline(const std::vector<events::Event>& events,
                            const std::vector<queue::Standing>& waiting, WallTime now, bool color,
                            const std::vector<records::Transcript>& transcripts = {});

// The lines of one event, as in a timeline.
std::string render_event(const events::Event& event, bool color);

// Why one recipient waits, in sentences.
std::string render_standing(const queue::Standing& standing, WallTime now, bool color);

// One line of `queue ls`.
std::string render_queue_line(const queue::Standing& standing, WallTime now, bool color);

}  // namespace waypost::cli
