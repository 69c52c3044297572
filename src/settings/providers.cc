#include "settings/providers.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/check.h"
#include "settings/sheet.h"
#include "settings/shipped_providers.h"
#include "toml/document.h"
#include "toml/problems.h"
#include "toml/wording.h"

namespace waypost::settings {
namespace {

using toml::Member;
using toml::Node;
using Kind = Node::Kind;

constexpr std::pair<std::string_view, UserForm> user_forms[] = {
    {"address", UserForm::address},
    {"fixed", UserForm::fixed},
    {"credential", UserForm::credential},
    {"any", UserForm::any}};
constexpr std::pair<std::string_view, PasswordKind> password_kinds[] = {
    {"password", PasswordKind::password},
    {"app-password", PasswordKind::app_password},
    {"smtp-password", PasswordKind::smtp_password},
    {"api-key", PasswordKind::api_key},
    {"token", PasswordKind::token},
    {"oauth", PasswordKind::oauth}};

class ProviderReader {
 public:
  explicit ProviderReader(toml::Problems& problems) : problems_(problems) {}

  Provider read(const Node& root) {
    for (const Member& member : root.members) {
      if (member.key == "provider" && member.value.kind == Kind::table)
        for (const Member& each : member.value.members) read_key(each);
      else if (member.key == "data_as_of" && member.value.kind == Kind::text)
        provider_.data_as_of = member.value.text;
      else
        problems_.report_unknown(member, "a provider file", "it has `data_as_of` and [provider]");
    }
    check_whole(root.place);
    return std::move(provider_);
  }

 private:
  void read_key(const Member& member) {
    const Node& value = member.value;
    if (value.kind == Kind::text && read_text(member.key, value)) return;
    if (value.kind == Kind::list && read_list(member.key, value)) return;
    if (value.kind == Kind::boolean && member.key == "one_ending") {
      provider_.one_ending = value.boolean;
      return;
    }
    problems_.report_unknown(
        member, "[provider]",
        "it has `id`, `name`, `source`, `hosts`, `one_ending`, `ports`, `user`, "
        "`user_name`, "
        "`password`, `mechanisms`, `domains`, `services`, `service_host`, `service_port`, "
        "`confused` and `note`");
  }

  bool read_text(std::string_view key, const Node& value) {
    const std::pair<std::string_view, std::string*> texts[] = {
        {"id", &provider_.id},
        {"name", &provider_.name},
        {"source", &provider_.source},
        {"user_name", &provider_.user_name},
        {"service_host", &provider_.service_host},
        {"note", &provider_.note}};
    for (const auto& [name, target] : texts) {
      if (name != key) continue;
      *target = value.text;
      return true;
    }
    if (key == "user") return choose(value, user_forms, provider_.user);
    if (key == "password") return choose(value, password_kinds, provider_.password);
    if (key != "service_port") return false;
    provider_.service_port = port_in(value);
    return true;
  }

  template <class T, size_t n>
  bool choose(const Node& value, const std::pair<std::string_view, T> (&choices)[n], T& target) {
    std::vector<std::string_view> names;
    for (const auto& [name, meant] : choices) {
      names.push_back(name);
      if (name != value.text) continue;
      target = meant;
      return true;
    }
    problems_.report(value.place, "expected " + toml::one_of(names));
    return true;
  }

  bool read_list(std::string_view key, const Node& list) {
    if (key == "ports") {
      for (const Node& item : list.items) provider_.ports.push_back(port_in(item));
      return true;
    }
    const std::pair<std::string_view, std::vector<std::string>*> lists[] = {
        {"hosts", &provider_.hosts},
        {"mechanisms", &provider_.mechanisms},
        {"domains", &provider_.domains},
        {"services", &provider_.services},
        {"confused", &provider_.confused}};
    for (const auto& [name, target] : lists) {
      if (name != key) continue;
      const bool is_lower = name != "mechanisms";
      for (const Node& item : list.items) {
        if (item.kind != Kind::text || item.text.empty() ||
            (is_lower && base::to_lower(item.text) != item.text))
          problems_.report(item.place, "expected a text in lower case");
        target->push_back(item.text);
      }
      return true;
    }
    return false;
  }

  ProviderPort port_in(const Node& item) {
    const size_t slash = item.text.find('/');
    const std::string_view text = item.text;
    const unsigned number = number_in(text.substr(0, slash));
    const std::string_view word = slash == std::string::npos ? "" : text.substr(slash + 1);
    if (number == 0 || number > 65535 || (word != "starttls" && word != "implicit"))
      problems_.report(item.place, "this is no port: \"587/starttls\", \"465/implicit\"");
    return {number, word == "implicit" ? Encryption::implicit : Encryption::starttls};
  }

  // Settings without a page that states them are an invention.
  void check_whole(const toml::Place& place) {
    if (problems_.has_errors()) return;
    if (!provider_.source.starts_with("https://") || provider_.data_as_of.empty())
      problems_.report(place, "a provider needs its `source`, an https:// page, and `data_as_of`");
    if (provider_.id.empty() || provider_.name.empty() || provider_.hosts.empty() ||
        provider_.ports.empty())
      problems_.report(place, "[provider] needs `id`, `name`, `hosts` and `ports`");
    if ((provider_.user == UserForm::fixed) == provider_.user_name.empty())
      problems_.report(place, "`user_name` belongs to `user = \"fixed\"`, and to that alone");
    if (problems_.has_errors()) return;
    if (provider_.service_host.empty()) provider_.service_host = provider_.hosts.front();
    if (provider_.service_port.number == 0) provider_.service_port = provider_.ports.front();
    if (!provider_.services.empty() && provider_.service_host.find('*') != std::string::npos)
      problems_.report(place, "`services` without one host to go to: it needs `service_host`");
  }

  toml::Problems& problems_;
  Provider provider_;
};

void check_once(const std::vector<Provider>& providers, toml::Problems& problems) {
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < providers.size(); ++i) {
    const toml::Place place{unsigned(i), 1, 1, 1};
    const auto once = [&](const std::string& name) {
      if (!seen.try_emplace(name, i).second)
        problems.report(place, fmt::format("{} stands in two places", name));
    };
    once("the id " + providers[i].id);
    for (const std::string& host : providers[i].hosts) once(host);
    for (const std::string& host : providers[i].confused) once(host);
    for (const std::string& domain : providers[i].domains) once("the domain " + domain);
    for (const std::string& service : providers[i].services) once("the service " + service);
  }
}

bool is_host(std::string_view pattern, std::string_view host) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == host;
  const std::string_view front = pattern.substr(0, star);
  const std::string_view back = pattern.substr(star + 1);
  if (host.size() <= front.size() + back.size()) return false;
  const std::string_view label =
      host.substr(front.size(), host.size() - front.size() - back.size());
  return host.starts_with(front) && host.ends_with(back) && label.find('.') == label.npos;
}

}  // namespace

LoadedProviders load_providers(std::span<const toml::Source> sources) {
  LoadedProviders loaded;
  toml::Problems problems(sources);
  for (size_t i = 0; i < sources.size(); ++i) {
    const toml::Document document = toml::read_document(sources[i].text, unsigned(i));
    problems.report_syntax(document, sources[i]);
    loaded.providers.push_back(ProviderReader(problems).read(document.root));
  }
  if (!problems.has_errors()) check_once(loaded.providers, problems);
  loaded.diagnostics = problems.take();
  return loaded;
}

const std::vector<Provider>& known_providers() {
  static const std::vector<Provider> providers = [] {
    LoadedProviders loaded = load_providers(shipped_providers());
    CHECK(loaded.diagnostics.empty());
    return std::move(loaded.providers);
  }();
  return providers;
}

const Provider* provider_of_host(std::string_view host, std::span<const Provider> providers) {
  std::string name = base::to_lower(host);
  if (name.ends_with('.')) name.pop_back();
  for (const Provider& provider : providers)
    for (const std::string& pattern : provider.hosts)
      if (is_host(pattern, name)) return &provider;
  return nullptr;
}

const Provider* provider_of(const Settings& settings, std::span<const Provider> providers) {
  if (settings.host.is_known()) return provider_of_host(settings.host.value, providers);
  if (!settings.service.is_known() || settings.host.is_written()) return nullptr;
  const std::string service = base::to_lower(settings.service.value);
  for (const Provider& provider : providers)
    if (std::find(provider.services.begin(), provider.services.end(), service) !=
        provider.services.end())
      return &provider;
  return nullptr;
}

}  // namespace waypost::settings
