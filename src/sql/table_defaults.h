// The value a column gets when none is given.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog_item.h"
#include "sql/bind/binder.h"

namespace penstock::sql {

// The DEFAULT expression as a value of the column. Columns, subqueries and aggregates are errors.
Result<BoundExprRef> bind_default(Binder& binder, const Expr& expr,
                                  const types::ColumnDesc& column);

// One value for each column of the table; NULL where there is no DEFAULT.
Result<std::vector<BoundExprRef>> bind_defaults(Binder& binder, const catalog::CatalogItem& table);

}  // namespace penstock::sql
