// The rows within a change that JsonEncoder's frame put together.
#pragma once

#include <optional>
#include <string_view>

#include "format/message_encoder.h"

namespace penstock::format {

// Views into `change`. None unless it is such a change, byte for byte: {"before":...,"after":...}
// of objects and nulls, and behind them, if `has_fields`, other members. The objects' insides are
// not looked at, but for where they end.
std::optional<ChangeRows> split_json_change(std::string_view change, bool has_fields);

}  // namespace penstock::format
