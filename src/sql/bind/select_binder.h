// Binds one SELECT with the ORDER BY that belongs to it. Used by Binder alone; lives for one
// SELECT. See select_binder.cc for the order of things.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/bind/binder.h"
#include "sql/parse/ast_query.h"

namespace penstock::sql {

class SelectBinder {
 public:
  SelectBinder(Binder& binder, const Select& select, const std::vector<OrderItem>& order_by,
               const ScopeChain* outer)
      : binder_(binder), select_(select), order_by_(order_by), outer_(outer) {}

  Result<BoundQuery> bind();

 private:
  // An output column.
  struct Item {
    BoundExprRef value;
    std::string name;
    bool untyped = false;
  };

  Status bind_from_and_where();
  Status bind_items();
  Status add_star(const std::vector<size_t>& columns, size_t level);
  Status add_fields(const Expr& operand, const ExprContext& context);
  Status bind_group_by();
  Status bind_order_by();
  Status bind_distinct_on();
  Result<BoundExprRef> bind_group_item(const Expr& expr);
  Result<BoundExprRef> bind_order_item(const Expr& expr);
  Result<std::optional<size_t>> find_output(const Expr& expr) const;
  Status add_table_functions();
  Status group();
  Result<BoundExprRef> over_groups(const BoundExprRef& expression);
  Result<BoundQuery> finish();
  Result<BoundRelRef> distinct_on(BoundRelRef rel, const std::vector<size_t>& positions,
                                  const std::vector<plan::SortColumn>& order) const;
  std::vector<BoundExprRef*> outputs();

  Binder& binder_;
  const Select& select_;
  const std::vector<OrderItem>& order_by_;
  const ScopeChain* outer_;

  BoundRelRef rel_;
  Scope scope_;
  std::vector<Item> items_;
  std::vector<SelectListCall> calls_;
  std::vector<BoundExprRef> group_;
  std::vector<BoundExprRef> order_;        // One per ORDER BY item.
  std::vector<BoundExprRef> distinct_on_;  // One per DISTINCT ON expression.
  BoundExprRef having_;
  std::vector<BoundExprRef> aggregates_;
};

// The name of an output column without alias: see the reference of SELECT.
std::string output_name(const Expr& expr);

plan::SortColumn sort_column(size_t column, const OrderItem& item);
// The item that an integer literal in ORDER BY or GROUP BY names; nothing for other expressions.
Result<std::optional<size_t>> ordinal_of(const Expr& expr, size_t count, const char* clause);

}  // namespace penstock::sql
