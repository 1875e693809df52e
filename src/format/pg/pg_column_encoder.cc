// One column as PostgreSQL sends it.
#include "format/pg/pg_column_encoder.h"

#include "format/pg/pg_binary.h"
#include "format/pg/pg_text.h"

namespace penstock::format {

bool PgColumnEncoder::append_row(const data::DeltaBatch& batch, size_t row,
                                 std::string& out) const {
  const data::Column& column = batch.column(position_);
  if (column.is_null(row)) return true;
  if (form_ == PgForm::kText) {
    append_text(type_, column, row, out);
  } else {
    append_binary(type_, column, row, out);
  }
  return true;
}

}  // namespace penstock::format
