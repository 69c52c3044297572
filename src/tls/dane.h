#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "dns/tlsa_record.h"

namespace waypost::tls {

// What the TLSA records of a mail host make of the certificate that it shows, by the rules of mail
// (RFC 7672 §3): usages 2 and 3 count; names and dates of a certificate that 3 names do not.
struct DaneVerdict {
  enum class Outcome {
    nothing_usable,  // senders that check then want TLS, with any certificate (RFC 7672 §2.2)
    fits,
    fits_not,
  };

  Outcome outcome = Outcome::nothing_usable;
  std::string fitting;                // the record that fits, as TlsaRecord::text() has it
  std::vector<std::string> usable;    // texts of records
  std::vector<std::string> unusable;  // texts of records, each with why in words behind it
  std::string why;     // where none fits: what is wrong with the chain, in OpenSSL's words
  std::string wanted;  // the record that would fit: "3 1 1 " and 64 digits; "" for no certificate
};

// `chain` is what was sent, each certificate in DER, the server's own first; empty: none was sent,
// which no record fits. `names` are those of which the certificate has to carry one where the usage
// is 2: the host of the records first, then the domain (RFC 7672 §3.2.2).
DaneVerdict judge_dane(const std::vector<std::string>& chain,
                       const std::vector<dns::TlsaRecord>& records,
                       const std::vector<std::string>& names, WallTime at);

}  // namespace waypost::tls
