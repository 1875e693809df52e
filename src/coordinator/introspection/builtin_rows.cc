// Finds who makes a relation's rows.
#include "coordinator/introspection/builtin_rows.h"

#include "base/check.h"

namespace penstock::coordinator {

std::vector<BuiltinRow> builtin_rows(const catalog::CatalogItem& relation,
                                     const IntrospectionSources& sources) {
  std::string name = relation.name.schema + "." + relation.name.item;
  for (auto* find : {&catalog_rows, &object_rows, &runtime_rows, &sink_rows, &pg_rows}) {
    if (RowsFunction make = find(name)) {
      std::vector<BuiltinRow> rows = make(sources);
      for (const BuiltinRow& row : rows) {
        CHECK_OP(==, row.size(), relation.relation->columns.size());
      }
      return rows;
    }
  }
  check_failed(__FILE__, __LINE__, "somebody makes the rows", name);
}

}  // namespace penstock::coordinator
