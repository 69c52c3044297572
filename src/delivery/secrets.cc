#include "delivery/secrets.h"

namespace waypost::delivery {

Result<Secret> read_secret_file(io::Disk& disk, const std::string& path) {
  auto octets = disk.read_private_file(path, secret_file_octets_max);
  if (!octets)
    return failure(std::move(octets).error().while_doing("reading the secret of a login"));
  if (octets->ends_with('\n')) octets->pop_back();
  if (octets->ends_with('\r')) octets->pop_back();
  Secret secret = Secret::take(*octets);
  if (secret.empty())
    return failure(ErrorCode::invalid_input,
                   path + " is empty: it must hold the secret of a login");
  if (secret.reveal().find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    return failure(ErrorCode::invalid_input,
                   path + " must hold one line, the secret of a login, and nothing else");
  return secret;
}

}  // namespace waypost::delivery
