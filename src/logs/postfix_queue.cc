#include "logs/postfix_queue.h"

#include <algorithm>
#include <functional>

namespace waypost::logs {
namespace {

constexpr size_t reply_octets_max = 1024;

std::string_view kept(std::deque<std::string>& texts, std::string text) {
  texts.push_back(std::move(text));
  return texts.back();
}

}  // namespace

void PostfixQueue::add(const PostfixLine& line, std::vector<LogEvent>& events,
                       std::deque<std::string>& texts) {
  const Told told{events, texts};
  if (line.is_given_up) return give_up(line, told);
  if (!handed_.empty()) take_back(line.queue_id, told);
  seen_[seen_next_++ % seen_.size()] = std::hash<std::string_view>()(line.queue_id);
  if (line.event.fate == Fate::deferred)
    keep_waiting(line);
  else if (!waiting_.empty())
    forget_waiting(line);
  if (!line.handed_id.empty()) {
    if (was_seen(line.handed_id)) return;
    if (handed_.size() >= handed_max) handed_.clear();
    handed_[std::string(line.handed_id)].push_back({std::string(line.event.time),
                                                    std::string(line.event.recipient),
                                                    std::string(line.event.host)});
  }
  events.push_back(line.event);
}

void PostfixQueue::keep_waiting(const PostfixLine& line) {
  if (recipients_ >= recipients_max) {
    waiting_.clear();
    recipients_ = 0;
  }
  auto& of_message = waiting_[std::string(line.queue_id)];
  auto [at, is_new] = of_message.try_emplace(std::string(line.event.recipient));
  recipients_ += is_new;
  at->second = {std::string(line.event.host),
                std::string(line.event.reply.substr(0, reply_octets_max))};
}

void PostfixQueue::forget_waiting(const PostfixLine& line) {
  auto message = waiting_.find(std::string(line.queue_id));
  if (message == waiting_.end()) return;
  auto recipient = message->second.find(line.event.recipient);
  if (recipient == message->second.end()) return;
  message->second.erase(recipient);
  --recipients_;
  if (message->second.empty()) waiting_.erase(message);
}

void PostfixQueue::give_up(const PostfixLine& line, Told told) {
  auto message = waiting_.extract(std::string(line.queue_id));
  // Whom it was for stands in an older log.
  if (!message) return told.events.push_back(line.event);
  recipients_ -= message.mapped().size();
  for (auto& [recipient, last] : message.mapped())
    told.events.push_back({Fate::bounced, line.event.time, kept(told.texts, recipient),
                           kept(told.texts, std::move(last.host)),
                           kept(told.texts, std::move(last.reply))});
}

void PostfixQueue::take_back(std::string_view queue_id, Told told) {
  auto handed = handed_.extract(std::string(queue_id));
  if (!handed) return;
  for (Handed& one : handed.mapped())
    told.events.push_back({Fate::told_again,
                           kept(told.texts, std::move(one.time)),
                           kept(told.texts, std::move(one.recipient)),
                           kept(told.texts, std::move(one.host)),
                           {}});
}

bool PostfixQueue::was_seen(std::string_view queue_id) const {
  return std::find(seen_.begin(), seen_.end(), std::hash<std::string_view>()(queue_id)) !=
         seen_.end();
}

}  // namespace waypost::logs
