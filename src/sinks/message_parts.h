// A sink's message taken apart again: key and rows without what stands around them, a registry's
// head or a schema that JSON carries. Nothing is guessed: what is not byte for byte what the sink's
// formats and envelope write, of the columns that it has now, is told as such.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connect/kafka/topic_reader.h"
#include "format/avro/avro_encoder.h"
#include "sinks/change_encoder.h"
#include "sinks/sink_config.h"

namespace penstock::sinks {

struct MessageParts {
  enum class Kind : uint8_t {
    kRows,       // `before` and `after`; of UPSERT never `before`, and neither is a tombstone.
    kTombstone,  // What DEBEZIUM with TOMBSTONES sends behind a deletion, which has said it all.
    kForeign,    // With a key or without a value, against the sink's definition; or the other way.
    kMalformed,  // The key or the value is nothing that the sink's formats write.
  };
  Kind kind = Kind::kForeign;
  // Without its head, as ChangeEncoder::append_group_key() writes it. None without KEY, or if the
  // key is what is malformed.
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> before = {};
  std::optional<std::string_view> after = {};
};

// One owner thread.
class MessageSplitter {
 public:
  // REQUIRES: both outlive it; a format of a registry has its head's form in the config.
  MessageSplitter(const SinkConfig& config, const ChangeEncoder& encoder);

  // Views into the message or the splitter, until the next call.
  MessageParts split(const connect::IncomingMessage& message);

 private:
  // What is within, if that is what it looks like.
  std::optional<std::string_view> take_out(const defs::SinkFormat& format,
                                           const std::optional<connect::HeadForm>& head,
                                           std::string_view wrapped) const;
  bool split_value(std::string_view value, MessageParts& parts);

  const SinkConfig& config_;
  const ChangeEncoder& encoder_;
  std::optional<format::AvroEncoder> key_rows_;  // Of Avro only, both.
  std::optional<format::AvroEncoder> value_rows_;
  std::string appended_;
};

}  // namespace penstock::sinks
