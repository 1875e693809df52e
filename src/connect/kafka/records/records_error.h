// What is wrong with record batches that were received. Callers branch on the fault; the text is
// for people.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace penstock::connect::kafka {

enum class RecordsFault {
  kCorrupt,      // The bytes contradict themselves or their checksum. Another fetch may help.
  kUnsupported,  // A format that is not known here. It will stay so.
  kTooLarge,     // Decompressed, it is larger than allowed.
};

struct RecordsError {
  RecordsFault fault;
  std::string message;  // Lower case, no full stop.
};

template <typename T>
using RecordsResult = std::expected<T, RecordsError>;
using RecordsStatus = RecordsResult<void>;

inline std::unexpected<RecordsError> records_fail(RecordsFault fault, std::string message) {
  return std::unexpected<RecordsError>(RecordsError{fault, std::move(message)});
}

}  // namespace penstock::connect::kafka
