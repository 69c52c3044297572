#include "daemon/limit_control.h"

#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/asked_limit_json.h"
#include "daemon/asked_limit_file.h"
#include "daemon/limit_requests.h"

namespace waypost::daemon {

namespace json = boost::json;
using queue::AskedLimit;

LimitControl::LimitControl(Services services, std::string file)
    : services_(std::move(services)), file_(std::move(file)) {}

std::string LimitControl::restore() {
  Kept<AskedLimit> kept = load_asked_limits(services_.disk, file_, services_.loop.wall_now());
  for (AskedLimit& limit : kept.list) services_.queue.limit(std::move(limit));
  return std::move(kept.trouble);
}

void LimitControl::answer_at(ControlServer& server) {
  auto on = [&](const char* command, auto method) {
    server.on(command, [this, method](json::object request, ControlAnswer& answer) {
      return (this->*method)(std::move(request), answer);
    });
  };
  on("limit", &LimitControl::answer_limit);
  on("unlimit", &LimitControl::answer_lift);
  on("limits", &LimitControl::answer_list);
}

io::Task<Result<void>> LimitControl::limit(AskedLimit limit) {
  const auto& limits = services_.queue.asked_limits();
  if (!limits.contains(limit.site) && limits.size() >= queue::asked_limits_max)
    co_return failure(ErrorCode::resource_exhausted,
                      fmt::format("there are {} limits already", queue::asked_limits_max));
  services_.told(limit.text());
  services_.queue.limit(std::move(limit));
  Result<void> kept = co_await keep();
  if (!kept)
    co_return failure(
        std::move(kept).error().while_doing("it is limited now, but a restart will forget it"));
  co_return Result<void>();
}

io::Task<Result<bool>> LimitControl::lift(std::string site, std::string by) {
  const bool found = services_.queue.lift_limit(site);
  if (!found) co_return false;
  services_.told(
      fmt::format("the limit of site {} is lifted{}", site, by.empty() ? "" : " by " + by));
  Result<void> kept = co_await keep();
  if (!kept)
    co_return failure(
        std::move(kept).error().while_doing("it is lifted now, but a restart will limit it again"));
  co_return true;
}

io::Task<void> LimitControl::answer_limit(json::object request, ControlAnswer& answer) {
  auto wanted = parse_limit_request(request, services_.loop.wall_now());
  if (!wanted) {
    co_await answer.refuse(wanted.error().message());
    co_return;
  }
  const bool known = services_.queue.site(wanted->site).has_value();
  json::object object{{"limited", api::to_json(*wanted)}, {"known", known}};
  Result<void> limited = co_await limit(*std::move(wanted));
  if (!limited) {
    co_await answer.refuse(limited.error().describe());
    co_return;
  }
  co_await answer.write_object(std::move(object));
}

io::Task<void> LimitControl::answer_lift(json::object request, ControlAnswer& answer) {
  auto wanted = parse_lift_request(request);
  if (!wanted) {
    co_await answer.refuse(wanted.error().message());
    co_return;
  }
  Result<bool> lifted = co_await lift(std::move(wanted->site), std::move(wanted->by));
  if (!lifted) {
    co_await answer.refuse(lifted.error().describe());
    co_return;
  }
  json::object object{{"lifted", *lifted}};
  co_await answer.write_object(std::move(object));
}

io::Task<void> LimitControl::answer_list(json::object, ControlAnswer& answer) {
  json::array list;
  for (const auto& [site, limit] : services_.queue.asked_limits())
    list.push_back(api::to_json(limit));
  json::object object{{"limits", std::move(list)}};
  co_await answer.write_object(std::move(object));
}

// The worker writes in the order of the changes, so that the newest is what stays.
io::Task<Result<void>> LimitControl::keep() {
  std::string octets = encode_asked_limits(services_.queue.asked_limits());
  std::function<Result<void>()> work = [&] { return save_list(services_.disk, file_, octets); };
  co_return co_await io::run_on<Result<void>>(services_.worker, services_.loop, std::move(work));
}

}  // namespace waypost::daemon
