#include <cstdint>
#include <string_view>

#include <boost/json.hpp>

#include "api/asked_limit_json.h"
#include "api/pause_json.h"
#include "base/check.h"
#include "daemon/asked_limit_file.h"
#include "daemon/limit_requests.h"
#include "daemon/pause_file.h"
#include "daemon/queue_requests.h"

using namespace waypost;

// What comes over the control socket, and the files of pauses and limits.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto pauses = daemon::decode_pauses(text)) {
    const auto again = daemon::decode_pauses(daemon::encode_pauses(*pauses));
    CHECK(again && *again == *pauses);
  }
  if (const auto limits = daemon::decode_asked_limits(text)) {
    for (const queue::AskedLimit& limit : *limits) {
      const auto again =
          daemon::decode_asked_limits(daemon::encode_asked_limits({{limit.site, limit}}));
      CHECK(again && again->size() == 1 && again->front() == limit);
    }
  }
  boost::json::error_code error;
  const auto value = boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return 0;
  const boost::json::object& request = value.get_object();
  if (const auto command = daemon::parse_act_request(request)) {
    CHECK(command->selector.selects_something());
    CHECK(command->selector.ids.size() <= queue::selected_ids_max);
    CHECK(command->reason.size() <= daemon::command_reason_octets_max);
  }
  if (const auto pause = daemon::parse_pause_request(request, WallTime())) {
    CHECK(pause->scope.name.empty() == (pause->scope.kind == queue::ScopeKind::everything));
    const auto again = daemon::parse_pause(api::to_json(*pause));
    CHECK(again && *again == *pause);
  }
  if (const auto limit = daemon::parse_limit_request(request, WallTime())) {
    CHECK(queue::check(*limit));
    const auto again = daemon::parse_asked_limit(api::to_json(*limit));
    CHECK(again && *again == *limit);
  }
  static_cast<void>(daemon::parse_lift_request(request));
  static_cast<void>(daemon::parse_list_request(request));
  static_cast<void>(daemon::parse_show_request(request));
  static_cast<void>(daemon::parse_resume_request(request));
  return 0;
}
