#include "checks/catalogue.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/check.h"
#include "checks/shipped_checks.h"

namespace waypost::checks {
namespace {

struct Place {
  size_t begin;
  size_t end;  // behind the brace
  std::string_view name;
};

// Braces with anything but small letters and `_` between them are text: programs' settings have
// them.
std::vector<Place> find_places(std::string_view text) {
  std::vector<Place> places;
  for (size_t at = 0; (at = text.find('{', at)) != std::string_view::npos;) {
    size_t end = at + 1;
    while (end < text.size() && ((text[end] >= 'a' && text[end] <= 'z') || text[end] == '_')) ++end;
    if (end < text.size() && text[end] == '}' && end > at + 1)
      places.push_back({at, end + 1, text.substr(at + 1, end - at - 1)});
    at = end;
  }
  return places;
}

}  // namespace

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  CHECK(false);
}

std::string_view name(Confidence confidence) {
  switch (confidence) {
    case Confidence::certain:
      return "certain";
    case Confidence::likely:
      return "likely";
    case Confidence::possible:
      return "possible";
  }
  CHECK(false);
}

const Fix* Check::fix(std::string_view fix_id) const {
  auto found =
      std::find_if(fixes.begin(), fixes.end(), [&](const Fix& one) { return one.id == fix_id; });
  return found == fixes.end() ? nullptr : &*found;
}

std::string fill(std::string_view text, const Values& values) {
  std::string filled;
  size_t at = 0;
  for (const Place& place : find_places(text)) {
    filled += text.substr(at, place.begin - at);
    auto value = values.find(std::string(place.name));
    if (value != values.end()) {
      filled += value->second;
    } else {
      std::string general = base::to_upper(place.name);
      std::replace(general.begin(), general.end(), '_', ' ');
      filled += general;
    }
    at = place.end;
  }
  filled += text.substr(at);
  return filled;
}

std::vector<std::string> places_in(std::string_view text) {
  std::vector<std::string> names;
  for (const Place& place : find_places(text)) names.emplace_back(place.name);
  return names;
}

const Check* Catalogue::find(std::string_view name) const {
  auto found = index_.find(base::to_lower(name));
  return found == index_.end() ? nullptr : &checks_[found->second];
}

const Catalogue& shipped_catalogue() {
  static const Catalogue catalogue = load_catalogue(shipped_checks()).catalogue;
  return catalogue;
}

}  // namespace waypost::checks
