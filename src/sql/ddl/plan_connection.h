// CREATE CONNECTION and ALTER CONNECTION: options to a definition. Nobody is contacted here.
#pragma once

#include "base/result.h"
#include "catalog/catalog_view.h"
#include "defs/connection_def.h"
#include "sql/parse/ast_statement_alter.h"
#include "sql/parse/ast_statement_create.h"

namespace penstock::sql {

struct ConnectionPlan {
  defs::ConnectionDef def;
  bool validate = true;  // WITH (VALIDATE): contact it before it is created.
};

Result<ConnectionPlan> plan_create_connection(const CreateConnection& statement,
                                              const catalog::CatalogView& catalog,
                                              const catalog::NameContext& context);

// Applies the actions to the stored statement, which is then planned again as a whole. `full_name`
// is the connection's, for refusals.
// Errors: 0A000 `invalid ALTER CONNECTION: ...`, and the refusals of single options.
Result<CreateConnection> alter_connection(CreateConnection stored,
                                          const AlterConnectionActions& actions,
                                          const std::string& full_name);

}  // namespace penstock::sql
