// One value as Avro binary: the piece that rows, arrays and records are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes_io.h"
#include "data/column.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::format {

// Zig-zag and base 128, as Avro's int and long are.
void append_avro_long(int64_t value, std::string& out);
// Avro's bytes and string.
void append_avro_bytes(std::string_view bytes, std::string& out);

// 0 and a failed reader where there is none.
int64_t read_avro_long(ByteReader& in);

// How values of one SQL type are written. Immutable; freely used by several threads.
class AvroValue {
 public:
  explicit AvroValue(const types::SqlType& type);

  // A value that is not NULL. False if the type's schema has no room for it (see AvroEncoder); what
  // was appended then is worth nothing.
  bool append(const data::Column& column, size_t row, std::string& out) const;
  bool append(const types::Datum& value, std::string& out) const;
  // Goes past a value. The reader has failed if there is none; blocks of arrays and maps may have
  // any size, with their bytes or without.
  void skip(ByteReader& in) const;
  // The same of a union of null and the type.
  void skip_optional(ByteReader& in) const;
  const types::SqlType& type() const { return type_; }

 private:
  enum class Form : uint8_t {
    kBool,
    kInt16,
    kInt32,
    kInt64,
    kMillis,     // Of microseconds, rounded down.
    kFixedUint,  // Big-endian, as wide as the type.
    kFloat,
    kDouble,
    kDecimal,
    kUuid,
    kInterval,
    kBytes,
    kByte,  // "char"
    kPadded,
    kDecimalText,  // An unsigned integer as a string.
    kArray,
    kList,
    kMap,
    kRecord,
    kRangeText,
  };
  static Form form_of(const types::SqlType& type);

  void append_integer(int64_t value, std::string& out) const;
  void append_fixed16(const types::Fixed16& value, std::string& out) const;
  bool append_bytes(std::string_view bytes, std::string& out) const;
  bool append_decimal(std::string_view encoded, std::string& out) const;
  bool append_items(const std::vector<types::Datum>& items, std::string& out) const;
  bool append_entries(std::string_view map, std::string& out) const;
  bool append_fields(std::string_view record, std::string& out) const;
  void skip_items(ByteReader& in) const;

  types::SqlType type_;
  Form form_;
  int scale_ = 0;                 // Of a decimal,
  size_t width_ = 0;              // and its bytes; or those of an unsigned integer.
  std::vector<AvroValue> parts_;  // Of elements, of a map's values, or of each field.
};

}  // namespace penstock::format
