// Names of types -> types, with their modifiers checked.
#include <string>

#include "catalog/type_text.h"
#include "sql/bind/binder.h"
#include "sql/bind/overload.h"
#include "sql/resolve/item_names.h"
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

Result<SqlType> builtin_type(const NamedType& type) {
  // The parser reduces every spelling of char(n) to bpchar: a plain `char` is the one-byte type.
  const std::string& name = type.name.parts.back().text;
  SqlType out = types::type_from_name(name).value_or(SqlType::of(TypeId::kUnknown));
  if (type.name.parts.size() == 1 && name == "char") out = SqlType::of(TypeId::kChar);
  if (out.id == TypeId::kUnknown) return fail(no_such_type(type.name));
  switch (out.id) {
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

Result<SqlType> Binder::created_type(const NamedType& type) {
  Result<catalog::ItemRef> item = resolve_item(type.name);
  if (!item && item.error().state != sql_state::kUndefinedTable) {
    return fail(std::move(item).error());
  }
  const auto* facts = item ? std::get_if<catalog::TypeFacts>(&(*item)->facts) : nullptr;
  if (facts == nullptr) return fail(no_such_type(type.name));
  if (!type.modifiers.empty()) {
    return fail(sql_state::kSyntaxError,
                "type modifier is not allowed for type \"" + type.name.parts.back().text + "\"");
  }
  return facts->type;
}

Result<SqlType> Binder::resolve_type(const TypeName& type) {
  if (const auto* named = std::get_if<NamedType>(&type.kind)) {
    Result<SqlType> out =
        is_builtin_type(named->name) ? builtin_type(*named) : created_type(*named);
    if (!out) return fail(positioned(std::move(out).error(), type.range));
    return out;
  }
  Result<SqlType> out = made_type(type);
  if (out) {
    Status fine = check_made_type(*out);
    if (fine) return out;
    out = fail(std::move(fine).error());
  }
  return fail(positioned(std::move(out).error(), type.range));
}

std::string Binder::named_type_text(const SqlType& type) const {
  return catalog::type_text(types::without_modifier(type), catalog(), options_.names);
}

// T[], T list, map[text => T].
Result<SqlType> Binder::made_type(const TypeName& type) {
  if (const auto* array = std::get_if<ArrayType>(&type.kind)) {
    ASSIGN_OR_RETURN(SqlType element, resolve_type(*array->element));
    // Every number of dimensions is one type.
    if (element.id == TypeId::kArray) return element;
    return SqlType::array_of(std::move(element));
  }
  if (const auto* list = std::get_if<ListType>(&type.kind)) {
    ASSIGN_OR_RETURN(SqlType element, resolve_type(*list->element));
    return SqlType::list_of(std::move(element));
  }
  const auto& map = std::get<MapType>(type.kind);
  ASSIGN_OR_RETURN(const SqlType key, resolve_type(*map.key));
  if (key.id != TypeId::kText) {
    return fail(sql_state::kDatatypeMismatch, "map key type must be text, got " + type_text(key));
  }
  ASSIGN_OR_RETURN(SqlType value, resolve_type(*map.value));
  return SqlType::map_of(std::move(value));
}

}  // namespace penstock::sql
