#include "delivery/sources.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace waypost::delivery {
namespace {

// FNV-1a, then the finisher of SplitMix64, which spreads every bit over all others. Who gets which
// source must be the same after a restart, so this is no std::hash.
uint64_t hash_of(std::string_view message, std::string_view source) {
  uint64_t hash = 0xcbf29ce484222325;
  for (std::string_view part : {message, source})
    for (char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

// In (0, 1).
double uniform(uint64_t hash) { return (static_cast<double>(hash >> 11) + 0.5) * 0x1p-53; }

// Where mail goes out by no pool: from the one address that is configured, or any.
std::shared_ptr<const Source> plain_source(const Settings& settings) {
  Source source;
  source.helo = settings.hostname;
  const std::optional<IpAddress>& address = settings.source_address;
  if (address) (address->is_v4() ? source.v4 : source.v6) = address;
  return std::make_shared<const Source>(std::move(source));
}

}  // namespace

std::string Proxy::text() const {
  std::string_view scheme = kind == ProxyKind::socks5 ? "socks5" : "proxy2";
  bool is_v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}:{}", scheme, is_v6 ? "[" + host + "]" : host, port);
}

// The least of -ln(u)/weight is an exponential race: each share wins with the odds of its weight.
std::vector<size_t> order_of_shares(const std::vector<SourcePool::Share>& shares, MessageId id) {
  std::vector<std::pair<double, size_t>> drawn;
  for (size_t i = 0; i < shares.size(); ++i) {
    double u = uniform(hash_of(id.raw(), shares[i].source));
    drawn.emplace_back(-std::log(u) / shares[i].weight, i);
  }
  std::sort(drawn.begin(), drawn.end());
  std::vector<size_t> order;
  for (const auto& [score, index] : drawn) order.push_back(index);
  return order;
}

Sources::Sources(io::Loop& loop, std::shared_ptr<const Settings> settings) : loop_(loop) {
  reconfigure(std::move(settings));
}

void Sources::reconfigure(std::shared_ptr<const Settings> settings) {
  settings_ = std::move(settings);
  plain_ = plain_source(*settings_);
  sources_.clear();
  troubles_.clear();
  for (const Source& source : settings_->sources)
    sources_.emplace(source.id, std::make_shared<const Source>(source));
}

const std::string& Sources::pool_for(const std::string& route_pool, std::string_view stream) const {
  if (!route_pool.empty()) return route_pool;
  for (const SourcePool& pool : settings_->pools)
    if (std::find(pool.streams.begin(), pool.streams.end(), stream) != pool.streams.end())
      return pool.id;
  return settings_->pool;
}

Sources::Choice Sources::choose(const std::string& route_pool, std::string_view stream,
                                MessageId id) const {
  const std::string& name = pool_for(route_pool, stream);
  if (name.empty()) return {{plain_}, {}};
  for (const SourcePool& pool : settings_->pools)
    if (pool.id == name) return choose_in(pool, id);
  // The route was found by settings that are gone.
  return {{}, fmt::format("there is no pool \"{}\" any more", name)};
}

Sources::Choice Sources::choose_in(const SourcePool& pool, MessageId id) const {
  Choice choice;
  for (size_t index : order_of_shares(pool.shares, id)) {
    auto source = sources_.find(pool.shares[index].source);
    if (source == sources_.end()) continue;
    if (auto why = trouble(source->first))
      choice.why_none +=
          fmt::format("{}{}: {}", choice.why_none.empty() ? "" : "; ", source->first, *why);
    else
      choice.usable.push_back(source->second);
  }
  if (choice.usable.empty())
    choice.why_none = fmt::format("no source of the pool \"{}\" can be used just now ({})", pool.id,
                                  choice.why_none);
  return choice;
}

void Sources::pass_over(const Source& source, std::string why) {
  if (!source.id.empty()) troubles_[source.id] = {std::move(why), loop_.now() + passed_over_for};
}

std::optional<std::string> Sources::trouble(const std::string& source) const {
  auto known = troubles_.find(source);
  if (known == troubles_.end() || known->second.until <= loop_.now()) return std::nullopt;
  return known->second.why;
}

}  // namespace waypost::delivery
