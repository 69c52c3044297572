#pragma once

#include <map>
#include <string>

#include <boost/json/value.hpp>

#include "base/ip_address.h"
#include "explain/page.h"
#include "reports/dmarc_summary.h"

// A summary of DMARC reports for people and for programs.
namespace waypost::cli {

// The reverse names of addresses, as far as they were asked for.
using ReverseNames = std::map<IpAddress, std::string>;

// `sources_max` sources of each domain.
explain::Page dmarc_page(const reports::DmarcSummary& summary, const ReverseNames& names,
                         size_t sources_max);
boost::json::value dmarc_json(const reports::DmarcSummary& summary, const ReverseNames& names);

}  // namespace waypost::cli
