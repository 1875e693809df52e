// Rows of the sunk relation to keys, values and partition hashes of messages.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expr/evaluator.h"
#include "format/change_fields.h"
#include "format/message_encoder.h"
#include "sinks/message_headers.h"
#include "sinks/pairing.h"
#include "sinks/refusal.h"
#include "sinks/sink_config.h"

namespace penstock::sinks {

// One message, or several that are equal.
struct SinkMessage {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // None = tombstone.
  std::string_view headers;               // A block of message_headers.h.
  // So much of the value's beginning is the same in every run; what follows names things that may
  // be renamed.
  size_t steady_bytes = 0;
  uint64_t partition_hash = 0;  // Modulo the number of partitions.
  uint64_t copies = 1;
  // Why it cannot be sent; null if it can, and where a refusal stalls the sink.
  std::shared_ptr<const Refusal> refusal = {};
};

// What stands in front of each key and value, and behind: a registry's header, a schema, or
// nothing.
struct MessageHeads {
  std::string key = {};
  std::string value = {};
  std::string key_tail = {};
  std::string value_tail = {};
};

// What one message, or its equal copies, says of a pair. Handles as there.
struct Change {
  std::optional<size_t> before;
  std::optional<size_t> after;
  bool is_tombstone = false;

  // Whose partition and headers it has.
  size_t addressed() const { return after ? *after : *before; }
};

struct ChangeStamp {
  Timestamp time;
  bool in_snapshot = false;
};

// One owner thread.
class ChangeEncoder {
 public:
  explicit ChangeEncoder(const SinkConfig& config);

  // Known once the schemas are published. Before the first message.
  void set_heads(MessageHeads heads) { heads_ = std::move(heads); }
  const MessageHeads& heads() const { return heads_; }

  // What rows are grouped by: the encoded KEY, else the relation's natural key, else the whole row;
  // without its head.
  void append_group_key(const data::DeltaBatch& batch, size_t row, std::string& out);
  // Whether more than one change of a group in a tick is a violation of a key.
  bool has_group_key() const {
    return group_ && (key_is_proven_ || envelope_ != defs::SinkEnvelope::kAppend);
  }
  // Whether the encoded key is proven, so that a violation means that something is wrong. A key
  // is not, though it be unique, if values that differ are encoded alike.
  bool key_is_proven() const { return key_is_proven_; }

  // A row as a part of a value.
  void append_row(const data::DeltaBatch& batch, size_t row, std::string& out);
  // A row's headers as a block; nothing without HEADERS.
  void append_headers(const data::DeltaBatch& batch, size_t row, std::string& out);
  // Whether the sink goes on without messages that are refused. A key that cannot be encoded is
  // then the row itself, behind a mark, to group by.
  bool passes_refused() const { return policy_ != defs::RefusedMessages::kStall; }
  // Of what was appended last, each since the last call: only what append_...() refused counts.
  RowRefusal take_row_refusal();
  // Adds the row's text where a letter may need it; `bytes`: of its key and value.
  void add_text(const data::DeltaBatch& batch, size_t row, size_t bytes, RowRefusal& refusal);
  // Why the insertion of a row whose key and row were just appended cannot be sent; "" if it can.
  std::string refusal_as_insertion(std::string_view key, std::string_view row);
  // judge() of a message whose rows are at hand: `row_of(handle)` is their batch and row.
  template <typename RowOf>
  void judge_rows(const Change& change, bool key_may_be_refused, RowOf row_of,
                  SinkMessage& message) {
    message.refusal.reset();
    if (!refusal_ && !key_may_be_refused && bytes_of(message) <= message_bytes_max_) return;
    (void)take_refusal();
    const auto refusal_of_row = [&](size_t handle) {
      const TickRow at = row_of(handle);
      return refusal_of(*at.batch, at.row);
    };
    judge(change, refusal_of_row, message);
  }
  // Marks a message that is complete, if it cannot be sent. `row_refusal(handle)`: of a row that it
  // is made of, with its text.
  template <typename RowRefusals>
  void judge(const Change& change, RowRefusals row_refusal, SinkMessage& message) const {
    message.refusal.reset();
    const RowRefusal addressed = row_refusal(change.addressed());
    std::string error = addressed.key;
    if (message.value) {
      if (error.empty()) error = addressed.header;
      for (const std::optional<size_t>& handle : {change.before, change.after}) {
        const bool is_part = handle && (handle == change.after || has_befores());
        if (is_part && error.empty()) error = row_refusal(*handle).value;
      }
    } else if (!addressed.header.empty()) {
      message.headers = {};  // That the row is gone is told all the same.
    }
    const uint64_t bytes = bytes_of(message);
    if (error.empty() && bytes <= message_bytes_max_) return;
    auto refusal = std::make_shared<Refusal>();
    refusal->is_too_large = error.empty();
    refusal->bytes = bytes;
    refusal->error = error.empty() ? too_large(bytes) : std::move(error);
    refusal->had_before = change.before.has_value();
    refusal->had_after = change.after.has_value();
    if (change.before) refusal->before = row_refusal(*change.before).text;
    if (change.after) refusal->after = row_refusal(*change.after).text;
    if (!addressed.key.empty()) message.key.reset();
    if (!addressed.header.empty()) message.headers = {};
    message.refusal = std::move(refusal);
  }

  // The first key, row or header since the last call that the format has no room for, in words.
  // What was appended for it must not be sent.
  std::optional<std::string> take_refusal();

  // The messages of a pair, in their order. Lives until the next call.
  std::span<const Change> changes_of(const Pair& pair);

  // A change: its value into `buffer`, which must be empty and outlive the message's use.
  // `append(handle, out)` appends a row, as append_row() does.
  template <typename Append>
  void write_value(const Change& change, const ChangeStamp& stamp, Append append,
                   std::string& buffer, SinkMessage& message) {
    message.value.reset();
    message.steady_bytes = 0;
    if (change.is_tombstone || (is_upsert() && !change.after)) return;
    buffer += heads_.value;
    if (envelope_ == defs::SinkEnvelope::kDebezium) {
      buffer += change.before ? frame_.before_present : frame_.before_absent;
      if (change.before) append(*change.before, buffer);
      buffer += change.after ? frame_.after_present : frame_.after_absent;
      if (change.after) append(*change.after, buffer);
      message.steady_bytes = buffer.size();
      if (fields_.any()) append_fields(change, stamp, buffer);
      buffer += frame_.close;
    } else {
      append(change.addressed(), buffer);
      if (!is_upsert()) append_tail(change.after ? inserted_ : deleted_, buffer);
    }
    buffer += heads_.value_tail;
    if (!fields_.any()) message.steady_bytes = buffer.size();
    message.value = buffer;
  }

  // The row within a value of APPEND, and whether it was inserted; none if it is no such value.
  struct AppendedRow {
    std::string row;
    bool inserted = false;
  };
  std::optional<AppendedRow> take_apart(std::string_view appended) const;

  // PARTITION BY of every row, 0 where it is NULL or fails; empty without PARTITION BY.
  std::vector<uint64_t> partition_values(const data::DeltaBatch& batch);
  uint64_t partition_errors() const { return partition_errors_; }  // So far.
  // Those that another encoder met on behalf of this one.
  void add_partition_errors(uint64_t count) { partition_errors_ += count; }

  // The message's key and hash. `partition_value`: of the row after, else before. `buffer` may hold
  // the key, and must outlive its use; so must `group_key`. The messages of one group may share it.
  void address(std::string_view group_key, std::optional<uint64_t> partition_value,
               std::string& buffer, SinkMessage& message) const;

 private:
  bool is_upsert() const { return envelope_ == defs::SinkEnvelope::kUpsert; }
  // Whether a value may hold the row before.
  bool has_befores() const { return !is_upsert(); }
  static uint64_t bytes_of(const SinkMessage& message) {
    return (message.key ? message.key->size() : 0) + (message.value ? message.value->size() : 0);
  }
  RowRefusal refusal_of(const data::DeltaBatch& batch, size_t row);
  std::string too_large(uint64_t bytes) const;
  void refuse(std::string RowRefusal::* part, const char* what, const std::string& reason);
  static void append_tail(const format::RowTail& tail, std::string& out);
  void append_fields(const Change& change, const ChangeStamp& stamp, std::string& out);

  const defs::SinkEnvelope envelope_;
  const bool leaves_tombstones_;
  const defs::SinkFormatKind value_format_;
  const defs::SinkChangeFields fields_;
  const format::ChangeOrigin origin_;
  bool key_is_proven_ = false;
  bool sends_key_ = false;
  std::unique_ptr<format::RowEncoder> group_;
  std::unique_ptr<format::RowEncoder> value_;
  std::optional<HeaderEncoder> headers_;
  format::ChangeFrame frame_;
  format::RowTail inserted_;  // Of APPEND.
  format::RowTail deleted_;
  // What append_fields() wrote last, by what happened.
  struct WrittenFields {
    Timestamp time;
    std::string text;
  };
  std::array<WrittenFields, 4> written_;
  std::array<Change, 2> changes_;
  MessageHeads heads_;
  const defs::RefusedMessages policy_;
  const size_t message_bytes_max_;
  const size_t letter_row_bytes_;
  std::unique_ptr<format::RowEncoder> texts_;  // Of letters.
  std::optional<std::string> refusal_;
  RowRefusal row_refusal_;
  std::optional<expr::Evaluator> partition_by_;
  uint64_t partition_errors_ = 0;
};

}  // namespace penstock::sinks
