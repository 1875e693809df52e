// Writing COPY data.
#include "format/pg/big_endian.h"
#include "format/pg/pg_binary.h"
#include "format/pg/pg_copy.h"
#include "format/pg/pg_text.h"

namespace penstock::format {
namespace {

void append_escaped(std::string_view text, char delimiter, std::string& out) {
  constexpr std::string_view kFrom = "\b\f\n\r\t\v\\";
  constexpr std::string_view kTo = "bfnrtv\\";
  for (char c : text) {
    size_t special = kFrom.find(c);
    if (special != std::string_view::npos) {
      out += '\\';
      out += kTo[special];
    } else {
      if (c == delimiter) out += '\\';
      out += c;
    }
  }
}

void append_csv(const CopyOptions& options, std::string_view text, bool only_column,
                std::string& out) {
  bool quote = text == options.null_text || (only_column && text == "\\.");
  for (char c : text) {
    quote = quote || c == options.delimiter || c == options.quote || c == '\n' || c == '\r';
  }
  if (!quote) {
    out += text;
    return;
  }
  out += options.quote;
  for (char c : text) {
    if (c == options.quote || c == options.escape) out += options.escape;
    out += c;
  }
  out += options.quote;
}

void append_binary_row(std::span<const types::SqlType> types, const data::DeltaBatch& batch,
                       size_t row, std::string& out) {
  put_big_endian(out, static_cast<int16_t>(batch.num_columns()));
  for (size_t i = 0; i < batch.num_columns(); ++i) {
    const data::Column& column = batch.column(i);
    if (column.is_null(row)) {
      put_big_endian(out, int32_t{-1});
      continue;
    }
    size_t at = out.size();
    put_big_endian(out, int32_t{0});
    append_binary(types[i], column, row, out);
    std::string length;
    put_big_endian(length, static_cast<int32_t>(out.size() - at - 4));
    out.replace(at, 4, length);
  }
}

}  // namespace

void append_copy_row(const CopyOptions& options, std::span<const types::SqlType> types,
                     const data::DeltaBatch& batch, size_t row, std::string& out) {
  if (options.format == CopyFormat::kBinary) {
    append_binary_row(types, batch, row, out);
    return;
  }
  std::string text;
  for (size_t i = 0; i < batch.num_columns(); ++i) {
    if (i > 0) out += options.delimiter;
    const data::Column& column = batch.column(i);
    if (column.is_null(row)) {
      out += options.null_text;
      continue;
    }
    text.clear();
    append_text(types[i], column, row, text);
    if (options.format == CopyFormat::kCsv) {
      append_csv(options, text, batch.num_columns() == 1, out);
    } else {
      append_escaped(text, options.delimiter, out);
    }
  }
  out += '\n';
}

void append_copy_header(const CopyOptions& options, std::span<const std::string> names,
                        std::string& out) {
  if (options.format == CopyFormat::kBinary) {
    out.append("PGCOPY\n\xFF\r\n\0", 11);
    put_big_endian(out, int32_t{0});  // Flags.
    put_big_endian(out, int32_t{0});  // Length of the header's extension.
    return;
  }
  if (!options.header) return;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += options.delimiter;
    if (options.format == CopyFormat::kCsv) {
      append_csv(options, names[i], names.size() == 1, out);
    } else {
      append_escaped(names[i], options.delimiter, out);
    }
  }
  out += '\n';
}

void append_copy_trailer(const CopyOptions& options, std::string& out) {
  if (options.format == CopyFormat::kBinary) put_big_endian(out, int16_t{-1});
}

}  // namespace penstock::format
