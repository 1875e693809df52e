// Names of types -> types, with their modifiers checked.
#include <string>

#include "sql/bind/binder.h"
#include "sql/parse/print.h"
#include "types/type_name.h"

namespace penstock::sql {
namespace {

using types::SqlType;
using types::TypeId;

constexpr int64_t kMaxLength = 10485760;
constexpr int64_t kMaxNumericPrecision = 39;
constexpr int64_t kMaxTimestampPrecision = 6;

std::unexpected<Error> bad_modifier(std::string message) {
  return fail(sql_state::kInvalidParameterValue, std::move(message));
}

Status check_count(const NamedType& type, size_t at_most) {
  if (type.modifiers.size() <= at_most) return {};
  return fail(sql_state::kSyntaxError,
              type.name.parts.back().text + " type modifier has too many values");
}

Result<int32_t> length_modifier(const NamedType& type, const char* name) {
  RETURN_IF_ERROR(check_count(type, 1));
  if (type.modifiers.empty()) return -1;
  const int64_t length = type.modifiers[0];
  if (length < 1 || length > kMaxLength) {
    return bad_modifier("length for type " + std::string(name) + " must be between 1 and " +
                        std::to_string(kMaxLength));
  }
  return static_cast<int32_t>(length);
}

// The precision is checked and then means nothing; only the scale is kept.
Result<int32_t> scale_modifier(const NamedType& type) {
  RETURN_IF_ERROR(check_count(type, 2));
  if (type.modifiers.empty()) return -1;
  const int64_t precision = type.modifiers[0];
  if (precision < 1 || precision > kMaxNumericPrecision) {
    return bad_modifier("precision for type numeric must be between 1 and 39");
  }
  const int64_t scale = type.modifiers.size() > 1 ? type.modifiers[1] : 0;
  if (scale < 0 || scale > precision) {
    return bad_modifier("scale for type numeric must be between 0 and precision " +
                        std::to_string(precision));
  }
  return static_cast<int32_t>(scale);
}

Result<int32_t> digits_modifier(const NamedType& type) {
  RETURN_IF_ERROR(check_count(type, 1));
  if (type.modifiers.empty()) return -1;
  const int64_t digits = type.modifiers[0];
  if (digits < 0 || digits > kMaxTimestampPrecision) {
    return bad_modifier("precision for type timestamp or timestamptz must be between 0 and 6");
  }
  return static_cast<int32_t>(digits);
}

Result<SqlType> named_type(const NamedType& type) {
  const std::vector<Identifier>& parts = type.name.parts;
  // The parser reduces every spelling of char(n) to bpchar: a plain `char` is the one-byte type.
  const std::string& name = parts.back().text;
  const bool system = parts.size() == 1 || parts[parts.size() - 2].text == "pg_catalog" ||
                      parts[parts.size() - 2].text == "mz_catalog";
  TypeId id = TypeId::kUnknown;
  if (system) id = types::type_from_name(name).value_or(TypeId::kUnknown);
  if (parts.size() == 1 && name == "char") id = TypeId::kChar;
  if (id == TypeId::kUnknown || id == TypeId::kRecord) {
    return fail(sql_state::kUndefinedObject, "type \"" + print(type.name) + "\" does not exist");
  }
  SqlType out = SqlType::of(id);
  switch (id) {
    case TypeId::kVarchar: {
      ASSIGN_OR_RETURN(out.modifier, length_modifier(type, "character varying"));
      return out;
    }
    case TypeId::kBpchar: {
      ASSIGN_OR_RETURN(out.modifier, length_modifier(type, "character"));
      return out;
    }
    case TypeId::kNumeric: {
      ASSIGN_OR_RETURN(out.modifier, scale_modifier(type));
      return out;
    }
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz: {
      ASSIGN_OR_RETURN(out.modifier, digits_modifier(type));
      return out;
    }
    default:
      break;
  }
  if (!type.modifiers.empty()) {
    return fail(sql_state::kSyntaxError, "type modifier is not allowed for type \"" + name + "\"");
  }
  return out;
}

}  // namespace

Result<SqlType> Binder::resolve_type(const TypeName& type) const {
  if (const auto* named = std::get_if<NamedType>(&type.kind)) {
    Result<SqlType> out = named_type(*named);
    if (!out) return fail(positioned(std::move(out).error(), type.range));
    return out;
  }
  if (const auto* array = std::get_if<ArrayType>(&type.kind)) {
    ASSIGN_OR_RETURN(SqlType element, resolve_type(*array->element));
    return SqlType::array_of(std::move(element));
  }
  const char* what = std::holds_alternative<ListType>(type.kind) ? "list" : "map";
  return fail(positioned(
      Error(sql_state::kFeatureNotSupported, std::string(what) + " types not yet supported"),
      type.range));
}

}  // namespace penstock::sql
