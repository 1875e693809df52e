// A record batch as a broker looks at it: the fields of its header, which are all that it needs to
// store it, and the batch that a transaction's marker is. See records/batch_layout.h. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "connect/kafka/protocol/error_code.h"

namespace penstock::connect::kafka {

struct ProducerIdAndEpoch {
  int64_t id = -1;
  int16_t epoch = -1;

  bool operator==(const ProducerIdAndEpoch&) const = default;
};

struct StoredBatch {
  int64_t base_offset = 0;
  int32_t last_delta = 0;
  int64_t max_timestamp_ms = -1;
  ProducerIdAndEpoch producer;
  int32_t base_sequence = -1;
  bool transactional = false;
  bool control = false;

  int32_t last_sequence() const {
    return static_cast<int32_t>((int64_t{base_sequence} + last_delta) & 0x7fffffff);
  }
};

// The one batch in the records of a Produce request for one partition; what is behind it and is no
// whole batch is left out. Errors as a broker answers them: CORRUPT_MESSAGE where no batch can
// begin, which spoils the whole request; INVALID_RECORD for no whole batch, more than one, or an
// older magic.
std::expected<std::string_view, ErrorCode> find_produced_batch(std::string_view records);
// CORRUPT_MESSAGE for a wrong length or checksum, INVALID_RECORD for a header that contradicts
// itself.
std::expected<StoredBatch, ErrorCode> read_produced_batch(std::string_view batch);

// What follows the checksum is the client's; these two fields the leader fills in.
void set_place(char* batch, int64_t base_offset, int32_t leader_epoch);

struct TransactionMarker {
  ProducerIdAndEpoch producer;
  bool commit = false;
  int32_t coordinator_epoch = 0;
  int64_t timestamp_ms = 0;
};
// A control batch of one record.
std::string marker_batch(const TransactionMarker& marker);

}  // namespace penstock::connect::kafka
