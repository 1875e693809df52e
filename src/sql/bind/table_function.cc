// Functions that return sets of rows: which one a call means, and the columns it makes.
#include <array>

#include "sql/bind/expression_binder.h"
#include "sql/bind/overload.h"

namespace penstock::sql {
namespace {

using expr::TypePattern;
using plan::TableFunction;
using types::ColumnDesc;
using types::SqlType;
using types::TypeId;

struct TableFunctionEntry {
  std::string_view name;
  TableFunction function;
  std::vector<TypePattern> parameters;
  std::vector<ColumnDesc> columns;  // kUnknown: the element type of the first argument.
};

ColumnDesc column(const char* name, TypeId type, bool nullable) {
  return {name, {SqlType::of(type), nullable}};
}

const std::vector<TableFunctionEntry>& table_functions() {
  static const std::vector<TableFunctionEntry> entries = {
      {"generate_series",
       TableFunction::kGenerateSeriesInt4,
       {TypeId::kInt4, TypeId::kInt4},
       {column("generate_series", TypeId::kInt4, false)}},
      {"generate_series",
       TableFunction::kGenerateSeriesInt4,
       {TypeId::kInt4, TypeId::kInt4, TypeId::kInt4},
       {column("generate_series", TypeId::kInt4, false)}},
      {"generate_series",
       TableFunction::kGenerateSeriesInt8,
       {TypeId::kInt8, TypeId::kInt8},
       {column("generate_series", TypeId::kInt8, false)}},
      {"generate_series",
       TableFunction::kGenerateSeriesInt8,
       {TypeId::kInt8, TypeId::kInt8, TypeId::kInt8},
       {column("generate_series", TypeId::kInt8, false)}},
      {"generate_series",
       TableFunction::kGenerateSeriesTimestamp,
       {TypeId::kTimestamp, TypeId::kTimestamp, TypeId::kInterval},
       {column("generate_series", TypeId::kTimestamp, false)}},
      {"generate_series",
       TableFunction::kGenerateSeriesTimestampTz,
       {TypeId::kTimestampTz, TypeId::kTimestampTz, TypeId::kInterval},
       {column("generate_series", TypeId::kTimestampTz, false)}},
      {"unnest",
       TableFunction::kUnnestArray,
       {expr::kAnyArray},
       {column("unnest", TypeId::kUnknown, true)}},
      {"unnest",
       TableFunction::kUnnestList,
       {expr::kAnyList},
       {column("unnest", TypeId::kUnknown, true)}},
      {"unnest",
       TableFunction::kUnnestMap,
       {expr::kAnyMap},
       {column("key", TypeId::kText, false), column("value", TypeId::kUnknown, true)}},
      {"jsonb_array_elements",
       TableFunction::kJsonbArrayElements,
       {TypeId::kJsonb},
       {column("value", TypeId::kJsonb, false)}},
      {"jsonb_array_elements_text",
       TableFunction::kJsonbArrayElementsText,
       {TypeId::kJsonb},
       {column("value", TypeId::kText, true)}},
      {"jsonb_each",
       TableFunction::kJsonbEach,
       {TypeId::kJsonb},
       {column("key", TypeId::kText, false), column("value", TypeId::kJsonb, false)}},
      {"jsonb_each_text",
       TableFunction::kJsonbEachText,
       {TypeId::kJsonb},
       {column("key", TypeId::kText, false), column("value", TypeId::kText, true)}},
      {"jsonb_object_keys",
       TableFunction::kJsonbObjectKeys,
       {TypeId::kJsonb},
       {column("jsonb_object_keys", TypeId::kText, false)}},
  };
  return entries;
}

}  // namespace

bool is_table_function(std::string_view name) {
  for (const TableFunctionEntry& entry : table_functions()) {
    if (entry.name == name) return true;
  }
  return false;
}

Result<TableCall> resolve_table_call(Binder& binder, const std::string& name,
                                     std::vector<BoundExprRef> arguments) {
  std::vector<const TableFunctionEntry*> entries;
  std::vector<OverloadCandidate> candidates;
  for (const TableFunctionEntry& entry : table_functions()) {
    if (entry.name != name) continue;
    entries.push_back(&entry);
    candidates.push_back({entry.parameters, false});
  }
  std::vector<SqlType> types;
  for (const BoundExprRef& argument : arguments) types.push_back(argument->type.type);
  const OverloadChoice choice = choose_overload(candidates, types);
  if (choice.failure != OverloadFailure::kNone) {
    const bool ambiguous = choice.failure == OverloadFailure::kAmbiguous;
    return fail(ambiguous ? sql_state::kAmbiguousFunction : sql_state::kUndefinedFunction,
                "function " + name + "(" + argument_text(types) + ") " +
                    (ambiguous ? "is not unique" : "does not exist"));
  }
  const TableFunctionEntry& entry = *entries[choice.index];
  TableCall call{entry.function, {}, entry.columns};
  for (size_t i = 0; i < arguments.size(); ++i) {
    ASSIGN_OR_RETURN(BoundExprRef argument, binder.coerce(arguments[i], choice.parameters[i],
                                                          expr::CastContext::kImplicit, name));
    call.arguments.push_back(std::move(argument));
  }
  if (entry.function == TableFunction::kGenerateSeriesInt4 && arguments.size() == 2) {
    call.arguments.push_back(bound_int4(1));
  }
  if (entry.function == TableFunction::kGenerateSeriesInt8 && arguments.size() == 2) {
    call.arguments.push_back(bound_literal(types::Datum::integer(1), SqlType::of(TypeId::kInt8)));
  }
  for (ColumnDesc& made : call.columns) {
    if (made.type.type.id == TypeId::kUnknown) made.type.type = *choice.parameters[0].element;
  }
  return call;
}

}  // namespace penstock::sql
