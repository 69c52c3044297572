#include "domains/domain_json.h"

#include <utility>

namespace waypost::domains {

namespace json = boost::json;

json::array keys_json(const SendingDomain& domain) {
  json::array keys;
  for (const DomainKey& key : domain.keys)
    keys.push_back(json::object{{"selector", key.selector},
                                {"type", type_name(key.type)},
                                {"state", name(key.state)},
                                {"made_at", base::to_rfc3339(key.made_at)},
                                {"since", base::to_rfc3339(key.since)}});
  return keys;
}

json::object leaving_json(const SendingDomain& domain, const Leaving& leaving) {
  json::array gone;
  for (const DomainKey& key : leaving.gone) gone.push_back(json::string(key.selector));
  json::array staying;
  for (const DomainKey& key : leaving.staying)
    staying.push_back(json::object{{"selector", key.selector},
                                   {"until", base::to_rfc3339(key.since + retired_published_for)}});
  return {{"domain", domain.domain}, {"gone", std::move(gone)}, {"retired", std::move(staying)}};
}

}  // namespace waypost::domains
