#include "cli/explain_message.h"

#include <algorithm>

#include "base/ascii.h"
#include "bounces/incoming.h"
#include "cli/page_output.h"
#include "explain/incoming_answer.h"
#include "message/mime.h"

namespace waypost::cli {

bool is_message(std::string_view octets) {
  constexpr size_t header_octets = 64 * 1024;
  if (message::begins_with_header(octets.substr(0, header_octets))) return true;
  // A reply of several lines is a reply, whatever its words are.
  std::string_view start = base::trim(octets.substr(0, 80));
  const bool is_reply = start.size() > 3 && start[0] >= '2' && start[0] <= '5' &&
                        base::is_digit(start[1]) && base::is_digit(start[2]) &&
                        (start[3] == '-' || start[3] == ' ');
  if (is_reply) return false;
  // A text of several lines may be what somebody copied out of a bounce.
  constexpr std::ptrdiff_t lines_min = 3;
  return std::count(octets.begin(), octets.end(), '\n') >= lines_min &&
         bounces::read_incoming(octets).kind != bounces::Kind::not_a_bounce;
}

int explain_message(const Global& global, const classify::Classifier& classifier,
                    std::string_view octets) {
  classify::Reader reader(classifier);
  const bounces::Incoming incoming = bounces::read_incoming(octets);
  const std::vector<explain::RecipientAnswer> answers = explain::answers(incoming, reader);
  if (global.json)
    print_json(explain::to_json(incoming, answers));
  else
    show(explain::incoming_page(incoming, answers), global);
  return incoming.kind == bounces::Kind::not_a_bounce ? exit_code::negative : exit_code::ok;
}

}  // namespace waypost::cli
