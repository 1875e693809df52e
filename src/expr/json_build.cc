// to_jsonb, type by type.
#include "expr/json_build.h"

#include <cmath>
#include <utility>

#include "types/array_value.h"
#include "types/jsonb.h"
#include "types/nested_value.h"
#include "types/numeric.h"
#include "types/text_io.h"

namespace penstock::expr {
namespace {

using types::Datum;
using types::Numeric;
using types::SqlType;
using types::TypeId;

Status append_number(Result<Numeric> number, std::string& out) {
  if (!number) return fail(number.error());
  if (number->is_finite()) {
    number->append_text(out);
  } else {
    types::append_json_string(number->text(), out);
  }
  return {};
}

// The elements of one dimension, and below it of the others.
Status append_elements(const SqlType& element, const types::ArrayValue& array, size_t dimension,
                       size_t& next, std::string& out) {
  out.push_back('[');
  for (int32_t i = 0; i < array.dimensions[dimension].length; ++i) {
    if (i > 0) out.push_back(',');
    if (dimension + 1 < array.dimensions.size()) {
      RETURN_IF_ERROR(append_elements(element, array, dimension + 1, next, out));
    } else {
      RETURN_IF_ERROR(append_json(element, array.elements[next++], out));
    }
  }
  out.push_back(']');
  return {};
}

Status append_array(const SqlType& element, std::string_view bytes, std::string& out) {
  types::ArrayValue array = types::decode_array(element, bytes);
  if (array.dimensions.empty()) {
    out += "[]";
    return {};
  }
  size_t next = 0;
  return append_elements(element, array, 0, next, out);
}

Status append_list(const SqlType& element, std::string_view bytes, std::string& out) {
  bool first = true;
  out.push_back('[');
  for (const Datum& value : types::decode_list(element, bytes)) {
    if (!std::exchange(first, false)) out.push_back(',');
    RETURN_IF_ERROR(append_json(element, value, out));
  }
  out.push_back(']');
  return {};
}

// Of fields with the same name the last stays.
Status append_record(const types::RecordFields& fields, std::string_view bytes, std::string& out) {
  types::JsonObjectBuilder object;
  std::vector<Datum> values = types::decode_record(fields, bytes);
  for (size_t i = 0; i < fields.size(); ++i) {
    std::string json;
    RETURN_IF_ERROR(append_json(fields[i].type.type, values[i], json));
    object.set(fields[i].name, json);
  }
  out += object.finish();
  return {};
}

}  // namespace

Status append_json(const SqlType& type, const Datum& value, std::string& out) {
  if (value.is_null()) {
    out += "null";
    return {};
  }
  switch (type.id) {
    case TypeId::kBool:
      out += value.as_bool() ? "true" : "false";
      return {};
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
    case TypeId::kUInt2:
    case TypeId::kUInt4:
    case TypeId::kUInt8:
      types::append_text(type, value, out);
      return {};
    case TypeId::kFloat4:
    case TypeId::kFloat8: {
      double number = value.as_double();
      if (!std::isfinite(number)) {
        std::string text;
        types::append_text(type, value, text);
        types::append_json_string(text, out);
        return {};
      }
      return append_number(type.id == TypeId::kFloat4
                               ? Numeric::from_float(static_cast<float>(number))
                               : Numeric::from_double(number),
                           out);
    }
    case TypeId::kNumeric:
      return append_number(Numeric::decode(value.as_bytes()), out);
    case TypeId::kJsonb:
      out += value.as_bytes();
      return {};
    case TypeId::kArray:
      return append_array(*type.element, value.as_bytes(), out);
    case TypeId::kRecord:
      return append_record(*type.fields, value.as_bytes(), out);
    case TypeId::kList:
      return append_list(*type.element, value.as_bytes(), out);
    default: {
      std::string text;
      types::append_cast_text(type, value, text);
      types::append_json_string(text, out);
      return {};
    }
  }
}

}  // namespace penstock::expr
