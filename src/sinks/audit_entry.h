// What an audit sorts: an entry for each message of the topic and each row of the collection,
// grouped by a key; in a group messages by time, partition and offset, then rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.h"

namespace penstock::sinks {

// A key, a row or a value: enough to compare it with another, and to show it.
struct AuditSample {
  uint64_t hash = 0;
  uint64_t size = 0;
  std::string head;  // At most kHeadBytes.

  static constexpr size_t kHeadBytes = 512;
  static AuditSample of(std::string_view bytes);
  // As text where it is some; else, and if it is never text, in hexadecimal: \x....
  std::string shown(bool may_be_text = true) const;
  friend bool operator==(const AuditSample&, const AuditSample&) = default;
};

struct AuditMessage {
  Timestamp time;
  int32_t partition = 0;
  int64_t offset = 0;
  std::optional<AuditSample> before;  // DEBEZIUM's.
  std::optional<AuditSample> after;
  // Its value is not of the sink's format: `after` has all of its bytes.
  bool is_malformed = false;
};

struct AuditRow {
  int64_t copies = 0;
  AuditSample row;
  std::string refusal = {};  // Why it has no message, if it cannot have one.
};

// Payloads for SpilledSort: their byte order is the order within a group.
std::string encode_audit_message(const AuditMessage& message);
std::string encode_audit_row(const AuditRow& row);
// Which of the two a payload is.
bool is_audit_message(std::string_view payload);
AuditMessage decode_audit_message(std::string_view payload);
AuditRow decode_audit_row(std::string_view payload);

}  // namespace penstock::sinks
