// Names of Kafka topics, as options give them.
#pragma once

#include <string_view>

#include "base/result.h"

namespace penstock::sql {

// Whether brokers would take the name. Error 22023, which names the option and the name.
Status check_topic_name(std::string_view option, std::string_view name);

}  // namespace penstock::sql
