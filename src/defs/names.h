// Names that outlive a process: what clients, consumers and brokers see of our objects.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "defs/connection_def.h"
#include "defs/sink_def.h"

namespace penstock::defs {

// "u12"; system objects, below kFirstUserId, are "s12".
inline constexpr uint64_t kFirstUserId = 100000;
std::string object_id_text(ObjectId id);

// "_materialize-progress-{environment}-{connection}"
std::string default_progress_topic(const std::string& environment_id, ObjectId connection);
// The topic that the sinks over a connection record their progress in: its own, or the default.
std::string progress_topic(const KafkaConnectionDef& connection, const std::string& environment_id,
                           ObjectId connection_id);
// "materialize-{environment}-{connection}-{object}": client id, and with the user's prefix in front
// transactional id and group id.
std::string client_identity(const std::string& environment_id, ObjectId connection,
                            ObjectId object);
std::string transactional_id(const SinkDef& sink, const std::string& environment_id,
                             ObjectId sink_id);
// What its progress records call a sink: "u7", unless it was taken over under another id.
std::string progress_id(const SinkDef& sink, ObjectId sink_id);
// Keys of a sink's two progress records.
std::string progress_key(std::string_view progress_id);           // "mz-sink-u7"
std::string penstock_progress_key(std::string_view progress_id);  // "penstock-sink-u7"

}  // namespace penstock::defs
