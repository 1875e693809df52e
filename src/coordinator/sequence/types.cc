// CREATE TYPE.
#include "coordinator/sequence/item_facts.h"
#include "coordinator/sequence/statements.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {

Result<Sequenced> sequence(const sql::CreateType& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE TYPE";
  ASSIGN_OR_RETURN(catalog::FullName name, creation_name(statement.name, context));
  RETURN_IF_ERROR(name_is_free(name, false, context, out));
  sql::Statement stored{{}, statement};
  ASSIGN_OR_RETURN(std::vector<ObjectId> uses,
                   sql::resolve_item_names(stored, context.catalog, context.names));
  auto& type = std::get<sql::CreateType>(stored.kind);
  catalog::CatalogItem item = new_item(name, catalog::ItemKind::kType, context);
  sql::PlanContext plan_context{.catalog = context.catalog, .names = context.names};
  RETURN_IF_ERROR(fill_type(item, type, plan_context));
  type.name = sql::name_reference(item);
  item.create_sql = sql::print(stored);
  item.uses = std::move(uses);
  out.changes.push_back(put_item(std::move(item)));
  return out;
}

}  // namespace penstock::coordinator
