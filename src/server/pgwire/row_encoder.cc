// DataRow: per column a length and the value's text or binary form.
#include "server/pgwire/row_encoder.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "format/pg/big_endian.h"
#include "format/pg/pg_binary.h"
#include "format/pg/pg_text.h"
#include "server/pgwire/backend_message.h"
#include "types/text_io.h"

namespace penstock::server {
namespace {

Result<types::Datum> decode_parameter(const std::optional<std::string>& bytes, int16_t format,
                                      const types::SqlType& type) {
  if (!bytes) return types::Datum::null();
  if (format == kBinaryFormat) return format::parse_binary(type, *bytes);
  RETURN_IF_ERROR(format::check_utf8(*bytes));
  return types::parse_text(type, *bytes);
}

}  // namespace

Result<std::vector<int16_t>> formats_for(std::span<const int16_t> asked, size_t num_columns) {
  for (const int16_t code : asked) {
    if (code != kTextFormat && code != kBinaryFormat) {
      return fail(sql_state::kInvalidParameterValue,
                  fmt::format("unsupported format code: {}", code));
    }
  }
  if (asked.empty()) return std::vector<int16_t>(num_columns, kTextFormat);
  if (asked.size() == 1) return std::vector<int16_t>(num_columns, asked[0]);
  if (asked.size() != num_columns) {
    return fail(
        sql_state::kProtocolViolation,
        fmt::format("expected {} field format specifiers, but got {}", num_columns, asked.size()));
  }
  return std::vector<int16_t>(asked.begin(), asked.end());
}

Result<std::vector<int16_t>> result_formats(std::span<const int16_t> asked,
                                            std::span<const coordinator::ResultColumn> columns) {
  ASSIGN_OR_RETURN(std::vector<int16_t> formats, formats_for(asked, columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) {
    if (formats[i] != kBinaryFormat) continue;
    RETURN_IF_ERROR(format::check_binary_output(columns[i].type));
  }
  return formats;
}

Result<std::vector<types::Datum>> decode_parameters(const BindMessage& bind,
                                                    std::span<const types::SqlType> types) {
  if (bind.parameters.size() != types.size()) {
    return fail(sql_state::kProtocolViolation,
                fmt::format("bind message supplies {} parameters, but prepared statement \"{}\" "
                            "requires {}",
                            bind.parameters.size(), bind.statement, types.size()));
  }
  ASSIGN_OR_RETURN(const std::vector<int16_t> formats,
                   formats_for(bind.parameter_formats, types.size()));
  std::vector<types::Datum> values;
  values.reserve(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    ASSIGN_OR_RETURN(types::Datum value,
                     decode_parameter(bind.parameters[i], formats[i], types[i]));
    values.push_back(std::move(value));
  }
  return values;
}

RowEncoder::RowEncoder(std::span<const coordinator::ResultColumn> columns,
                       std::vector<int16_t> formats)
    : formats_(std::move(formats)) {
  CHECK_OP(==, columns.size(), formats_.size());
  for (const coordinator::ResultColumn& column : columns) types_.push_back(column.type);
}

void RowEncoder::append(const data::DeltaBatch& batch, size_t row, std::string& out) const {
  const size_t message = open_message(out, 'D');
  format::put_big_endian(out, static_cast<uint16_t>(types_.size()));
  for (size_t i = 0; i < types_.size(); ++i) {
    const data::Column& column = batch.column(i);
    if (column.is_null(row)) {
      format::put_big_endian<int32_t>(out, -1);
      continue;
    }
    const size_t length_at = out.size();
    format::put_big_endian<int32_t>(out, 0);
    if (formats_[i] == kBinaryFormat) {
      format::append_binary(types_[i], column, row, out);
    } else {
      format::append_text(types_[i], column, row, out);
    }
    std::string length;
    format::put_big_endian<uint32_t>(
        length, static_cast<uint32_t>(out.size() - length_at - sizeof(int32_t)));
    out.replace(length_at, length.size(), length);
  }
  close_message(out, message);
}

}  // namespace penstock::server
