// 'name'::regclass, ::regtype, ::regproc: the oid of what a literal names, as drivers ask for it.
#include <algorithm>
#include <charconv>

#include "sql/bind/expression_binder.h"
#include "sql/parse/parse.h"
#include "types/type_name.h"

namespace penstock::sql {

using types::SqlType;
using types::TypeId;

using Bound = ExpressionBinder::Bound;

namespace {

// The one function that drivers ask for: pg_type.typinput of every array type.
constexpr int64_t kArrayIn = 750;

std::unexpected<Error> unknown(const char* kind, const std::string& name) {
  const bool relation = std::string_view(kind) == "relation";
  const bool function = std::string_view(kind) == "function";
  return fail(relation   ? sql_state::kUndefinedTable
              : function ? sql_state::kUndefinedFunction
                         : sql_state::kUndefinedObject,
              std::string(kind) + " \"" + name + "\" does not exist");
}

std::optional<int64_t> number_in(const std::string& text) {
  uint32_t oid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), oid);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return oid;
}

Result<int64_t> oid_of(Binder& binder, const std::string& kind, const std::string& text) {
  if (const std::optional<int64_t> number = number_in(text)) return *number;
  if (kind == "regtype") {
    Result<TypeName> name = parse_type(text);
    if (!name) return unknown("type", text);
    Result<SqlType> type = binder.resolve_type(*name);
    if (!type) return unknown("type", text);
    if (!type->named.is_none()) return binder.catalog().item(type->named)->oid;
    return types::type_oid(*type);
  }
  Result<ItemName> name = parse_item_name(text);
  if (kind == "regproc") {
    if (name && name->parts.back().text == "array_in") return kArrayIn;
    return unknown("function", text);
  }
  if (!name) return unknown("relation", text);
  Result<catalog::ItemRef> item = binder.resolve_item(*name);
  if (!item) return unknown("relation", text);
  return (*item)->oid;
}

}  // namespace

// Nothing: the cast is to no such type.
Result<std::optional<BoundExprRef>> ExpressionBinder::bind_reg_literal(const Cast& node) {
  const auto* named = std::get_if<NamedType>(&node.type.kind);
  if (named == nullptr) return std::optional<BoundExprRef>();
  const std::string& kind = named->name.parts.back().text;
  if (kind != "regclass" && kind != "regtype" && kind != "regproc") {
    return std::optional<BoundExprRef>();
  }
  const auto* text = std::get_if<StringLiteral>(&node.operand->kind);
  if (text == nullptr) return not_supported("casts to " + kind + " of anything but a literal");
  ASSIGN_OR_RETURN(const int64_t oid, oid_of(binder_, kind, text->value));
  return bound_literal(types::Datum::integer(static_cast<int32_t>(oid)), SqlType::of(TypeId::kOid));
}

}  // namespace penstock::sql
