// Compares the messages of a sink's topic with the rows of its collection at one time
// (docs/design/0003): what the messages lead to, by key, and whether each follows from those before
// it.
//
// Takes rows in any order, and messages in any order that is that of their offsets within a
// partition. Sorts both on disk (spilled_sort.h); what is kept in memory is that sort's, the
// findings, and one value. One owner thread. Life: add_...(), then finish().
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stop_token.h"
#include "connect/kafka/topic_reader.h"
#include "sinks/audit_entry.h"
#include "sinks/audit_report.h"
#include "sinks/change_encoder.h"
#include "sinks/message_parts.h"
#include "sinks/sink_config.h"
#include "sinks/spilled_sort.h"

namespace penstock::sinks {

struct AuditScope {
  Timestamp time;  // Messages stamped later are passed over.
  // The topic has all that the sink ever sent, a snapshot first. Otherwise a key without a message
  // is not judged, and the state before the first message of another is whatever that says it is.
  bool is_whole = true;
  // Messages may be gone that others of their key came after.
  bool is_compacted = false;
  // Messages stamped before it are of another relation, and passed over; not whole then.
  std::optional<Timestamp> since = {};
};

// Error 0A000: messages of this sink cannot be compared.
Status check_auditable(const SinkConfig& config, const AuditScope& scope);

class AuditComparison {
 public:
  // REQUIRES: check_auditable().
  AuditComparison(const SinkConfig& config, const AuditScope& scope, const StopToken& stop);

  // Errors of all three: of the disk that is sorted on; 57014 after a stop.
  Status add_rows(const data::DeltaBatch& rows);
  Status add_message(const connect::IncomingMessage& message);
  Result<AuditReport> finish();

 private:
  class Judge;
  class StateJudge;
  class CountJudge;

  Status add_entry(std::string_view key, const AuditSample& row, const std::string& payload);
  Status add_change(const connect::IncomingMessage& message, const MessageParts& parts,
                    AuditMessage entry);
  // A finding about a message for itself, whatever its key leads to.
  void tell(AuditProblem problem, const connect::IncomingMessage& message,
            std::optional<std::string_view> key, std::optional<Timestamp> time);
  Status walk(Judge& judge);

  const SinkConfig& config_;
  const AuditScope scope_;
  const StopToken& stop_;
  ChangeEncoder encoder_;
  MessageSplitter splitter_;
  // By key alone if a key has one row, else by key and row.
  const bool by_state_;
  SpilledSort sort_;
  std::map<int32_t, Timestamp> last_times_;  // By partition.
  std::string key_;
  std::string value_;
  std::string sort_key_;
  AuditReport report_;
};

}  // namespace penstock::sinks
