// CREATE SECRET, CREATE CONNECTION and the definition that ALTER CONNECTION leads to.
#include <fmt/core.h>

#include "base/check.h"
#include "coordinator/sequence/secret_value.h"
#include "coordinator/sequence/statements.h"
#include "sql/ddl/plan_connection.h"
#include "sql/parse/parse.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {

using catalog::FullName;
using catalog::ItemKind;

Result<Sequenced> sequence(const sql::CreateSecret& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE SECRET";
  ASSIGN_OR_RETURN(FullName name, creation_name(statement.name, context));
  ASSIGN_OR_RETURN(bool free, name_is_free(name, statement.if_not_exists, context, out));
  if (!free) return out;
  ASSIGN_OR_RETURN(SecretString value, evaluate_secret(statement.value, context));
  catalog::CatalogItem item = new_item(name, ItemKind::kSecret, context);
  item.create_sql =
      fmt::format("CREATE SECRET {}.{}.{} AS '********'", catalog::quote_identifier(name.database),
                  catalog::quote_identifier(name.schema), catalog::quote_identifier(name.item));
  out.effects.push_back(PutSecret{item.id, std::move(value)});
  out.changes.push_back(put_item(std::move(item)));
  return out;
}

Result<Sequenced> sequence(const sql::CreateConnection& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE CONNECTION";
  ASSIGN_OR_RETURN(FullName name, creation_name(statement.name, context));
  ASSIGN_OR_RETURN(bool free, name_is_free(name, statement.if_not_exists, context, out));
  if (!free) return out;
  ASSIGN_OR_RETURN(sql::ConnectionPlan plan,
                   sql::plan_create_connection(statement, context.catalog, context.names));
  catalog::CatalogItem item = new_item(name, ItemKind::kConnection, context);
  sql::Statement stored{{}, statement};
  auto& connection = std::get<sql::CreateConnection>(stored.kind);
  connection.with.clear();
  connection.if_not_exists = false;
  ASSIGN_OR_RETURN(item.uses, sql::resolve_item_names(stored, context.catalog, context.names));
  connection.name = sql::name_reference(item);
  item.create_sql = sql::print(stored);
  std::visit([&](auto& def) { item.facts = def; }, plan.def);
  out.changes.push_back(put_item(std::move(item)));
  return out;
}

Result<sql::CreateConnection> altered_connection(const sql::AlterStatement& statement,
                                                 const SequenceContext& context) {
  ASSIGN_OR_RETURN(catalog::ItemRef item,
                   item_of_kind(statement.name, ItemKind::kConnection, context));
  ASSIGN_OR_RETURN(sql::Statement stored, sql::parse_statement(item->create_sql));
  auto* connection = std::get_if<sql::CreateConnection>(&stored.kind);
  CHECK(connection != nullptr);
  return sql::alter_connection(*connection, std::get<sql::AlterConnectionActions>(statement.action),
                               context.catalog.full_name(*item));
}

}  // namespace penstock::coordinator
