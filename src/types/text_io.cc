// Dispatch of text input and output over the types.
#include "types/text_io.h"

#include "types/array_value.h"
#include "types/date_time.h"
#include "types/integer.h"
#include "types/interval.h"
#include "types/jsonb.h"
#include "types/nested_value.h"
#include "types/numeric.h"
#include "types/range_value.h"
#include "types/scalar_text.h"
#include "types/uuid.h"

namespace penstock::types {
namespace {

// Cuts or refuses what is longer than `limit` characters, as an assignment does: only blanks may be
// lost.
Result<std::string> fit_length(std::string_view text, int32_t limit, std::string_view type_name) {
  auto room = static_cast<size_t>(limit);
  if (limit < 0 || text.size() <= room) return std::string(text);
  std::string_view kept = first_characters(text, room);
  if (text.find_first_not_of(' ', kept.size()) != std::string_view::npos) {
    return fail(sql_state::kStringTooLong, "value too long for type " + std::string(type_name) +
                                               "(" + std::to_string(limit) + ")");
  }
  return std::string(kept);
}

std::string without_padding(std::string_view text) {
  size_t last = text.find_last_not_of(' ');
  return std::string(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

Result<Datum> parse_character(const SqlType& type, std::string_view text) {
  if (type.id == TypeId::kVarchar) {
    ASSIGN_OR_RETURN(std::string value, fit_length(text, type.modifier, "character varying"));
    return Datum::bytes(std::move(value));
  }
  if (type.id == TypeId::kBpchar) {
    ASSIGN_OR_RETURN(std::string value, fit_length(text, type.modifier, "character"));
    return Datum::bytes(without_padding(value));
  }
  if (type.id == TypeId::kChar) return Datum::bytes(std::string(text.substr(0, 1)));
  return Datum::bytes(std::string(text));
}

Result<Datum> parse_oid(std::string_view text) {
  bool negative = trim_blanks(text).starts_with('-');
  Result<int64_t> bits = parse_integer(negative ? TypeId::kInt4 : TypeId::kUInt4, text);
  if (!bits) return fail(invalid_syntax(TypeId::kOid, "", text));
  return Datum::integer(*bits);
}

Result<Datum> parse_mz_timestamp(std::string_view text) {
  if (Result<int64_t> bits = parse_integer(TypeId::kUInt8, text)) return Datum::integer(*bits);
  Result<int64_t> micros = parse_timestamptz(text);
  if (!micros || *micros < 0) return fail(invalid_syntax(TypeId::kMzTimestamp, "", text));
  return Datum::integer(*micros / 1000);
}

Result<Datum> parse_date_time(const SqlType& type, std::string_view text) {
  switch (type.id) {
    case TypeId::kDate: {
      ASSIGN_OR_RETURN(int32_t days, parse_date(text));
      return Datum::integer(days);
    }
    case TypeId::kTime: {
      ASSIGN_OR_RETURN(int64_t micros, parse_time(text));
      return Datum::integer(micros);
    }
    default: {
      ASSIGN_OR_RETURN(int64_t micros, type.id == TypeId::kTimestamp ? parse_timestamp(text)
                                                                     : parse_timestamptz(text));
      if (type.modifier < 0) return Datum::integer(micros);
      std::optional<int64_t> rounded = round_timestamp(micros, type.modifier);
      if (!rounded) return fail(out_of_range(type.id, "", text));
      return Datum::integer(*rounded);
    }
  }
}

Result<Datum> parse_numeric(const SqlType& type, std::string_view text) {
  ASSIGN_OR_RETURN(Numeric value, Numeric::parse(text, ExcessDigits::kRound));
  if (type.modifier >= 0) {
    ASSIGN_OR_RETURN(value, value.rescale(type.modifier));
  }
  return Datum::bytes(value.encoded());
}

Result<Datum> parse_nested(const SqlType& type, std::string_view text) {
  ASSIGN_OR_RETURN(std::string bytes, type.id == TypeId::kList  ? parse_list(*type.element, text)
                                      : type.id == TypeId::kMap ? parse_map(*type.element, text)
                                      : type.id == TypeId::kRange
                                          ? parse_range(*type.element, text)
                                          : parse_record(*type.fields, text));
  return Datum::bytes(std::move(bytes));
}

void append_nested_text(const SqlType& type, std::string_view bytes, std::string& out) {
  if (type.id == TypeId::kList) return append_list_text(*type.element, bytes, out);
  if (type.id == TypeId::kMap) return append_map_text(*type.element, bytes, out);
  if (type.id == TypeId::kRange) return append_range_text(*type.element, bytes, out);
  append_record_text(*type.fields, bytes, out);
}

}  // namespace

Result<Datum> parse_text(const SqlType& type, std::string_view text) {
  switch (type.id) {
    case TypeId::kBool: {
      ASSIGN_OR_RETURN(bool value, parse_bool(text));
      return Datum::boolean(value);
    }
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
    case TypeId::kUInt2:
    case TypeId::kUInt4:
    case TypeId::kUInt8: {
      ASSIGN_OR_RETURN(int64_t bits, parse_integer(type.id, text));
      return Datum::integer(bits);
    }
    case TypeId::kOid:
      return parse_oid(text);
    case TypeId::kMzTimestamp:
      return parse_mz_timestamp(text);
    case TypeId::kFloat4: {
      ASSIGN_OR_RETURN(float value, parse_float4(text));
      return Datum::floating(static_cast<double>(value));
    }
    case TypeId::kFloat8: {
      ASSIGN_OR_RETURN(double value, parse_float8(text));
      return Datum::floating(value);
    }
    case TypeId::kNumeric:
      return parse_numeric(type, text);
    case TypeId::kInterval: {
      ASSIGN_OR_RETURN(Interval value, parse_interval(text, {}));
      return Datum::fixed16(value.to_fixed16());
    }
    case TypeId::kUuid: {
      ASSIGN_OR_RETURN(Fixed16 value, parse_uuid(text));
      return Datum::fixed16(value);
    }
    case TypeId::kJsonb: {
      ASSIGN_OR_RETURN(std::string json, parse_jsonb(text));
      return Datum::bytes(std::move(json));
    }
    case TypeId::kArray: {
      ASSIGN_OR_RETURN(std::string bytes, parse_array(*type.element, text));
      return Datum::bytes(std::move(bytes));
    }
    case TypeId::kList:
    case TypeId::kMap:
    case TypeId::kRange:
    case TypeId::kRecord:
      return parse_nested(type, text);
    case TypeId::kBytea: {
      ASSIGN_OR_RETURN(std::string bytes, parse_bytea(text));
      return Datum::bytes(std::move(bytes));
    }
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return parse_date_time(type, text);
    default:
      return parse_character(type, text);
  }
}

void append_text(const SqlType& type, const Datum& value, std::string& out) {
  switch (type.id) {
    case TypeId::kBool:
      out += value.as_bool() ? 't' : 'f';
      return;
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
      append_integer(value.as_int(), out);
      return;
    case TypeId::kUInt2:
    case TypeId::kUInt4:
    case TypeId::kUInt8:
    case TypeId::kOid:
    case TypeId::kMzTimestamp:
      append_unsigned(unsigned_from_bits(type.id, value.as_int()), out);
      return;
    case TypeId::kFloat4:
      append_float4(static_cast<float>(value.as_double()), out);
      return;
    case TypeId::kFloat8:
      append_float8(value.as_double(), out);
      return;
    case TypeId::kNumeric:
      Numeric::decode(value.as_bytes()).append_text(out);
      return;
    case TypeId::kInterval:
      append_interval(Interval::from_fixed16(value.as_fixed16()), out);
      return;
    case TypeId::kUuid:
      append_uuid(value.as_fixed16(), out);
      return;
    case TypeId::kArray:
      append_array_text(*type.element, value.as_bytes(), out);
      return;
    case TypeId::kRecord:
    case TypeId::kList:
    case TypeId::kMap:
    case TypeId::kRange:
      append_nested_text(type, value.as_bytes(), out);
      return;
    case TypeId::kBytea:
      append_bytea(value.as_bytes(), out);
      return;
    case TypeId::kDate:
      append_date(value.as_int(), out);
      return;
    case TypeId::kTime:
      append_time(value.as_int(), out);
      return;
    case TypeId::kTimestamp:
      append_timestamp(value.as_int(), out);
      return;
    case TypeId::kTimestampTz:
      append_timestamptz(value.as_int(), out);
      return;
    case TypeId::kBpchar: {
      const std::string& text = value.as_bytes();
      out += text;
      size_t length = count_characters(text);
      if (type.modifier > 0 && length < static_cast<size_t>(type.modifier)) {
        out.append(static_cast<size_t>(type.modifier) - length, ' ');
      }
      return;
    }
    default:
      out += value.as_bytes();
  }
}

void append_cast_text(const SqlType& type, const Datum& value, std::string& out) {
  if (type.id == TypeId::kBool) {
    out += value.as_bool() ? "true" : "false";
  } else if (type.id == TypeId::kBpchar) {
    out += value.as_bytes();
  } else {
    append_text(type, value, out);
  }
}

}  // namespace penstock::types
