// Entries in, one walk over the sorted keys, changes out.
//
// An entry's payload: [u8 kind], and of a message [time][partition][offset], big-endian, so that a
// key's messages come in order and before its rows. By state follows of a message
// [u8 State][content], of a row [u64 partition][i64 count][headers][refusal][content]. By count the
// content is part of the sort key, and [i64 count] follows of a message.
#include "sinks/topic_difference.h"

#include <bit>
#include <optional>

#include "base/bytes_io.h"
#include "sinks/message_parts.h"
#include "sinks/spilled_sort.h"
#include "sinks/topic_replay.h"

namespace penstock::sinks {
namespace {

using connect::IncomingMessage;

constexpr char kMessage = 'm';
constexpr char kRow = 'r';

// What a message leaves of its key.
enum class State : char {
  kAbsent,
  kThere,
  kUnknown,  // Something that is to be replaced: it cannot be read, or not as what is written now.
};

void put_big_endian(std::string& out, uint64_t value) {
  put_fixed(out, std::byteswap(value));
}
uint64_t big_endian(ByteReader& reader) {
  return std::byteswap(reader.fixed<uint64_t>());
}

class Difference {
 public:
  Difference(const SinkConfig& config, ChangeEncoder& encoder, Timestamp time,
             const DifferenceSources& sources,
             const std::function<Status(const TopicChange&)>& take)
      : config_(config),
        encoder_(encoder),
        splitter_(config, encoder),
        time_(time),
        sources_(sources),
        take_(take),
        by_state_(has_states(config, encoder)),
        is_upsert_(config.def.envelope == defs::SinkEnvelope::kUpsert),
        sort_(config.spill_directory, config.limits.sort_bytes, sources.stop) {}

  Status run() {
    const ReplayWorld world{sources_.kafka, sources_.stop, [this] { return may_go_on(); }};
    TopicReplay topic(config_.def.topic, world);
    RETURN_IF_ERROR(topic.open());
    RETURN_IF_ERROR(check_comparable(config_, topic.is_compacted(), sources_.changed_over));
    RETURN_IF_ERROR(add_collection());
    RETURN_IF_ERROR(
        topic.read([this](const IncomingMessage& message) { return add_message(message); }));
    RETURN_IF_ERROR(sort_.finish());
    return walk();
  }

 private:
  Status may_go_on() const {
    if (!sources_.stop.stopped()) return {};
    return fail(sql_state::kQueryCanceled, "stopped");
  }

  Status add_collection() {
    ASSIGN_OR_RETURN(std::unique_ptr<data::OrderedRows> rows, sources_.stream.snapshot(time_, ""));
    while (true) {
      RETURN_IF_ERROR(may_go_on());
      ASSIGN_OR_RETURN(std::optional<data::OrderedRows::Chunk> chunk, rows->next());
      if (!chunk) return {};
      RETURN_IF_ERROR(add_rows(*chunk->rows));
    }
  }

  Status add_rows(const data::DeltaBatch& rows) {
    const std::vector<uint64_t> partitions = encoder_.partition_values(rows);
    for (size_t i = 0; i < rows.size(); ++i) {
      key_.clear();
      if (config_.def.key) encoder_.append_group_key(rows, i, key_);
      content_.clear();
      encoder_.append_row(rows, i, content_);
      if (!encoder_.passes_refused()) {
        if (auto refusal = encoder_.take_refusal()) {
          return fail(sql_state::kObjectNotInState, *refusal);
        }
      }
      std::optional<uint64_t> partition;
      if (!partitions.empty()) partition = partitions[i];
      SinkMessage addressed;
      encoder_.address(key_, partition, address_, addressed);
      payload_.assign(1, kRow);
      put_fixed(payload_, addressed.partition_hash);
      put_fixed(payload_, rows.diff(i));
      headers_.clear();
      encoder_.append_headers(rows, i, headers_);
      put_string(payload_, headers_);
      put_string(payload_, refusal_of(rows, i));
      if (by_state_) payload_ += content_;
      RETURN_IF_ERROR(add(key_, content_));
    }
    return {};
  }

  // REQUIRES: its parts were just appended.
  std::string refusal_of(const data::DeltaBatch& rows, size_t row) {
    if (!encoder_.passes_refused()) return "";
    RowRefusal refusal = encoder_.take_row_refusal();
    encoder_.add_text(rows, row, key_.size() + content_.size(), refusal);
    if (!refusal.value.empty()) {  // What the topic has of the key is another row.
      content_.clear();
      append_row_bytes(rows, row, content_);
      content_.insert(0, 1, '\xff');
    }
    return refusal.encode();
  }

  Status add_message(const IncomingMessage& message) {
    const std::optional<Timestamp> time = time_of(message);
    if (!time || *time >= time_) return {};
    const MessageParts parts = splitter_.split(message);
    const bool is_malformed = parts.kind == MessageParts::Kind::kMalformed;
    if (parts.kind != MessageParts::Kind::kRows && !(is_malformed && by_state_ && parts.key)) {
      return {};
    }
    payload_.assign(1, kMessage);
    put_big_endian(payload_, time->ms);
    put_big_endian(payload_, static_cast<uint64_t>(message.partition));
    put_big_endian(payload_, static_cast<uint64_t>(message.offset));
    const std::string_view key = parts.key.value_or("");
    if (by_state_) {
      State state = parts.after ? State::kThere : State::kAbsent;
      if (is_malformed || (parts.after && is_of_another_form(*time))) state = State::kUnknown;
      payload_.push_back(static_cast<char>(state));
      payload_ += parts.after.value_or("");
      return add(key, "");
    }
    const size_t size = payload_.size();
    if (parts.before) {
      put_fixed(payload_, int64_t{-1});
      RETURN_IF_ERROR(add(key, *parts.before));
    }
    payload_.resize(size);
    if (!parts.after) return {};
    put_fixed(payload_, int64_t{1});
    return add(key, *parts.after);
  }

  // Equal bytes say something else by another schema.
  bool is_of_another_form(Timestamp time) const {
    return sources_.changed_over && sources_.changed_over->other_form &&
           time < sources_.changed_over->time &&
           config_.def.value_format.kind != defs::SinkFormatKind::kJson;
  }

  Status add(std::string_view key, std::string_view content) {
    if (by_state_) return sort_.add(key, payload_);
    sort_key_.clear();
    put_big_endian(sort_key_, key.size());
    sort_key_.append(key).append(content);
    return sort_.add(sort_key_, payload_);
  }

  // Of a group: what the topic leads to, and what the collection has.
  struct Group {
    std::string key;
    State in_topic = State::kAbsent;
    std::string state;  // The row that the last message left there.
    uint64_t last_partition = 0;
    Timestamp last_time;
    int64_t count = 0;  // By count: of messages; and the least at the end of a time.
    int64_t least = 0;
    int64_t rows = 0;
    std::string row;
    uint64_t row_partition = 0;
    std::string row_headers;
    std::string row_refusal;
  };

  Status walk() {
    std::optional<Group> group;
    while (true) {
      RETURN_IF_ERROR(may_go_on());
      ASSIGN_OR_RETURN(const bool more, sort_.next());
      if (group && (!more || sort_.key() != group->key)) {
        RETURN_IF_ERROR(by_state_ ? end_state(*group) : end_count(*group));
        group.reset();
      }
      if (!more) return {};
      if (!group) {
        group.emplace();
        group->key = sort_.key();
      }
      see(sort_.payload(), *group);
    }
  }

  void see(std::string_view payload, Group& group) const {
    ByteReader reader(payload.substr(1));
    if (payload.front() == kRow) {
      const auto partition = reader.fixed<uint64_t>();
      group.rows += reader.fixed<int64_t>();
      const std::string_view headers = reader.string();
      const std::string_view refusal = reader.string();
      const std::string_view content = reader.rest();
      // Of several rows of a key no state is right; the greatest is the same in every run.
      if (group.row.empty() || content > group.row) {
        group.row = content;
        group.row_partition = partition;
        group.row_headers = headers;
        group.row_refusal = refusal;
      }
      return;
    }
    const Timestamp time{big_endian(reader)};
    group.last_partition = big_endian(reader);
    (void)big_endian(reader);
    if (by_state_) {
      group.in_topic = static_cast<State>(reader.fixed<char>());
      group.state = reader.rest();
      return;
    }
    // Within a time a row may come before it goes.
    if (time != group.last_time) group.least = std::min(group.least, group.count);
    group.last_time = time;
    group.count += reader.fixed<int64_t>();
  }

  Status end_state(const Group& group) {
    const bool here = group.rows > 0;
    const bool row_there = group.in_topic == State::kThere;
    if (group.in_topic != State::kUnknown && here == row_there &&
        (!here || group.row == group.state)) {
      return {};
    }
    // UPSERT deletes whatever is there; what stood before cannot be said of what was not read.
    if (row_there || (group.in_topic == State::kUnknown && !here && is_upsert_)) {
      RETURN_IF_ERROR(take_({group.key, group.state, group.state, {}, group.last_partition, -1}));
    }
    if (!here) return {};
    return take_({group.key, group.row, group.row, group.row_headers, group.row_partition, 1,
                  group.row_refusal});
  }

  Status end_count(const Group& group) {
    ByteReader reader(group.key);
    const auto key_bytes = static_cast<size_t>(big_endian(reader));
    const std::string_view rest = reader.rest();
    const std::string_view content = rest.substr(key_bytes);
    // What was taken away had been there, though its message may be deleted.
    const int64_t there = group.count - std::min(group.least, group.count);
    const int64_t diff = group.rows - there;
    if (diff == 0) return {};
    const uint64_t partition = diff > 0 ? group.row_partition : group.last_partition;
    const std::string_view key = config_.def.key ? rest.substr(0, key_bytes) : content;
    const std::string none;
    const bool inserts = diff > 0;
    return take_({key, content, content, inserts ? group.row_headers : none, partition, diff,
                  inserts ? group.row_refusal : none});
  }

  const SinkConfig& config_;
  ChangeEncoder& encoder_;
  MessageSplitter splitter_;
  const Timestamp time_;
  const DifferenceSources& sources_;
  const std::function<Status(const TopicChange&)>& take_;
  const bool by_state_;
  const bool is_upsert_;
  SpilledSort sort_;
  std::string key_;
  std::string content_;
  std::string headers_;
  std::string address_;
  std::string payload_;
  std::string sort_key_;
};

}  // namespace

Status check_comparable(const SinkConfig& config, bool is_compacted,
                        const std::optional<Changeover>& changed_over) {
  const bool is_upsert = config.def.envelope == defs::SinkEnvelope::kUpsert;
  const bool is_avro = config.def.value_format.kind == defs::SinkFormatKind::kAvro;
  if (changed_over && changed_over->other_form && is_avro && !is_upsert) {
    return fail(sql_state::kFeatureNotSupported,
                "what the sink sent before it read another relation cannot be told in FORMAT AVRO "
                "of another envelope than UPSERT: it had other columns");
  }
  if (is_compacted && !has_states(config, ChangeEncoder(config))) {
    return fail(sql_state::kFeatureNotSupported,
                "topic \"" + config.def.topic +
                    "\" is compacted and the sink's key is not unique, so rows of it are gone");
  }
  return {};
}

Status find_difference(const SinkConfig& config, ChangeEncoder& encoder, Timestamp time,
                       const DifferenceSources& sources,
                       const std::function<Status(const TopicChange&)>& take) {
  return Difference(config, encoder, time, sources, take).run();
}

}  // namespace penstock::sinks
