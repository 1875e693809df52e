// Builds the names that outlive a process.
#include "defs/names.h"

#include <fmt/core.h>

namespace penstock::defs {

std::string object_id_text(ObjectId id) {
  if (id.value < kFirstUserId) return fmt::format("s{}", id.value);
  return fmt::format("u{}", id.value - kFirstUserId);
}

std::string default_progress_topic(const std::string& environment_id, ObjectId connection) {
  return fmt::format("_materialize-progress-{}-{}", environment_id, object_id_text(connection));
}

std::string progress_topic(const KafkaConnectionDef& connection, const std::string& environment_id,
                           ObjectId connection_id) {
  return connection.progress_topic.value_or(default_progress_topic(environment_id, connection_id));
}

std::string client_identity(const std::string& environment_id, ObjectId connection,
                            ObjectId object) {
  return fmt::format("materialize-{}-{}-{}", environment_id, object_id_text(connection),
                     object_id_text(object));
}

std::string transactional_id(const SinkDef& sink, const std::string& environment_id,
                             ObjectId sink_id) {
  if (sink.transactional_id) return *sink.transactional_id;
  return sink.transactional_id_prefix + client_identity(environment_id, sink.connection, sink_id);
}

std::string progress_id(const SinkDef& sink, ObjectId sink_id) {
  return sink.progress_id.value_or(object_id_text(sink_id));
}
std::string progress_key(std::string_view progress_id) {
  return fmt::format("mz-sink-{}", progress_id);
}
std::string penstock_progress_key(std::string_view progress_id) {
  return fmt::format("penstock-sink-{}", progress_id);
}

}  // namespace penstock::defs
