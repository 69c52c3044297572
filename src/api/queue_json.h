#pragma once

#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "queue/queue.h"

// The queue's words in JSON, as the control socket and the API say them.
namespace waypost::api {

boost::json::object to_json(const queue::Standing& standing);

boost::json::object to_json(const queue::SiteView& site);

// Those that keep back mail for that site because of the site, and those of everything.
boost::json::array pauses_of(const queue::Queue& queue, std::string_view site);

// What holds it, whose limit that is, and until when.
void add_hold(boost::json::object& object, const queue::Standing& standing);

boost::json::object to_json(const queue::Ledger& ledger);

// How many recipients wait whose site is not looked up yet: of those that the spool had at the
// start it is when they are next due.
uint64_t unrouted_recipients(const queue::Queue& queue);

}  // namespace waypost::api
