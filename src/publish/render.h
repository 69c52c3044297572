#pragma once

#include <string>

#include "publish/plan.h"

// A plan in the forms in which records are published.
namespace waypost::publish {

// For people and the forms of DNS providers. What has to be done is marked; what is there is said.
std::string as_text(const Plan& plan);

// Lines for a zone file (RFC 1035 §5.1), with what they replace as comments.
std::string as_zone(const Plan& plan);

// Terraform has one resource for all TXT records of a name at Route 53 (aws_route53_record), one
// for each record at Cloudflare (cloudflare_dns_record of its provider 5, with an import of the
// record in whose place it comes: Terraform 1.6). The zone is a variable, `zone_id`.
enum class TerraformProvider { route53, cloudflare };
std::string as_terraform(const Plan& plan, TerraformProvider provider);

}  // namespace waypost::publish
