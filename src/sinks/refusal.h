// Messages that cannot be sent as they are, because the format has no room for a row or because
// they are too large: why, and the letter that says so in the dead letter topic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.h"
#include "sinks/sink_config.h"

namespace penstock::sinks {

// A row as JSON: as much of it as a letter has room for.
struct RowText {
  std::string json;
  uint64_t bytes = 0;  // Of all of it.
};

// What keeps one message from being sent.
struct Refusal {
  bool is_too_large = false;  // Else a part of it cannot be encoded.
  std::string error;
  uint64_t bytes = 0;  // Of key and value, where it is too large.
  bool had_before = false;
  bool had_after = false;
  std::optional<RowText> before;  // Of letters only.
  std::optional<RowText> after;
};

// What is known of a row before it is known which messages it is part of. Empty: nothing keeps it
// from being sent.
struct RowRefusal {
  std::string key;  // Why it cannot be encoded; "" = it can.
  std::string header;
  std::string value;
  std::optional<RowText> text;

  bool empty() const { return key.empty() && header.empty() && value.empty() && !text; }
  // Bytes that may lie on disk meanwhile; none of an empty one.
  std::string encode() const;
  static RowRefusal decode(std::string_view bytes);
};

// Limits of letters: the largest, and how much of a row's JSON one has room for.
size_t letter_bytes_most(const SinkConfig& config);
size_t letter_row_bytes(const SinkConfig& config);

struct Letter {
  std::string value;    // A JSON object.
  bool has_key = true;  // There is room for the message's key.
};
// REQUIRES: a message of `copies` equal ones, stamped `time`.
Letter write_letter(const SinkConfig& config, const Refusal& refusal,
                    std::optional<std::string_view> key, uint64_t copies, Timestamp time);

}  // namespace penstock::sinks
