#pragma once

#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "api/access.h"
#include "api/mail_list.h"
#include "classify/classifier.h"
#include "io/disk.h"
#include "io/worker.h"
#include "message/mime.h"
#include "queue/queue.h"
#include "records/search.h"
#include "spool/spool.h"

namespace waypost::api {

// GET /v1/emails, what is below it, and what a person can do with one. Thread: the loop's.
class MailPages {
 public:
  struct Services {
    io::Loop& loop;
    queue::Queue& queue;
    spool::Spool& spool;
    classify::Reader& replies;
    io::Worker& worker;  // searches the records, and writes pages of them
    io::Disk& disk;
    records::RecordPlaces places;
  };
  explicit MailPages(Services services)
      : services_(std::move(services)),
        run_began_(services_.loop.wall_now()),
        list_({services_.loop, services_.queue, services_.worker, services_.disk,
               services_.places}) {}

  void add_to(web::Router& router, Access& access);

 private:
  using Found = Result<records::Found>;
  using Events = std::vector<events::Event>;

  io::Task<web::Response> show(web::Request request);
  io::Task<web::Response> raw(web::Request request);
  // mail_content.cc
  io::Task<web::Response> content(web::Request request);
  io::Task<web::Response> preview(web::Request request);
  using ShowContent = std::function<web::Response(const message::MimeMessage&, bool is_cut)>;
  io::Task<web::Response> show_content(web::Request request, ShowContent show);
  io::Task<Result<std::string>> read_octets(MessageId id, uint32_t chunks, size_t octets_max);
  io::Task<bool> has_room_to_show();
  io::Task<void> write_chunks(MessageId id, uint32_t chunks, std::string first,
                              web::BodyStream& to);
  io::Task<web::Response> transcripts(web::Request request);
  // Why a key may not stop or move a message: it is for another, and not for all that people do.
  io::Task<std::optional<web::Response>> refuse_foreign(const web::Request& request);
  io::Task<web::Response> cancel(web::Request request);
  io::Task<web::Response> act(queue::Act what, web::Request request);
  io::Task<web::Response> reschedule(web::Request request, bool is_patch);
  io::Task<Found> search(records::Search wanted);
  bool may_be_behind(MessageId id, const records::Found& found) const;
  // The events of a message that the caller may see.
  io::Task<tl::expected<Events, web::Response>> events_of(const web::Request& request);

  Services services_;
  const WallTime run_began_;
  MailList list_;
  unsigned shown_ = 0;  // messages that are taken apart just now
};

}  // namespace waypost::api
