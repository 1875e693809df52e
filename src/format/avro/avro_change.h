// The rows within a change that AvroEncoder's frame put together, and whether bytes are a row.
#pragma once

#include <optional>
#include <string_view>

#include "format/avro/avro_encoder.h"
#include "format/change_fields.h"
#include "format/message_encoder.h"

namespace penstock::format {

// Views into `change`. None unless it is such a change to its last byte: two unions of null and a
// row of `rows`, and behind them the `fields`. What the values are is not looked at, but for where
// they end.
std::optional<ChangeRows> split_avro_change(std::string_view change, const AvroEncoder& rows,
                                            const ChangeFields& fields);

// Whether it is one row of `rows`, and nothing else.
bool is_avro_row(std::string_view row, const AvroEncoder& rows);

}  // namespace penstock::format
