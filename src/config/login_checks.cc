#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/complaint.h"
#include "config/table_checks.h"

namespace waypost::config {
namespace {

void check_certificate_needed(Notebook& notebook, const Config& config) {
  if (notebook.is_written("tls.certificate") || notebook.is_written("tls.key")) return;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    std::string path = item("listener", i);
    bool wants_tls = config.listeners[i].tls != TlsMode::none && notebook.is_usable(path + ".tls");
    if (!wants_tls) continue;
    Place place =
        notebook.is_written(path + ".tls") ? notebook.place(path + ".tls") : notebook.place(path);
    return refuse_at(notebook, place,
                     {"this listener offers TLS, but there is no certificate", "",
                      "add\n[tls]\ncertificate = \"/etc/waypost/tls/fullchain.pem\"\n"
                      "key = \"/etc/waypost/tls/privkey.pem\"\n"
                      "or write `tls = \"none\"` for a listener of trusted networks alone"});
  }
}

std::string in_oauth(std::string_view key) { return fmt::format("oauth.{}", key); }

// By keys, or by asking: what only the other way has a use for is a mistake.
void check_token_judge(Notebook& notebook) {
  const auto is_there = [&](std::string_view key) { return notebook.is_written(in_oauth(key)); };
  const bool asks = is_there("introspection_url");
  if (asks && is_there("keys_file"))
    refuse_at(notebook, notebook.place(in_oauth("introspection_url")),
              {"`keys_file` and `introspection_url` are both there", "expected one of them",
               "with keys a token is checked here, and its issuer is not asked"});
  for (std::string_view key : {"client_id", "client_secret_file"})
    if (!asks && is_there(key))
      refuse_at(
          notebook, notebook.place(in_oauth(key)),
          {fmt::format("without `introspection_url` there is no use for `{}`", key),
           "expected `introspection_url` as well", "it is for asking the issuer about a token"});
}

}  // namespace

void check_tls(Notebook& notebook, const Config& config) {
  check_certificate_needed(notebook, config);
  bool has_certificate = notebook.is_written("tls.certificate");
  bool has_key = notebook.is_written("tls.key");
  if (has_certificate && !has_key)
    refuse_at(notebook, notebook.place("tls.certificate"),
              {"the certificate has no key", "",
               "add `key = \"/etc/waypost/tls/privkey.pem\"` under [tls]: the PEM file with the "
               "private key"});
  if (has_key && !has_certificate)
    refuse_at(notebook, notebook.place("tls.key"),
              {"the key has no certificate", "",
               "add `certificate = \"/etc/waypost/tls/fullchain.pem\"` under [tls]: the PEM file "
               "with the certificate chain"});
}

// Tokens are taken when it is said whose, for whom, and who judges them.
void check_oauth(Notebook& notebook, const Config& config) {
  constexpr std::array<std::string_view, 8> keys{
      "issuer",    "audiences",          "keys_file", "introspection_url",
      "client_id", "client_secret_file", "scope",     "domains_claim"};
  const auto is_there = [&](std::string_view key) { return notebook.is_written(in_oauth(key)); };
  const auto first = std::find_if(keys.begin(), keys.end(), is_there);
  if (first == keys.end()) return;
  const auto require = [&](std::string_view key, const char* expected, const char* why) {
    if (!is_there(key))
      refuse_at(notebook, notebook.place(in_oauth(*first)),
                {fmt::format("[oauth] lacks `{}`", key), expected, why});
  };
  for (std::string_view key : {"issuer", "audiences"})
    require(key, "expected `issuer` and `audiences`",
            "a token counts only if it is from this issuer and for this relay");
  if (!is_there("introspection_url"))
    require("keys_file", "expected `keys_file` or `introspection_url`",
            "a token is checked by the keys of its issuer, or by asking it");
  else
    for (std::string_view key : {"client_id", "client_secret_file"})
      require(key, "expected `client_id` and `client_secret_file`",
              "an issuer says what it knows of a token only to those whom it knows");
  check_token_judge(notebook);
  if (is_there("audiences") && notebook.is_usable(in_oauth("audiences")) &&
      config.oauth.audiences.empty())
    refuse_at(notebook, notebook.place(in_oauth("audiences")),
              {"`audiences` is empty", "expected at least one name",
               "without one, a token for any other service of the issuer would do"});
}

}  // namespace waypost::config
