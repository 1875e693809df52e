// ALTER of items, roles and system parameters.
#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "coordinator/sequence/secret_value.h"
#include "coordinator/sequence/statements.h"
#include "coordinator/system_parameters.h"
#include "sql/ddl/plan_connection.h"
#include "sql/parse/parse.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using catalog::CatalogItem;
using catalog::ItemKind;
using catalog::ItemRef;

// All connections that are made of an item, at any remove: a secret, or a connection's credentials.
void refresh_connections_of(ObjectId item, const SequenceContext& context, Sequenced& out) {
  for (const ItemRef& dependent : context.catalog.dependents(item)) {
    const bool known = std::ranges::any_of(out.effects, [&](const Effect& effect) {
      const auto* refresh = std::get_if<RefreshConnection>(&effect);
      return refresh != nullptr && refresh->connection == dependent->id;
    });
    if (dependent->kind != ItemKind::kConnection || known) continue;
    out.effects.push_back(RefreshConnection{dependent->id});
    refresh_connections_of(dependent->id, context, out);
  }
}

Result<Sequenced> alter_secret(const ItemRef& item, const sql::SetSecretValue& action,
                               const SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER SECRET";
  ASSIGN_OR_RETURN(SecretString value, evaluate_secret(action.value, context));
  out.effects.push_back(PutSecret{item->id, std::move(value)});
  refresh_connections_of(item->id, context, out);
  return out;
}

Result<Sequenced> alter_connection_item(const ItemRef& item, const sql::AlterStatement& statement,
                                        const SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER CONNECTION";
  ASSIGN_OR_RETURN(sql::CreateConnection altered, altered_connection(statement, context));
  Result<sql::ConnectionPlan> plan =
      sql::plan_create_connection(altered, context.catalog, context.names);
  if (!plan) {
    return fail(sql_state::kFeatureNotSupported,
                "invalid ALTER CONNECTION: " + plan.error().message);
  }
  CatalogItem changed = *item;
  altered.with.clear();
  sql::Statement stored{{}, std::move(altered)};
  ASSIGN_OR_RETURN(changed.uses, sql::resolve_item_names(stored, context.catalog, context.names));
  changed.create_sql = sql::print(stored);
  std::visit([&](auto& def) { changed.facts = def; }, plan->def);
  if (changed.facts.index() != item->facts.index()) {
    return fail(sql_state::kFeatureNotSupported,
                "invalid ALTER CONNECTION: the kind of a connection cannot change");
  }
  out.changes.push_back(put_item(std::move(changed)));
  out.effects.push_back(RefreshConnection{item->id});
  refresh_connections_of(item->id, context, out);
  return out;
}

std::string value_text(const std::vector<sql::SetValue>& values) {
  std::string out;
  for (const sql::SetValue& value : values) {
    if (!out.empty()) out += ", ";
    if (const auto* text = std::get_if<sql::StringLiteral>(&value.kind)) out += text->value;
    if (const auto* number = std::get_if<sql::NumberLiteral>(&value.kind)) out += number->text;
    if (const auto* flag = std::get_if<sql::BoolLiteral>(&value.kind)) {
      out += flag->value ? "on" : "off";
    }
    if (const auto* interval = std::get_if<sql::IntervalLiteral>(&value.kind)) {
      out += interval->value;
    }
    if (const auto* word = std::get_if<sql::Identifier>(&value.kind)) out += word->text;
  }
  return out;
}

}  // namespace

Result<Sequenced> sequence(const sql::AlterStatement& statement, SequenceContext& context) {
  std::string tag = fmt::format("ALTER {}", object_type_words(statement.type));
  switch (statement.type) {
    case sql::ObjectType::kTable:
    case sql::ObjectType::kView:
    case sql::ObjectType::kMaterializedView:
    case sql::ObjectType::kSource:
    case sql::ObjectType::kSink:
    case sql::ObjectType::kIndex:
    case sql::ObjectType::kSecret:
    case sql::ObjectType::kConnection:
    case sql::ObjectType::kType:
      break;
    case sql::ObjectType::kDatabase:
      return alter_database(statement, context);
    case sql::ObjectType::kSchema:
      return alter_schema(statement, context);
    case sql::ObjectType::kCluster:
      return alter_cluster(statement, context);
    default:
      return fail(sql_state::kFeatureNotSupported, tag + " not yet supported");
  }
  if (statement.if_exists && !statement.name.id &&
      !context.catalog.find_item(sql::name_parts(statement.name), context.names)) {
    Sequenced out;
    out.tag = tag;
    skip_missing(catalog::item_kind_name(kind_of(statement.type)), statement.name.parts.back().text,
                 out);
    return out;
  }
  ASSIGN_OR_RETURN(ItemRef item, item_of_kind(statement.name, kind_of(statement.type), context));
  if (const auto* action = std::get_if<sql::RenameTo>(&statement.action)) {
    return rename_item(item, *action, tag, context);
  }
  if (const auto* action = std::get_if<sql::OwnerTo>(&statement.action)) {
    return change_item_owner(item, *action, tag, context);
  }
  if (const auto* action = std::get_if<sql::SetSecretValue>(&statement.action)) {
    return alter_secret(item, *action, context);
  }
  if (item->kind == ItemKind::kSink &&
      (std::holds_alternative<sql::SetSinkFrom>(statement.action) ||
       std::holds_alternative<sql::SetOptions>(statement.action) ||
       std::holds_alternative<sql::ResetOptions>(statement.action))) {
    return sequence_altered_sink(statement, context);
  }
  if (std::holds_alternative<sql::AlterConnectionActions>(statement.action)) {
    return alter_connection_item(item, statement, context);
  }
  return fail(sql_state::kFeatureNotSupported, tag + " with this action not yet supported");
}

Result<Sequenced> sequence(const sql::AlterSystemSet& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER SYSTEM";
  if (!context.is_superuser) {
    return fail(sql_state::kInsufficientPrivilege, "permission denied to alter system parameters");
  }
  std::optional<std::string> value;
  if (!statement.values.empty()) value = value_text(statement.values);
  RETURN_IF_ERROR(check_system_parameter(statement.name, value));
  out.changes.push_back(catalog::SetSystemParameter{statement.name, value});
  return out;
}

Result<Sequenced> sequence(const sql::AlterSystemReset& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER SYSTEM";
  if (!context.is_superuser) {
    return fail(sql_state::kInsufficientPrivilege, "permission denied to alter system parameters");
  }
  if (statement.name) RETURN_IF_ERROR(check_system_parameter(*statement.name, std::nullopt));
  for (const auto& [name, value] : context.catalog.system_parameters()) {
    if (statement.name && *statement.name != name) continue;
    out.changes.push_back(catalog::SetSystemParameter{name, std::nullopt});
  }
  return out;
}

Result<Sequenced> sequence(const sql::CreateRole& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE ROLE";
  RETURN_IF_ERROR(check_unreserved(statement.name.text, "role"));
  if (context.catalog.roles().contains(statement.name.text)) {
    return fail(sql_state::kDuplicateObject,
                fmt::format("role '{}' already exists", statement.name.text));
  }
  out.changes.push_back(catalog::CreateRole{statement.name.text});
  return out;
}

}  // namespace penstock::coordinator
