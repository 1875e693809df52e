// What leads from the messages of a sink's topic to the rows of its collection at one time:
// insertions of what the topic lacks, deletions of what it has too much.
//
// Reads the collection, then the topic from its beginning to what is its end, and compares them by
// key, or by key and row where a key may have several; sorts both on disk (spilled_sort.h), where
// they take as much room as they have bytes. Messages stamped at `time` or later are passed over,
// so that a difference that was sent half already is found again, the same. What is compared is
// keys and rows without what stands around them, a registry's head or a schema. Messages that are
// none of the sink's count for nothing; where the last of a key cannot be taken apart, or is one of
// another form than the sink writes now, the key's row is sent again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/stop_token.h"
#include "connect/kafka/kafka_client.h"
#include "data/update_stream.h"
#include "sinks/change_encoder.h"
#include "sinks/progress.h"
#include "sinks/sink_config.h"

namespace penstock::sinks {

// Whether messages of this sink can be compared; of a topic that is compacted, or not. Error 0A000.
Status check_comparable(const SinkConfig& config, bool is_compacted,
                        const std::optional<Changeover>& changed_over);

// Views live until `take` returns.
struct TopicChange {
  std::string_view key;      // As ChangeEncoder groups by it; the content without KEY.
  std::string_view content;  // Of the row: equal rows, equal bytes.
  std::string_view row;      // The row as a part of a value.
  std::string_view headers;  // Of an insertion, a block of message_headers.h.
  uint64_t partition = 0;    // Modulo the number of partitions.
  int64_t diff = 0;
  std::string_view refusal = {};  // Of an insertion, RowRefusal::encode().
};

struct DifferenceSources {
  data::UpdateStream& stream;
  connect::KafkaClient& kafka;
  const StopToken& stop;
  std::optional<Changeover> changed_over = {};  // The sink's.
};

// Gives the changes to `take`, the same in every run. Errors: check_comparable(); 55000 when the
// topic is not there; 58000 of brokers; 57014 after a stop; those of `take` and of the disk.
Status find_difference(const SinkConfig& config, ChangeEncoder& encoder, Timestamp time,
                       const DifferenceSources& sources,
                       const std::function<Status(const TopicChange&)>& take);

}  // namespace penstock::sinks
