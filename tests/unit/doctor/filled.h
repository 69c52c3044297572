#pragma once

#include <gtest/gtest.h>

#include "checks/catalogue.h"
#include "doctor/finding.h"

namespace waypost::doctor {

// Each place of what a report says of a finding has a value; a fix or hint that lacks one is left
// out instead.
inline void expect_filled(const Finding& finding) {
  const checks::Check* check = checks::shipped_catalogue().find(finding.id);
  ASSERT_NE(check, nullptr) << finding.id;
  for (const std::string& text : {check->title, check->observed, check->means, check->verdict})
    for (const std::string& place : checks::places_in(text))
      EXPECT_TRUE(finding.parameters.contains(place)) << finding.id << " lacks " << place;
}

}  // namespace waypost::doctor
