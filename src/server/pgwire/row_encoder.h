// Rows of a result as DataRow messages, and parameters of Bind as values. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "coordinator/session_client.h"
#include "data/delta_batch.h"
#include "server/pgwire/frontend_message.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::server {

inline constexpr int16_t kTextFormat = 0;
inline constexpr int16_t kBinaryFormat = 1;

// One format a column, from what Bind asked for: none = text, one = for all, else one each.
// Errors: 08P01 for another number, 22023 for a code that is neither.
Result<std::vector<int16_t>> formats_for(std::span<const int16_t> asked, size_t num_columns);

// What formats_for() says for a result of these columns. Error 42883 besides: a column in binary
// whose type has no such form.
Result<std::vector<int16_t>> result_formats(std::span<const int16_t> asked,
                                            std::span<const coordinator::ResultColumn> columns);

// Reads Bind's parameters as values of the statement's types. Errors as those of the types'
// readers; 08P01 when the numbers do not agree.
Result<std::vector<types::Datum>> decode_parameters(const BindMessage& bind,
                                                    std::span<const types::SqlType> types);

class RowEncoder {
 public:
  // `formats`: one a column.
  RowEncoder(std::span<const coordinator::ResultColumn> columns, std::vector<int16_t> formats);
  // Appends row `row` once, whatever its multiplicity.
  void append(const data::DeltaBatch& batch, size_t row, std::string& out) const;

 private:
  std::vector<types::SqlType> types_;
  std::vector<int16_t> formats_;
};

}  // namespace penstock::server
