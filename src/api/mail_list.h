#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/access.h"
#include "api/mail_json.h"
#include "io/disk.h"
#include "io/worker.h"
#include "queue/queue.h"
#include "records/search.h"

namespace waypost::api {

// So much later than the queue do the records know, as a rule.
constexpr Duration records_are_behind = std::chrono::milliseconds(250);

// GET /v1/emails: a page costs no more for a long past or a long queue. What the records would have
// to look through for too long ends with the page, which may then be short of its limit and still
// have more behind it. Thread: the loop's.
class MailList {
 public:
  struct Services {
    io::Loop& loop;
    const queue::Queue& queue;
    io::Worker& worker;  // searches the records, and writes pages of them
    io::Disk& disk;
    records::RecordPlaces places;
  };
  explicit MailList(Services services)
      : services_(std::move(services)), run_began_(services_.loop.wall_now()) {}

  io::Task<web::Response> page(web::Request request);

 private:
  struct Query {
    records::Search search;
    size_t limit;
    std::vector<std::string> statuses;  // of a recipient, one of these; empty: any
    std::optional<bool> is_late;        // of those that bounced

    bool asks_for(const std::vector<RecipientState>& recipients) const;
  };
  using Waiting = std::map<MessageId, std::vector<queue::Standing>>;
  struct Page {
    std::vector<records::FoundMessage> messages;  // newest first
    Waiting waiting;                              // their recipients that wait
    bool has_more = false;
    std::optional<records::PagePlace> end;  // where the next page goes on
  };

  static tl::expected<Query, web::Response> parse(const web::Request& request);
  static Result<void> take_status(Query& query, const std::string& value);
  // Whether the key is one of these.
  static Result<bool> take_label(Query& query, const std::string& key, const std::string& value);
  static Result<void> take_event(Query& query, const std::string& key, const std::string& value);
  static void ask_for_events(Query& query);
  static Result<void> take(Query& query, const std::string& key, const std::string& value);
  io::Task<Result<Page>> find(Query query);
  io::Task<Result<Page>> find_waiting(Query query);
  io::Task<Result<records::Found>> search(records::Search wanted);
  bool lacks_an_end(const records::FoundMessage& message,
                    const std::vector<queue::Standing>& waiting) const;
  bool may_lack_an_end(const records::FoundMessage& message,
                       const std::vector<queue::Standing>& waiting) const;
  io::Task<Result<void>> look_again(Page& page);
  web::Response response_of(const Page& page, const Query& query) const;

  Services services_;
  const WallTime run_began_;
};

}  // namespace waypost::api
