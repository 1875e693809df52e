// The configurations that simulated topics have, with their defaults.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/protocol/messages.h"
#include "connect/kafka/simulated/topic_table.h"

namespace penstock::connect::kafka {

struct Refusal {
  ErrorCode error = ErrorCode::kNone;
  std::optional<std::string> message = {};
};

Refusal check_topic_config(const std::string& name, const std::optional<std::string>& value);
std::vector<DescribeConfigsResponse::DescribeConfigsResourceResult> describe_configs(
    const SimulatedTopic& topic);

}  // namespace penstock::connect::kafka
