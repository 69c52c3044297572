#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/settings.h"
#include "toml/diagnostic.h"

// What known providers document of their submission service: rules/providers/*.toml, which the
// program carries (docs/operate/settings-files.md).
namespace waypost::settings {

struct ProviderPort {
  unsigned number = 0;
  Encryption encryption = Encryption::starttls;
};

enum class UserForm {
  address,     // the whole mail address
  fixed,       // Provider::user_name, whoever it is
  credential,  // a name that the provider gives out
  any,
};
enum class PasswordKind { password, app_password, smtp_password, api_key, token, oauth };

struct Provider {
  std::string id;    // "gmail"
  std::string name;  // "Gmail"
  std::string source;
  std::string data_as_of;  // when the page was read: "2026-11"
  // Lower case; one label may be "*": "email-smtp.*.amazonaws.com".
  std::vector<std::string> hosts;
  bool one_ending = false;  // none of its hosts has another ending: smtp.gmail.net is a mistake
  std::vector<ProviderPort> ports;  // the best one first
  UserForm user = UserForm::any;
  std::string user_name;
  PasswordKind password = PasswordKind::password;
  std::vector<std::string> mechanisms;  // empty: not documented
  std::vector<std::string> domains;     // of its mail addresses
  std::vector<std::string> services;    // what Nodemailer calls it, in lower case
  // Where Nodemailer goes by that name.
  std::string service_host;
  ProviderPort service_port;
  // Names that are written by mistake although they, or their like, may exist.
  std::vector<std::string> confused;
  std::string note;
};

struct LoadedProviders {
  std::vector<Provider> providers;  // in the order of their files
  std::vector<toml::Diagnostic> diagnostics;
};
// Reads provider files; what is wrong with one is a diagnostic. Total: takes any text.
LoadedProviders load_providers(std::span<const toml::Source> sources);

// rules/providers/*.toml, read at the first call. Any thread.
const std::vector<Provider>& known_providers();

// Whose host it is; case and a dot at the end do not count. Null for none.
const Provider* provider_of_host(std::string_view host, std::span<const Provider> providers);
// By host, or by the service that stands in its place.
const Provider* provider_of(const Settings& settings, std::span<const Provider> providers);

// One setting that is not as documented.
struct Difference {
  enum class What { port, encryption, user, mechanism };
  What what = What::port;
  Place place;             // line 0 where the program's default differs
  std::string written;     // as it holds now; no secret
  std::string documented;  // what the provider says instead
  Change change;           // what would make it so; may be empty
};
// What is elsewhere is not compared.
std::vector<Difference> differences(const Settings& settings, const Provider& provider);

}  // namespace waypost::settings
