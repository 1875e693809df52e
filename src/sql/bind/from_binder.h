// Binds what stands in FROM: tables, derived tables, table functions, joins. Used by Binder alone.
#pragma once

#include <optional>
#include <vector>

#include "sql/bind/binder.h"
#include "sql/parse/ast_query.h"

namespace penstock::sql {

class FromBinder {
 public:
  explicit FromBinder(Binder& binder) : binder_(binder) {}

  // `outer`: what the item sees; scopes of kLateral at its head are the left sides of joins around
  // it, seen only by what is lateral.
  Result<BoundTable> bind(const TableExpr& item, const ScopeChain* outer);

  Result<BoundTable> operator()(const NamedTable& table);
  Result<BoundTable> operator()(const DerivedTable& table);
  Result<BoundTable> operator()(const FunctionTable& table);
  Result<BoundTable> operator()(const Join& join);
  Result<BoundTable> operator()(const NestedTable& table);

 private:
  Result<BoundTable> bind_call(const FunctionCall& call, const ScopeChain* scopes,
                               bool with_ordinality);
  Result<BoundTable> bind_rows_from(const FunctionTable& table, const ScopeChain* scopes);
  Result<BoundTable> join_on(const Join& join, BoundTable left, BoundTable right);
  Result<BoundTable> join_using(const Join& join, BoundTable left, BoundTable right,
                                const std::vector<std::string>& names);

  Binder& binder_;
  const ScopeChain* outer_ = nullptr;
};

// The table under another name, and its columns too: AS t (x, y).
Status apply_alias(const TableAlias& alias, BoundTable& table);
// Table functions side by side, the shorter ones padded with NULL; the columns of all, in order,
// then the ordinality.
BoundRelRef zipped(const std::vector<TableCall>& calls);

}  // namespace penstock::sql
