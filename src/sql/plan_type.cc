// Planning of CREATE TYPE. See planner.h.
#include <set>

#include "sql/bind/overload.h"
#include "sql/statement_planner.h"

namespace penstock::sql {

using types::SqlType;

namespace {

// The one option of this name; it must be there, and no other may.
Result<SqlType> type_option(const CreateType& statement, const std::string& name,
                            const PlanContext& context) {
  const TypeName* found = nullptr;
  for (const Option& option : statement.options) {
    if (option.name != name) continue;
    if (found != nullptr) {
      return fail(sql_state::kSyntaxError, name + " specified more than once");
    }
    found = option.value ? std::get_if<TypeName>(&option.value->kind) : nullptr;
    if (found == nullptr) return fail(sql_state::kSyntaxError, name + " must be a type");
  }
  if (found == nullptr) return fail(sql_state::kSyntaxError, name + " must be specified");
  return resolve_type(*found, context);
}

Result<SqlType> list_type(const CreateType& statement, const PlanContext& context) {
  ASSIGN_OR_RETURN(SqlType element, type_option(statement, "ELEMENT TYPE", context));
  return SqlType::list_of(std::move(element));
}

Result<SqlType> map_type(const CreateType& statement, const PlanContext& context) {
  ASSIGN_OR_RETURN(SqlType key, type_option(statement, "KEY TYPE", context));
  if (key.id != types::TypeId::kText) {
    return fail(sql_state::kDatatypeMismatch, "map key type must be text, got " + type_text(key));
  }
  ASSIGN_OR_RETURN(SqlType value, type_option(statement, "VALUE TYPE", context));
  return SqlType::map_of(std::move(value));
}

Result<SqlType> record_type(const CreateType& statement, const PlanContext& context) {
  types::RecordFields fields;
  std::set<std::string> names;
  for (const ColumnDefinition& definition : statement.fields) {
    const std::string& name = definition.name.text;
    if (!names.insert(name).second) {
      return fail(positioned(
          Error(sql_state::kDuplicateColumn, "column \"" + name + "\" specified more than once"),
          definition.range));
    }
    if (!definition.type) {
      return fail(
          positioned(Error(sql_state::kSyntaxError, "column \"" + name + "\" must have a type"),
                     definition.range));
    }
    if (!definition.constraints.empty() || definition.collation) {
      return fail(positioned(
          Error(sql_state::kSyntaxError, "fields of a type take neither constraints nor COLLATE"),
          definition.range));
    }
    ASSIGN_OR_RETURN(SqlType type, resolve_type(*definition.type, context));
    fields.push_back({name, {std::move(type), true}});
  }
  return SqlType::record_of(std::move(fields));
}

}  // namespace

Result<TypePlan> plan_create_type(const CreateType& statement, const PlanContext& context) {
  Result<SqlType> type = statement.kind == TypeDefinitionKind::kList ? list_type(statement, context)
                         : statement.kind == TypeDefinitionKind::kMap
                             ? map_type(statement, context)
                             : record_type(statement, context);
  if (!type) return fail(std::move(type).error());
  RETURN_IF_ERROR(check_made_type(*type));
  return TypePlan{*std::move(type)};
}

}  // namespace penstock::sql
