#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"
#include "io/clock.h"

namespace waypost::sim {

// What a client knows of a message that it tried to submit.
enum class Fate {
  unsent,        // the final dot was never sent
  refused,       // the reply said no
  unknown,       // the dot was sent, no reply came: it may be accepted or not
  acknowledged,  // 250 was read
};

struct Submission {
  std::string token;
  std::string sender;
  std::vector<std::string> recipients;  // that the server has taken at RCPT
  uint64_t content_hash = 0;            // as content_hash() of it
  Fate fate = Fate::unsent;
  std::string reply;  // to the dot, or to what was refused before
  Instant ended_at;
};

// One recipient of a message that a pretend server has taken the whole of.
struct Arrival {
  std::string site;
  uint64_t transaction = 0;  // what one transaction carried shares a number
  std::string token;
  std::string recipient;
  uint64_t content_hash = 0;
  Instant at;
  bool answered = false;   // 250 was written
  bool confirmed = false;  // the client went on after it, so it has read the 250
};

struct Kill {
  Instant at;
  size_t connections = 0;  // open to the pretend servers then
  bool power_cut = false;  // what was not synced is lost too
};

// An event of the server, at the time of the world rather than of its wall clock.
struct SeenEvent {
  Instant at;
  events::Event event;
};

// A notice to a sender that was committed, about one recipient.
struct SeenNotice {
  Instant at;
  std::string kind;  // "failed", "delayed", "relayed"
  MessageId message;
  std::string recipient;
};

// Everything that happened in one run, as the clients, the pretend servers, the server under test
// (its events) and the scenario (kills) saw it. invariants.h judges it afterwards.
class Ledger final : public events::Sink {
 public:
  explicit Ledger(const io::Clock& clock) : clock_(clock) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Clients. The token names the message everywhere; the reference holds for the ledger's life.
  Submission& submit(std::string token, std::string sender);
  void settle(Submission& submission, Fate fate, std::string reply);

  // Pretend servers.
  uint64_t next_transaction() { return ++transactions_; }
  Arrival& arrive(Arrival arrival);
  void refused_for_good(const std::string& recipient) { refused_for_good_.insert(recipient); }
  // MAIL was given: what a limit on messages a second counts.
  void began_transaction(const std::string& site) { began_[site].push_back(clock_.now()); }
  void connections_open(const std::string& site, size_t open);
  // The server reached the site: what a limit on new connections counts.
  void connected(const std::string& site) { connected_[site].push_back(clock_.now()); }
  // A notice came to a sender: what it says of one recipient.
  void told(const std::string& kind, const std::string& recipient) {
    told_.insert(kind + " " + recipient);
  }

  // The server under test and the scenario.
  void emit(events::Event event) override;
  void killed(size_t connections, bool power_cut);
  void noticed(SeenNotice notice) { notices_.push_back(std::move(notice)); }
  // A person is about to release what is held for recipients in this domain.
  void releasing(const std::string& domain);
  // A person is about to name another time for it; or to have what waits in this domain sent now.
  void rescheduling(MessageId message);
  void retrying(const std::string& domain);
  // The wall clock is about to be set: what was due by it stays due.
  void reads_wall_clock() { wall_peak_ = std::max(wall_peak_, clock_.wall_now()); }
  // The server begins to send to this recipient: a breach where a person forbade it.
  void began_attempt(MessageId message, const std::string& recipient);
  void breach(std::string what) { breaches_.push_back(std::move(what)); }

  const std::deque<Submission>& submissions() const { return submissions_; }
  const std::deque<Arrival>& arrivals() const { return arrivals_; }
  const std::vector<SeenEvent>& events() const { return events_; }
  const std::vector<Kill>& kills() const { return kills_; }
  const std::set<std::string>& recipients_refused_for_good() const { return refused_for_good_; }
  const std::map<std::string, std::vector<Instant>>& transactions_began() const { return began_; }
  const std::map<std::string, std::vector<Instant>>& connections_made() const { return connected_; }
  const std::map<std::string, size_t>& connection_peaks() const { return peaks_; }
  const Submission* find(const std::string& token) const;
  const std::vector<SeenNotice>& notices() const { return notices_; }
  const std::set<std::string>& told() const { return told_; }
  // What was seen to be wrong when it happened.
  const std::vector<std::string>& breaches() const { return breaches_; }

 private:
  using RecipientKey = std::pair<MessageId, std::string>;

  const io::Clock& clock_;
  std::deque<Submission> submissions_;
  std::map<std::string, Submission*> by_token_;
  std::deque<Arrival> arrivals_;
  std::vector<SeenEvent> events_;
  std::vector<Kill> kills_;
  std::set<std::string> refused_for_good_;
  std::map<std::string, std::vector<Instant>> began_;
  std::map<std::string, std::vector<Instant>> connected_;
  std::map<std::string, size_t> peaks_;
  uint64_t transactions_ = 0;
  std::vector<SeenNotice> notices_;
  std::set<std::string> told_;
  std::map<RecipientKey, Instant> held_;
  std::map<RecipientKey, Instant> cancelled_;
  // When it is to be sent, and since when that is known.
  std::map<RecipientKey, std::pair<WallTime, Instant>> scheduled_;
  WallTime wall_peak_;
  std::vector<std::string> breaches_;
};

// What a kill may take back: a power cut, what was written in its last moments.
constexpr Duration outcome_way_max = std::chrono::seconds(1);

// The value of the Message-ID field that a client gives the message with this token, by which the
// accepted event is known, and the token of such a value ("" when it is none).
std::string message_id_of(std::string_view token);
std::string token_of(std::string_view message_id);

// What must not change on the way: from the X-Sim-Id field, which stands first, to the end. What a
// relay puts in front does not count.
constexpr std::string_view token_field = "X-Sim-Id: ";
struct ReadContent {
  std::string token;  // "" when there is no such field
  uint64_t hash = 0;
};
ReadContent read_content(std::string_view content);

}  // namespace waypost::sim
