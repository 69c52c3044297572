#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "domains/needs.h"
#include "domains/settings.h"
#include "publish/flows.h"
#include "records/keys.h"
#include "web/message.h"

namespace waypost::api {

class Fields;

// A request about sending domains, read.
struct DomainRequest {
  static constexpr size_t limit_default = 100;

  records::Key key;  // who asks
  std::string domain;
  std::string selector;
  domains::DomainSettings settings;
  std::string key_type;
  bool force = false;
  bool activate = true;
  std::vector<publish::NameServer> servers;
  size_t limit = limit_default;
  std::string after;
  domains::SendingRelay relay;
};

// Of a list, and of a deletion: what stands behind the question mark.
void read_query(const web::Request& request, DomainRequest& to,
                std::vector<web::FieldProblem>& problems);

// The bodies; each notes what is wrong with one.
void read_new_domain(Fields& fields, DomainRequest& to);
void read_new_keys(Fields& fields, DomainRequest& to);
void read_look(Fields& fields, DomainRequest& to);
void read_servers(Fields& fields, DomainRequest& to);
void read_force(Fields& fields, DomainRequest& to);

}  // namespace waypost::api
