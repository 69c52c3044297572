#include "spool/inspection.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "spool/envelope_codec.h"
#include "spool/lane.h"

namespace waypost::spool {
namespace {

constexpr std::array<std::string_view, 10> defect_names{
    "envelope-damaged", "chunk-missing",    "chunk-unreadable",    "chunk-unexpected",
    "size-differs",     "progress-damaged", "progress-unexpected", "orphan-chunks",
    "orphan-progress",  "stray-marker"};

// Chunks of one message that are looked up one by one when they did not come in order.
constexpr uint32_t look_ups_max = 10'000;
constexpr size_t ranges_shown_max = 8;

// "3-5, 7", from numbers in order.
std::string ranges(const std::vector<uint32_t>& numbers) {
  std::string text;
  size_t shown = 0;
  for (size_t i = 0, j; i < numbers.size(); i = j) {
    for (j = i + 1; j < numbers.size() && numbers[j] == numbers[j - 1] + 1; ++j) {
    }
    if (++shown > ranges_shown_max) return text + " and more";
    if (!text.empty()) text += ", ";
    text += j - i == 1 ? fmt::format("{}", numbers[i])
                       : fmt::format("{}-{}", numbers[i], numbers[j - 1]);
  }
  return text;
}

std::string chunk_detail(const std::vector<uint32_t>& numbers, std::string_view what) {
  return fmt::format("chunk{} {} {}", numbers.size() == 1 ? "" : "s", ranges(numbers), what);
}

// Walks through the four families side by side, an id at a time.
class Walk {
 public:
  Walk(const BatchStore& store, const std::function<void(InspectedMessage)>& found)
      : found_(found),
        envelopes_(store, Family::envelopes),
        progress_(store, Family::progress),
        bodies_(store, Family::bodies),
        arriving_(store, Family::arriving) {}

  Inspection run() {
    while (std::optional<MessageId> id = lowest()) {
      InspectedMessage message;
      message.id = *id;
      const bool marked = take_marker(*id);
      Result<std::string> envelope = take_envelope(*id);
      std::vector<std::pair<uint32_t, Result<RecipientProgress>>> progress = take_progress(*id);
      take_chunks(message);
      judge_envelope(message, envelope, marked);
      judge_progress(message, std::move(progress));
      if (message.envelope) judge_chunks(message);
      count(message, envelope.has_value() || envelope.error().code() != ErrorCode::not_found);
      found_(std::move(message));
    }
    for (Lane* lane : lanes()) {
      total_.gaps.insert(total_.gaps.end(), lane->gaps().begin(), lane->gaps().end());
      total_.odd_keys += lane->odd_keys();
    }
    return std::move(total_);
  }

 private:
  std::array<Lane*, family_count> lanes() {
    return {&envelopes_, &progress_, &bodies_, &arriving_};
  }

  std::optional<MessageId> lowest() {
    std::optional<MessageId> id;
    for (const Lane* lane : lanes())
      if (lane->valid() && (!id || lane->id() < *id)) id = lane->id();
    return id;
  }

  bool take_marker(const MessageId& id) {
    if (!arriving_.is_at(id)) return false;
    arriving_.next();
    return true;
  }

  // What the lane stepped over in a gap may be readable by its key.
  Result<std::string> take_envelope(const MessageId& id) {
    if (envelopes_.is_at(id)) {
      std::string value(envelopes_.value());
      envelopes_.next();
      return value;
    }
    if (envelopes_.gaps().empty()) return failure(ErrorCode::not_found, "there is no envelope");
    return envelopes_.look_up(id.raw());
  }

  std::vector<std::pair<uint32_t, Result<RecipientProgress>>> take_progress(const MessageId& id) {
    std::vector<std::pair<uint32_t, Result<RecipientProgress>>> taken;
    for (; progress_.is_at(id); progress_.next())
      taken.emplace_back(number_of(progress_.key()), decode_progress(progress_.value()));
    return taken;
  }

  void take_chunks(InspectedMessage& message) {
    for (; bodies_.is_at(message.id); bodies_.next()) {
      message.chunks.push_back(number_of(bodies_.key()));
      message.octets += bodies_.value().size();
    }
  }

  void judge_envelope(InspectedMessage& message, const Result<std::string>& stored, bool marked) {
    auto add = [&](Defect defect, std::string detail) {
      message.findings.push_back({defect, std::move(detail)});
    };
    if (stored) {
      Result<Envelope> envelope = decode_envelope(message.id, *stored);
      if (envelope)
        message.envelope = *std::move(envelope);
      else
        add(Defect::envelope_damaged, envelope.error().describe());
      if (marked) add(Defect::stray_marker, "it is marked as one that still arrives");
    } else if (marked) {
      message.arriving = true;
    } else if (stored.error().code() != ErrorCode::not_found) {
      add(Defect::envelope_damaged, stored.error().describe());
    } else if (!message.chunks.empty()) {
      add(Defect::orphan_chunks,
          fmt::format("{} of no message", chunk_detail(message.chunks, "are")));
    }
  }

  void judge_progress(InspectedMessage& message,
                      std::vector<std::pair<uint32_t, Result<RecipientProgress>>> stored) {
    const size_t recipients = message.envelope ? message.envelope->recipients.size() : 0;
    std::vector<uint32_t> unexpected;
    for (auto& [number, progress] : stored) {
      if (message.envelope && number >= recipients)
        unexpected.push_back(number);
      else if (progress)
        message.progress.emplace(number, *std::move(progress));
      else
        message.findings.push_back(
            {Defect::progress_damaged,
             fmt::format("recipient {}: {}", number, progress.error().describe())});
    }
    if (!unexpected.empty())
      message.findings.push_back(
          {Defect::progress_unexpected,
           fmt::format("recipients {} of {}", ranges(unexpected), recipients)});
    const bool has_envelope = message.envelope || !message.findings.empty();
    if (!has_envelope && !stored.empty())
      message.findings.push_back({Defect::orphan_progress, "progress of no message"});
    look_for_progress(message);
  }

  // Where progress cannot be read it is not known who has got the message.
  void look_for_progress(InspectedMessage& message) {
    if (progress_.gaps().empty() || !message.envelope) return;
    for (uint32_t i = 0; i < message.envelope->recipients.size(); ++i) {
      if (message.progress.contains(i)) continue;
      Result<std::string> value = progress_.look_up(part_key(message.id, i));
      if (!value && value.error().code() == ErrorCode::not_found) continue;
      Result<RecipientProgress> progress =
          value ? decode_progress(*value) : failure(std::move(value).error());
      if (progress)
        message.progress.emplace(i, *std::move(progress));
      else
        message.findings.push_back(
            {Defect::progress_damaged,
             fmt::format("recipient {}: {}", i, progress.error().describe())});
    }
  }

  void judge_chunks(InspectedMessage& message) {
    const Envelope& envelope = *message.envelope;
    std::vector<uint32_t> unexpected(
        std::lower_bound(message.chunks.begin(), message.chunks.end(), envelope.chunks),
        message.chunks.end());
    message.chunks.resize(message.chunks.size() - unexpected.size());
    std::vector<uint32_t> missing;
    std::vector<uint32_t> unreadable;
    look_for_chunks(message, missing, unreadable);
    auto add = [&](Defect defect, std::string detail) {
      message.findings.push_back(
          {defect, fmt::format("{} of {}", std::move(detail), envelope.chunks)});
    };
    if (!missing.empty()) add(Defect::chunk_missing, chunk_detail(missing, "missing"));
    if (!unreadable.empty()) add(Defect::chunk_unreadable, chunk_detail(unreadable, "unreadable"));
    if (!unexpected.empty()) add(Defect::chunk_unexpected, chunk_detail(unexpected, "too many"));
    if (missing.empty() && unreadable.empty() && unexpected.empty() &&
        message.octets != envelope.size_octets)
      message.findings.push_back(
          {Defect::size_differs, fmt::format("{} octets are stored, {} were accepted",
                                             message.octets, envelope.size_octets)});
  }

  void look_for_chunks(InspectedMessage& message, std::vector<uint32_t>& missing,
                       std::vector<uint32_t>& unreadable) {
    if (message.chunks.size() == message.envelope->chunks) return;
    const uint32_t wanted = message.envelope->chunks;
    std::vector<uint32_t> found;
    auto next = message.chunks.begin();
    for (uint32_t number = 0; number < wanted && missing.size() + unreadable.size() < look_ups_max;
         ++number) {
      if (next != message.chunks.end() && *next == number) {
        found.push_back(*next++);
        continue;
      }
      Result<std::string> octets = bodies_.look_up(part_key(message.id, number));
      if (octets) {
        found.push_back(number);
        message.octets += octets->size();
      } else {
        bool absent = octets.error().code() == ErrorCode::not_found;
        (absent ? missing : unreadable).push_back(number);
      }
    }
    found.insert(found.end(), next, message.chunks.end());
    message.chunks = std::move(found);
  }

  void count(const InspectedMessage& message, bool has_envelope) {
    total_.messages += has_envelope;
    total_.damaged += !message.findings.empty();
    total_.arriving += message.arriving;
    total_.chunks += message.chunks.size();
    total_.octets += message.octets;
    if (!message.envelope) return;
    total_.recipients += message.envelope->recipients.size();
    total_.waiting += message.waiting();
  }

  const std::function<void(InspectedMessage)>& found_;
  Inspection total_;
  Lane envelopes_;
  Lane progress_;
  Lane bodies_;
  Lane arriving_;
};

}  // namespace

std::string_view name(Defect defect) { return defect_names[size_t(defect)]; }

uint32_t InspectedMessage::waiting() const {
  if (!envelope) return 0;
  auto settled = std::count_if(progress.begin(), progress.end(),
                               [](const auto& entry) { return entry.second.settled; });
  return uint32_t(envelope->recipients.size() - size_t(settled));
}

bool Inspection::cut_off() const {
  return std::any_of(gaps.begin(), gaps.end(), [](const Gap& gap) { return gap.cut_off; });
}

Inspection inspect(const BatchStore& store, const std::function<void(InspectedMessage)>& found) {
  return Walk(store, found).run();
}

Result<void> read_chunks(const BatchStore& store, const MessageId& id,
                         const std::vector<uint32_t>& numbers,
                         const std::function<Result<void>(std::string_view)>& take) {
  auto bodies = store.scan(Family::bodies);
  for (uint32_t number : numbers) {
    const std::string key = part_key(id, number);
    bodies->seek(key);
    if (!bodies->valid()) TRY_VOID(bodies->state());
    if (!bodies->valid() || bodies->key() != key)
      return failure(ErrorCode::not_found, fmt::format("chunk {} is gone", number));
    TRY_VOID(take(bodies->value()));
  }
  return {};
}

}  // namespace waypost::spool
