// Rows as Avro binary (Apache Avro 1.11 specification), straight from the columns, by the schema
// that avro_schema.h gives them. What a column needs is found out once, and not for each row.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes_io.h"
#include "format/avro/avro_value.h"
#include "format/message_encoder.h"
#include "types/sql_type.h"

namespace penstock::format {

class AvroEncoder final : public RowEncoder {
 public:
  // The columns of `relation` at `positions`, in that order.
  AvroEncoder(const types::RelationType& relation, const std::vector<size_t>& positions);

  // False for a numeric that the schema's decimal cannot hold: infinite, or too large for its
  // scale.
  bool append_row(const data::DeltaBatch& batch, size_t row, std::string& out) const override;
  ChangeFrame change_frame() const override;
  RowTail row_tail(std::string_view name, std::string_view text) const override;
  // Goes past a row; the reader has failed if there is none.
  void skip_row(ByteReader& in) const;
  std::string refusal(const data::DeltaBatch& batch, size_t row) const override;

 private:
  struct Field {
    std::string name;
    size_t position = 0;
    bool nullable = false;
    AvroValue value;
  };
  std::vector<Field> fields_;
};

}  // namespace penstock::format
