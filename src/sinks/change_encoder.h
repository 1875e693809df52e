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

// One owner thread.
class ChangeEncoder {
 public:
  explicit ChangeEncoder(const SinkConfig& config);

  // What rows are grouped by: the encoded KEY, else the relation's natural key, else the whole row.
  void append_group_key(const data::DeltaBatch& batch, size_t row, std::string& out) const;
  // Whether more than one change of a group in a tick is a violation of a key.
  bool has_group_key() const { return group_ != nullptr; }
  // Whether the encoded key is proven, so that a violation means that something is wrong. A key
  // with floats is not, though it be unique: what JSON cannot say of them is null.
  bool key_is_proven() const { return key_is_proven_; }

  void append_row(const data::DeltaBatch& batch, size_t row, std::string& out) const {
    value_->append_row(batch, row, out);
  }
  bool is_upsert() const { return envelope_ == defs::SinkEnvelope::kUpsert; }
  format::ChangeFrame frame() const { return frame_; }

  // PARTITION BY of every row, 0 where it is NULL or fails; empty without PARTITION BY.
  std::vector<uint64_t> partition_values(const data::DeltaBatch& batch);
  uint64_t partition_errors() const { return partition_errors_; }  // So far.

  // The message's key and hash. `partition_value`: of the row after, else before.
  void address(std::string_view group_key, std::optional<uint64_t> partition_value,
               SinkMessage& message) const;

 private:
  const defs::SinkEnvelope envelope_;
  bool key_is_proven_ = false;
  bool sends_key_ = false;
  std::unique_ptr<format::RowEncoder> group_;
  std::unique_ptr<format::RowEncoder> value_;
  format::ChangeFrame frame_;
  std::optional<expr::Evaluator> partition_by_;
  uint64_t partition_errors_ = 0;
};

}  // namespace penstock::sinks
