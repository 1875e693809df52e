// Rows as Avro binary.
#include "format/avro/avro_encoder.h"

#include "format/column_names.h"
#include "format/pg/pg_text.h"

namespace penstock::format {

AvroEncoder::AvroEncoder(const types::RelationType& relation,
                         const std::vector<size_t>& positions) {
  for (size_t position : positions) {
    const types::ColumnDesc& column = relation.columns[position];
    fields_.push_back({.name = column.name,
                       .position = position,
                       .nullable = column.type.nullable,
                       .value = AvroValue(column.type.type)});
  }
}

bool AvroEncoder::append_row(const data::DeltaBatch& batch, size_t row, std::string& out) const {
  for (const Field& field : fields_) {
    const data::Column& column = batch.column(field.position);
    const bool null = column.is_null(row);
    if (null && !field.nullable) return false;
    if (field.nullable) out += null ? '\0' : '\2';  // The branch of the union.
    if (!null && !field.value.append(column, row, out)) return false;
  }
  return true;
}

void AvroEncoder::skip_row(ByteReader& in) const {
  for (const Field& field : fields_) {
    if (field.nullable) {
      field.value.skip_optional(in);
    } else {
      field.value.skip(in);
    }
  }
}

std::string AvroEncoder::refusal(const data::DeltaBatch& batch, size_t row) const {
  for (const Field& field : fields_) {
    const data::Column& column = batch.column(field.position);
    std::string bytes;
    if (column.is_null(row)) {
      if (!field.nullable)
        return "column \"" + field.name + "\" is NULL, which its schema excludes";
    } else if (!field.value.append(column, row, bytes)) {
      std::string text;
      append_text(field.value.type(), column, row, text);
      return "column \"" + field.name + "\" is " + text +
             ", for which its schema's decimal has no room";
    }
  }
  return "";
}

// Unions of null and the row.
ChangeFrame AvroEncoder::change_frame() const {
  static constexpr std::string_view kPresent("\2", 1);
  static constexpr std::string_view kAbsent("\0", 1);
  return {.before_present = kPresent,
          .before_absent = kAbsent,
          .after_present = kPresent,
          .after_absent = kAbsent,
          .close = ""};
}

RowTail AvroEncoder::row_tail(std::string_view, std::string_view text) const {
  RowTail out;
  append_avro_bytes(text, out.tail);
  return out;
}

}  // namespace penstock::format
