// Rows of the sunk relation to keys, values and partition hashes of messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/evaluator.h"
#include "format/message_encoder.h"
#include "sinks/sink_config.h"

namespace penstock::sinks {

// One message, or several that are equal.
struct SinkMessage {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // None = tombstone.
  uint64_t partition_hash = 0;            // Modulo the number of partitions.
  uint64_t copies = 1;
};

// What stands in front of each key and value: a registry's header, or nothing.
struct MessageHeads {
  std::string key;
  std::string value;
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
  bool has_group_key() const { return group_ != nullptr; }
  // Whether the encoded key is proven, so that a violation means that something is wrong. A key
  // is not, though it be unique, if values that differ are encoded alike.
  bool key_is_proven() const { return key_is_proven_; }

  // A row as a part of a value.
  void append_row(const data::DeltaBatch& batch, size_t row, std::string& out);
  // The first key or row since the last call that the format has no room for, in words. What was
  // appended for it must not be sent.
  std::optional<std::string> take_refusal();

  // A change of rows that have handles: its value into `buffer`, which must be empty and outlive
  // the message's use. `append(handle, out)` appends a row, as append_row() does.
  template <typename Append>
  void write_value(const std::optional<size_t>& before, const std::optional<size_t>& after,
                   Append append, std::string& buffer, SinkMessage& message) const {
    message.value.reset();
    if (is_upsert() && !after) return;
    buffer += heads_.value;
    if (is_upsert()) {
      append(*after, buffer);
    } else {
      buffer += before ? frame_.before_present : frame_.before_absent;
      if (before) append(*before, buffer);
      buffer += after ? frame_.after_present : frame_.after_absent;
      if (after) append(*after, buffer);
      buffer += frame_.close;
    }
    message.value = buffer;
  }

  // PARTITION BY of every row, 0 where it is NULL or fails; empty without PARTITION BY.
  std::vector<uint64_t> partition_values(const data::DeltaBatch& batch);
  uint64_t partition_errors() const { return partition_errors_; }  // So far.

  // The message's key and hash. `partition_value`: of the row after, else before. `buffer` may hold
  // the key, and must outlive its use; so must `group_key`. The messages of one group may share it.
  void address(std::string_view group_key, std::optional<uint64_t> partition_value,
               std::string& buffer, SinkMessage& message) const;

 private:
  bool is_upsert() const { return envelope_ == defs::SinkEnvelope::kUpsert; }
  void refuse(const char* what, const format::RowEncoder& encoder, const data::DeltaBatch& batch,
              size_t row);

  const defs::SinkEnvelope envelope_;
  bool key_is_proven_ = false;
  bool sends_key_ = false;
  std::unique_ptr<format::RowEncoder> group_;
  std::unique_ptr<format::RowEncoder> value_;
  format::ChangeFrame frame_;
  MessageHeads heads_;
  std::optional<std::string> refusal_;
  std::optional<expr::Evaluator> partition_by_;
  uint64_t partition_errors_ = 0;
};

}  // namespace penstock::sinks
