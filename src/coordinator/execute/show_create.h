// SHOW CREATE: an object's statement as its owner would write it today.
#pragma once

#include <string>

#include "base/result.h"
#include "catalog/catalog_state.h"
#include "sql/parse/ast_show.h"

namespace penstock::coordinator {

struct ShownCreate {
  std::string name;
  std::string create_sql;
};

// Errors: the object is of another kind, or of the system's own.
Result<ShownCreate> show_create(const sql::ShowCreate& show, const catalog::CatalogState& catalog,
                                const catalog::NameContext& names);

}  // namespace penstock::coordinator
