// Rows as JSON objects: compact, members in column order, straight from the columns.
//
// Values: numbers for integers and floats, strings for numeric, dates, times, timestamps
// (milliseconds and a rest in microseconds), intervals and uuids, arrays of numbers for bytea, the
// value itself for jsonb, nested arrays for arrays and lists, objects for maps and records.
#pragma once

#include <string>
#include <vector>

#include "format/message_encoder.h"
#include "types/sql_type.h"

namespace penstock::format {

class JsonEncoder final : public RowEncoder {
 public:
  // The columns of `relation` at `positions`, in that order.
  JsonEncoder(const types::RelationType& relation, const std::vector<size_t>& positions);

  // Always true.
  bool append_row(const data::DeltaBatch& batch, size_t row, std::string& out) const override;
  ChangeFrame change_frame() const override;
  RowTail row_tail(std::string_view name, std::string_view text) const override;

 private:
  struct Member {
    std::string opening;  // {"a":  or  ,"b":
    size_t position = 0;
    types::SqlType type;
  };
  std::vector<Member> members_;
};

}  // namespace penstock::format
