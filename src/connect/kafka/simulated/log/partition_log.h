// The log of one partition, replicated at once and without loss: the clients' batches with their
// offsets, transactions' markers between them, and what follows from these.
//
// The high watermark is the end. The last stable offset is where the first open transaction begins.
// Views of the bytes are valid until the next append. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/simulated/log/producer_state.h"

namespace penstock::connect::kafka {

enum class LogIsolation : int8_t { kReadUncommitted = 0, kReadCommitted = 1 };

class PartitionLog {
 public:
  // Of an aborted transaction: what Fetch tells of it.
  struct Aborted {
    int64_t producer_id;
    int64_t first_offset;
    int64_t marker_offset;
    int64_t stable_offset;  // The last stable offset once the marker was there.
  };
  struct EpochStart {
    int32_t epoch;
    int64_t offset;
  };
  struct EpochEnd {
    int32_t epoch = -1;
    int64_t offset = -1;
  };
  struct ReadLimits {
    int64_t max_bytes;
    bool at_least_one;  // Then the first batch comes whole, whatever its size.
  };

  // Returns the offset of the first record. REQUIRES: producers().check() found nothing.
  int64_t append(std::string_view bytes, const StoredBatch& batch, int32_t leader_epoch);
  // See ProducerStates::verified().
  void verified(const StoredBatch& batch) { producers_.verified(batch); }
  // False if a newer epoch of the producer has been here: then nothing is written.
  bool append_marker(const TransactionMarker& marker, int32_t leader_epoch);
  // Records before it are gone. REQUIRES: at most the end.
  void delete_before(int64_t offset);

  // As after an unclean election: what is behind the offset, which begins a batch, is lost, and
  // nothing is known of producers. REQUIRES: no transaction is open.
  void lose_from(int64_t offset);

  int64_t start_offset() const { return start_offset_; }
  int64_t end_offset() const { return end_offset_; }
  int64_t last_stable_offset() const;
  int64_t end_of(LogIsolation isolation) const;
  const ProducerStates& producers() const { return producers_; }

  // From the batch that holds the offset on. The last batch may be cut off, as brokers do.
  std::string_view read(int64_t offset, LogIsolation isolation, ReadLimits limits) const;
  // How many bytes there are to read, cheaply.
  int64_t readable_bytes(int64_t offset, LogIsolation isolation) const;
  // The aborted transactions that a reader of these offsets has to know of.
  std::vector<Aborted> aborted_in(int64_t first_offset, int64_t end_offset) const;

  // KIP-101, KIP-279: the greatest leader epoch up to this one, and where it ends.
  EpochEnd end_of_epoch(int32_t epoch) const;
  int32_t epoch_at(int64_t offset) const;
  // The bytes of the first batch that has a record of this time or later.
  std::string_view first_batch_since(int64_t timestamp_ms) const;
  // None: there are no records.
  std::optional<int64_t> greatest_timestamp_ms() const;

  // All of it, deleted records included.
  std::string_view bytes() const { return bytes_; }

 private:
  struct Entry {
    int64_t base_offset;
    int64_t max_timestamp_ms;
    size_t position;
  };

  int64_t store(std::string_view bytes, const StoredBatch& batch, int32_t leader_epoch);
  // Index in entries_ of the batch that holds the offset. REQUIRES: it is below the end.
  size_t entry_of(int64_t offset) const;
  size_t end_position(size_t entry) const;
  // Where in bytes_ the records below an offset that begins a batch, or is the end, stop.
  size_t position_of(int64_t offset) const;

  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<Aborted> aborted_;  // Ascending by marker.
  std::vector<EpochStart> epochs_;
  ProducerStates producers_;
  int64_t start_offset_ = 0;
  int64_t end_offset_ = 0;
};

}  // namespace penstock::connect::kafka
