// What the planner's tests share: a small catalog, tables with rows, and queries taken through the
// whole planner and run by the naive interpreter.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog_state.h"
#include "sql/planner.h"
#include "sql/testing/interpreter_test.h"

namespace penstock::sql {

class PlannerFixture {
 public:
  PlannerFixture();

  // `columns`: "a int4 not null, b text"; `keys` by position.
  void table(const std::string& name, const std::string& columns,
             std::vector<std::vector<size_t>> keys);
  void view(const std::string& name, const std::string& query);
  // Rows as VALUES: "(1, 'x'), (2, NULL)".
  void rows(const std::string& table, const std::string& values);
  void put(catalog::CatalogItem item);

  PlanContext context() const;
  PlanContext maintained() const;  // No statement: as for a materialized view.

  Result<QueryPlan> plan(const std::string& query) const;
  Result<QueryPlan> plan_maintained(const std::string& query) const;

  // Rows in the order of ORDER BY, then sorted: "1,x|2,NULL"; a planning error "42703: message"; an
  // error of a row "error: message". The lowered, the optimised and the dataflow plan are all run
  // and must agree; the latter two may have fewer errors.
  std::string run(const std::string& query) const;
  // The error of planning, "42703: message"; "" when there is none.
  std::string error(const std::string& query) const;
  std::string explain(const std::string& query) const;
  std::string explain_dataflow(const std::string& query) const;
  // "a int4, b text null (0)(1,2)": names, types, nullable ones marked, keys.
  std::string type_of(const std::string& query) const;

  const Database& database() const { return database_; }
  catalog::ItemRef item(const std::string& name) const;

 private:
  plan::CollectionNames names() const;

  catalog::CatalogState catalog_;
  expr::StatementContext statement_;
  Database database_;
  uint64_t next_id_;
  mutable std::vector<types::SqlType> parameters_;
};

Query query_of(const std::string& text);
std::string text_of(const Error& error);

}  // namespace penstock::sql
