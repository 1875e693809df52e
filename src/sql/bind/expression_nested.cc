// Binding of arrays, lists, maps and records: constructors, subscripts, fields. See
// expression_binder.h.
#include <algorithm>
#include <limits>

#include "expr/function_catalogue.h"
#include "sql/bind/expression_binder.h"
#include "sql/bind/overload.h"

namespace penstock::sql {

using expr::CastContext;
using types::Datum;
using types::SqlType;
using types::TypeId;

using Bound = ExpressionBinder::Bound;

// --- constructors ---

Bound ExpressionBinder::operator()(const RowExpr& node) {
  ASSIGN_OR_RETURN(std::vector<BoundExprRef> fields, bind_all(node.fields));
  for (BoundExprRef& field : fields) {
    const bool untyped =
        field->type.type.id == TypeId::kUnknown && field->kind == BoundExprKind::kLiteral;
    ASSIGN_OR_RETURN(field, binder_.coerce_untyped(std::move(field)));
    if (!untyped) continue;
    auto marked = std::make_shared<BoundExpr>(*field);
    marked->untyped = true;
    field = std::move(marked);
  }
  return binder_.call_function("row", std::move(fields));
}

Bound ExpressionBinder::operator()(const ArrayExpr& node) {
  if (node.elements.empty()) return bound_empty("array");
  ASSIGN_OR_RETURN(std::vector<BoundExprRef> elements, bind_all(node.elements));
  ASSIGN_OR_RETURN(elements, binder_.coerce_to_common(std::move(elements), "ARRAY"));
  return binder_.call_function("array", std::move(elements));
}

Bound ExpressionBinder::operator()(const ListExpr& node) {
  if (node.elements.empty()) return bound_empty("list");
  ASSIGN_OR_RETURN(std::vector<BoundExprRef> elements, bind_all(node.elements));
  ASSIGN_OR_RETURN(elements, binder_.coerce_to_common(std::move(elements), "LIST"));
  return binder_.call_function("list", std::move(elements));
}

namespace {

Bound as_key(Binder& binder, BoundExprRef key) {
  const SqlType text = SqlType::of(TypeId::kText);
  const SqlType& type = key->type.type;
  if (type.id != TypeId::kUnknown && !expr::find_cast(type, text, CastContext::kImplicit)) {
    return fail(sql_state::kDatatypeMismatch, "map key type must be text, got " + type_text(type));
  }
  return binder.coerce(std::move(key), text, CastContext::kImplicit, "MAP");
}

bool is_array_constructor(const Expr& expr) {
  return std::holds_alternative<ArrayExpr>(expr.kind);
}

Bound call_map(const std::vector<BoundExprRef>& keys, const std::vector<BoundExprRef>& values) {
  std::vector<BoundExprRef> arguments;
  for (size_t i = 0; i < keys.size(); ++i) {
    arguments.push_back(keys[i]);
    arguments.push_back(values[i]);
  }
  BoundExprRef map =
      bound_call(expr::function_of("map", {TypeId::kText, expr::kAny}), std::move(arguments));
  RETURN_IF_ERROR(check_made_type(map->type.type));
  return map;
}

}  // namespace

Bound ExpressionBinder::operator()(const MapExpr& node) {
  if (node.entries.empty()) return bound_empty("map");
  std::vector<BoundExprRef> keys;
  std::vector<BoundExprRef> values;
  for (const MapEntry& entry : node.entries) {
    ASSIGN_OR_RETURN(BoundExprRef key, bind(*entry.key));
    ASSIGN_OR_RETURN(keys.emplace_back(), as_key(binder_, std::move(key)));
    ASSIGN_OR_RETURN(values.emplace_back(), bind(*entry.value));
  }
  ASSIGN_OR_RETURN(values, binder_.coerce_to_common(std::move(values), "MAP"));
  return call_map(keys, values);
}

Bound ExpressionBinder::bind_towards(const Expr& expr, const SqlType& type, CastContext cast) {
  if (type.id == TypeId::kMap) {
    const auto* map = std::get_if<MapExpr>(&expr.kind);
    if (map != nullptr && !map->entries.empty()) return bind_map_as(*map, type, cast);
  }
  const std::vector<Expr>* parts = nullptr;
  const char* constructor = nullptr;
  if (const auto* list = std::get_if<ListExpr>(&expr.kind); list && type.id == TypeId::kList) {
    parts = &list->elements;
    constructor = "list";
  }
  if (const auto* row = std::get_if<RowExpr>(&expr.kind); row && type.id == TypeId::kRecord) {
    if (row->fields.size() == type.fields->size()) parts = &row->fields;
    constructor = "row";
  }
  const auto* array = std::get_if<ArrayExpr>(&expr.kind);
  // A further dimension of an array has the elements' type, not a type of its own.
  if (array && type.id == TypeId::kArray && cast == CastContext::kExplicit &&
      !std::ranges::any_of(array->elements, is_array_constructor)) {
    parts = &array->elements;
    constructor = "array";
  }
  if (parts == nullptr || parts->empty()) return bind(expr);
  std::vector<BoundExprRef> bound;
  for (const Expr& part : *parts) {
    const SqlType& part_type = type.fields ? (*type.fields)[bound.size()].type.type : *type.element;
    ASSIGN_OR_RETURN(BoundExprRef made, bind_part_as(part, part_type, cast));
    bound.push_back(std::move(made));
  }
  return binder_.call_function(constructor, std::move(bound));
}

Bound ExpressionBinder::bind_map_as(const MapExpr& map, const SqlType& type, CastContext cast) {
  std::vector<BoundExprRef> keys;
  std::vector<BoundExprRef> values;
  for (const MapEntry& entry : map.entries) {
    ASSIGN_OR_RETURN(BoundExprRef key, bind(*entry.key));
    ASSIGN_OR_RETURN(keys.emplace_back(), as_key(binder_, std::move(key)));
    ASSIGN_OR_RETURN(values.emplace_back(), bind_part_as(*entry.value, *type.element, cast));
  }
  return call_map(keys, values);
}

Bound ExpressionBinder::bind_part_as(const Expr& expr, const SqlType& type, CastContext cast) {
  ASSIGN_OR_RETURN(BoundExprRef made, bind_towards(expr, type, cast));
  return binder_.coerce(std::move(made), type, cast,
                        cast == CastContext::kExplicit ? "CAST" : context_.clause);
}

Result<BoundExprRef> Binder::bind_towards(const Expr& expr, const ExprContext& context,
                                          const SqlType& type, CastContext cast) {
  Bound bound = ExpressionBinder(*this, context, expr.range).bind_towards(expr, type, cast);
  if (!bound) return fail(positioned(std::move(bound).error(), expr.range));
  return bound;
}

// --- fields ---

BoundExprRef bound_field(const BoundExprRef& record, size_t position) {
  const types::ColumnDesc& field = (*record->type.type.fields)[position];
  auto out = std::make_shared<BoundExpr>(
      *bound_call(expr::function_of("field", {expr::kAnyRecord, TypeId::kInt4}),
                  {record, bound_int4(static_cast<int64_t>(position) + 1)}));
  out->type = {field.type.type, field.type.nullable || record->type.nullable};
  return out;
}

Bound ExpressionBinder::bind_whole_row(const FoundTable& table) {
  const ScopeChain* chain = context_.scopes;
  for (size_t level = 0; level < table.level; ++level) chain = chain->outer;
  types::RecordFields fields;
  std::vector<BoundExprRef> values;
  for (size_t column : table.columns) {
    const ScopeColumn& found = chain->scope->columns[column];
    fields.push_back({found.name, found.type});
    values.push_back(bound_column(table.level, column, found.type));
  }
  ASSIGN_OR_RETURN(BoundExprRef row, binder_.call_function("row", std::move(values)));
  auto named = std::make_shared<BoundExpr>(*row);
  named->type.type = SqlType::record_of(std::move(fields));
  return named;
}

Bound ExpressionBinder::operator()(const FieldAccess& access) {
  // (t).a is t.a.
  if (const auto* table = std::get_if<ColumnRef>(&access.operand->kind)) {
    ColumnRef column = *table;
    column.parts.push_back(access.field);
    Bound bound = (*this)(column);
    if (bound) return bound;
  }
  ASSIGN_OR_RETURN(BoundExprRef operand, bind(*access.operand));
  const SqlType& type = operand->type.type;
  if (type.id != TypeId::kRecord) {
    return fail(sql_state::kDatatypeMismatch, "column notation applied to type " + type_text(type) +
                                                  ", which is not a composite type");
  }
  const types::RecordFields& fields = *type.fields;
  const auto named = [&](const types::ColumnDesc& field) {
    return field.name == access.field.text;
  };
  const auto found = std::ranges::find_if(fields, named);
  if (found == fields.end()) {
    return fail(sql_state::kUndefinedColumn,
                "field " + access.field.text + " not found in data type " + type_text(type));
  }
  if (std::find_if(found + 1, fields.end(), named) != fields.end()) {
    return fail(sql_state::kAmbiguousColumn,
                "field reference \"" + access.field.text + "\" is ambiguous");
  }
  return bound_field(operand, static_cast<size_t>(found - fields.begin()));
}

Bound ExpressionBinder::operator()(const FieldWildcard&) {
  return fail(sql_state::kSyntaxError, "wildcard in invalid position");
}

// --- subscripts ---

namespace {

// a[1][2, 3]: the operand below all subscripts, and their parts in order.
const Expr& parts_of(const Subscript& subscript, std::vector<const SubscriptPart*>& parts) {
  const auto* inner = std::get_if<Subscript>(&subscript.operand->kind);
  const Expr& base = inner != nullptr ? parts_of(*inner, parts) : *subscript.operand;
  for (const SubscriptPart& part : subscript.parts) parts.push_back(&part);
  return base;
}

size_t num_leading(std::span<const SubscriptPart* const> parts, bool slices) {
  const auto other = [&](const SubscriptPart* part) { return part->slice != slices; };
  return static_cast<size_t>(std::ranges::find_if(parts, other) - parts.begin());
}

size_t list_layers(const SqlType& type) {
  return type.id == TypeId::kList ? 1 + list_layers(*type.element) : 0;
}

}  // namespace

// Takes as many of the parts as the operand's type takes at once, and goes on with what that gives.
Bound ExpressionBinder::subscripted(const BoundExprRef& operand,
                                    std::span<const SubscriptPart* const> parts) {
  if (parts.empty()) return operand;
  const SqlType& type = operand->type.type;
  const bool list = type.id == TypeId::kList;
  if (!list && type.id != TypeId::kArray && type.id != TypeId::kJsonb) {
    return fail(sql_state::kDatatypeMismatch, "cannot subscript type " + type_text(type));
  }
  const bool slices = parts[0]->slice;
  if (slices && type.id == TypeId::kJsonb) return not_supported("jsonb slices");
  // An array takes all its subscripts, a list all its slices; else one at a time.
  size_t taken = 1;
  if (type.id == TypeId::kArray || (list && slices)) taken = num_leading(parts, slices);
  if (slices && !list && taken > 1) return not_supported("slices of several dimensions of arrays");
  if (slices && list && taken > list_layers(type)) {
    return fail(sql_state::kArraySubscript, "cannot slice into " + std::to_string(taken) +
                                                " layers; " + type_text(type) + " only has " +
                                                std::to_string(list_layers(type)));
  }
  std::vector<BoundExprRef> arguments = {operand};
  const auto add_bound = [&](const std::vector<Expr>& bound, int64_t otherwise) -> Status {
    if (bound.empty()) {
      arguments.push_back(bound_literal(Datum::integer(otherwise), SqlType::of(TypeId::kInt8)));
      return {};
    }
    ASSIGN_OR_RETURN(arguments.emplace_back(), bind(bound.front()));
    return {};
  };
  for (const SubscriptPart* part : parts.first(taken)) {
    RETURN_IF_ERROR(add_bound(part->start, std::numeric_limits<int64_t>::min()));
    if (!slices) continue;
    RETURN_IF_ERROR(add_bound(part->end, std::numeric_limits<int64_t>::max()));
  }
  Bound made = type.id == TypeId::kJsonb
                   ? binder_.call_operator("->", std::move(arguments))
                   : binder_.call_function(slices ? "slice" : "subscript", std::move(arguments));
  if (!made) return made;
  return subscripted(*made, parts.subspan(taken));
}

Bound ExpressionBinder::operator()(const Subscript& subscript) {
  std::vector<const SubscriptPart*> parts;
  ASSIGN_OR_RETURN(BoundExprRef operand, bind(parts_of(subscript, parts)));
  return subscripted(operand, parts);
}

}  // namespace penstock::sql
