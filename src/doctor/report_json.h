#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "checks/catalogue.h"
#include "doctor/walk.h"

namespace waypost::doctor {

// The report as {"schema":"waypost.doctor/1", ...}, docs/operate/doctor.md. Fields are only added.
boost::json::object report_json(const Report& report, const checks::Catalogue& catalogue);

// One event of --jsonl: a rung as soon as it is known, with its findings.
boost::json::object rung_json(const RungResult& result, const checks::Catalogue& catalogue);

// The last line for Nagios and Icinga, and its exit code, 0 to 3.
struct NagiosLine {
  std::string text;
  int code = 0;
};
NagiosLine nagios_line(const Report& report, const checks::Catalogue& catalogue);

// The report for a ticket.
std::string report_markdown(const Report& report, const checks::Catalogue& catalogue);

}  // namespace waypost::doctor
