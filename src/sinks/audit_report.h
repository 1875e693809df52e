// What an audit of a sink's topic found. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"

namespace penstock::sinks {

enum class AuditProblem {
  kMissing,     // The collection has a row that the topic does not lead to.
  kExtra,       // The topic leads to a row that the collection does not have.
  kDiffers,     // The topic leads to another row of the key.
  kDuplicate,   // A second message of a unique key and a time.
  kGap,         // A message takes away what no message before it left there.
  kOutOfOrder,  // A message is older than one before it in its partition.
  kForeign,     // A message that is none of the sink's.
  kMalformed,   // A message of the sink's whose key or value is nothing that it writes.
  kNotUnique,   // The collection has more than one row of a key of UPSERT: no state is right.
  kRefused,     // The collection has a row whose message cannot be sent, and the sink goes on.
};
inline constexpr size_t kNumAuditProblems = static_cast<size_t>(AuditProblem::kRefused) + 1;

// "missing", "out of order".
std::string_view audit_problem_name(AuditProblem problem);

// Keys and rows are text as the messages have it, cut off when long; bytes that are no text are in
// hexadecimal, \x....
struct AuditFinding {
  AuditProblem problem = AuditProblem::kMissing;
  std::optional<std::string> key;
  std::optional<int32_t> partition;  // Of the message that shows it, with offset and time.
  std::optional<int64_t> offset;
  std::optional<Timestamp> time;
  std::optional<std::string> expected;  // None: no row.
  std::optional<std::string> found;
  uint64_t copies = 1;  // Of the row.
};

inline constexpr size_t kMostAuditFindings = 1'000;

struct AuditReport {
  Timestamp time;  // Of the collection it was compared with.
  int32_t partitions = 0;
  uint64_t messages = 0;          // Stamped at or before it.
  uint64_t later_messages = 0;    // Read, and passed over;
  uint64_t earlier_messages = 0;  // so were those from before AuditScope::since.
  uint64_t rows = 0;              // Of the collection.
  // Rows without a message that may never have had one: see AuditScope.
  uint64_t unjudged_rows = 0;
  bool is_whole = true;            // AuditScope's,
  std::optional<Timestamp> since;  // and so is this.
  std::array<uint64_t, kNumAuditProblems> counts{};
  std::vector<AuditFinding> findings;  // The first kMostAuditFindings.

  uint64_t count(AuditProblem problem) const { return counts[static_cast<size_t>(problem)]; }
  uint64_t problems() const;
  void add(AuditFinding finding);
};

}  // namespace penstock::sinks
