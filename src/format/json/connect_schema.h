// Schemas as Kafka Connect writes them beside each JSON value ({"schema": ..., "payload": ...},
// what its JsonConverter reads when schemas.enable is true), for rows as JsonEncoder writes them.
//
// Whatever JSON has as a string is a string here, too. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/change_fields.h"
#include "types/sql_type.h"

namespace penstock::format {

struct ConnectSchemaOptions {
  std::string name;                                 // Of the whole: "topic.Envelope".
  bool of_changes = false;                          // Rows stand in before and after (Debezium),
  std::string row_name = {};                        // themselves of this name,
  ChangeFields change_fields = {};                  // with these behind them.
  std::optional<std::string> last_text_field = {};  // Behind the rows' own fields: of text.
};

// Of the columns of `relation` at `positions`, in that order. REQUIRES: none is or has within it
// jsonb or an array, which are of no fixed form in JSON, or uint8, which no number of Connect
// holds.
std::string connect_schema(const types::RelationType& relation,
                           const std::vector<size_t>& positions,
                           const ConnectSchemaOptions& options);

// What stands before and behind a value that carries its schema.
std::string schema_head(std::string_view schema);
inline constexpr std::string_view kSchemaTail = "}";
// The value within; none if `text` is nothing of the kind.
std::optional<std::string_view> take_payload(std::string_view text);

}  // namespace penstock::format
