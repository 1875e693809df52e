// Names that outlive a process: what clients, consumers and brokers see of our objects.
#pragma once

#include <string>

#include "base/ids.h"

namespace penstock::defs {

// "u12"; system objects, below kFirstUserId, are "s12".
inline constexpr uint64_t kFirstUserId = 100000;
std::string object_id_text(ObjectId id);

// "_materialize-progress-{environment}-{connection}"
std::string default_progress_topic(const std::string& environment_id, ObjectId connection);
// "materialize-{environment}-{connection}-{object}": client id, and with the user's prefix in front
// transactional id and group id.
std::string client_identity(const std::string& environment_id, ObjectId connection,
                            ObjectId object);
// Keys of a sink's two progress records.
std::string progress_key(ObjectId sink);           // "mz-sink-u7"
std::string penstock_progress_key(ObjectId sink);  // "penstock-sink-u7"

}  // namespace penstock::defs
