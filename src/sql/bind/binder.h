// Gives every name, type and overload of a query its meaning: syntax tree + catalog -> bound tree.
//
// One Binder binds one statement; it collects on the way what the statement depends on and the
// types of its parameters. Pure: it reads the catalog and nothing else. Positions of errors are
// 1-based bytes of the statement's text.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_view.h"
#include "expr/cast_catalogue.h"
#include "sql/bind/bound.h"
#include "sql/bind/scope.h"
#include "sql/parse/ast_query.h"
#include "sql/parse/ast_show.h"

namespace penstock::sql {

// A query with its output columns. `rel` has the visible columns first, then columns that only
// `order` needs.
struct BoundQuery {
  BoundRelRef rel;
  std::vector<types::ColumnDesc> columns;  // The visible ones; a type may be kUnknown.
  std::vector<plan::SortColumn> order;
  std::optional<uint64_t> limit;
  uint64_t offset = 0;
};

// A relation in FROM and the names it brings.
struct BoundTable {
  BoundRelRef rel;
  Scope scope;
};

// A relation bound once for the statement; BoundRelKind::kCteGet refers to it by position.
struct BoundCte {
  BoundRelRef rel;
  std::vector<types::ColumnDesc> columns;
};

// A call of a table function: its arguments, and the columns it makes.
struct TableCall {
  plan::TableFunction function = plan::TableFunction::kGenerateSeriesInt8;
  std::vector<BoundExprRef> arguments;
  std::vector<types::ColumnDesc> columns;
};

// Such a call in a SELECT list: its column is appended to the rows of FROM.
struct SelectListCall {
  BoundExprRef value;  // The column that holds its result.
  TableCall resolved;  // Its arguments stand on the rows of FROM.
  FunctionCall call;
};

// Where an expression stands.
struct ExprContext {
  const ScopeChain* scopes = nullptr;
  std::string_view clause;  // "WHERE clause": as messages name the place.
  bool aggregates = false;  // Are they allowed here?
  bool in_aggregate = false;
  std::vector<SelectListCall>* table_functions = nullptr;  // Null: not allowed here.
};

inline constexpr int kMaxParameters = 65535;

struct BinderOptions {
  const catalog::CatalogView* catalog = nullptr;
  catalog::NameContext names;
  bool in_view = false;  // Parameters and SHOW are not allowed.
  // Types of $1... as far as the client declared them.
  std::vector<std::optional<types::SqlType>> parameter_types;
  // Values of $1..., when the statement is to be run; then every type is known.
  std::optional<std::vector<types::Datum>> parameter_values;
  // What SHOW in the place of a SELECT stands for; may be empty.
  std::function<Result<Query>(const ShowStatement&)> show_query;
};

struct OverloadChoice;

class Binder {
 public:
  explicit Binder(BinderOptions options) : options_(std::move(options)) {}

  Result<BoundQuery> bind_query(const Query& query, const ScopeChain* outer);
  // The query as a relation of its visible columns: ORDER BY matters only with LIMIT; columns
  // still untyped are text.
  Result<BoundTable> bind_relation(const Query& query, const ScopeChain* outer);
  // The query's columns brought to `types`; untyped ones always can be. constructs[i] names the
  // place of column i in errors.
  Result<BoundRelRef> bind_as_types(const BoundQuery& query,
                                    const std::vector<types::SqlType>& types,
                                    expr::CastContext cast,
                                    const std::vector<std::string>& constructs);
  // What the query's columns are for, as a hint to parameters that stand alone in them.
  void hint_parameters(const QueryBody& body, const std::vector<types::SqlType>& types);
  // VALUES whose columns are assigned to `columns`: for INSERT.
  Result<BoundRelRef> bind_assigned_values(const ValuesBody& values,
                                           const std::vector<types::ColumnDesc>& columns,
                                           const std::vector<BoundExprRef>& defaults);
  // A name in FROM: of WITH, or of the catalog.
  Result<BoundTable> bind_named(const ItemName& name, const std::optional<TableAlias>& alias,
                                const ScopeChain* outer);
  Result<BoundTable> bind_item(const catalog::CatalogItem& item);
  // FROM items joined by commas onto `left`, if there is one.
  Result<BoundTable> bind_from(const std::vector<TableExpr>& items, std::optional<BoundTable> left,
                               const ScopeChain* outer);

  Result<BoundExprRef> bind_expr(const Expr& expr, const ExprContext& context);
  // A predicate: must be of type boolean.
  Result<BoundExprRef> bind_predicate(const Expr& expr, const ExprContext& context);
  // The expression, not yet of `type`; but the parts of a constructor (LIST[...], ROW(...)) are
  // already brought to what they are in such a type, each by itself.
  Result<BoundExprRef> bind_towards(const Expr& expr, const ExprContext& context,
                                    const types::SqlType& type, expr::CastContext cast);
  // A value of a known type.
  Result<BoundExprRef> bind_as(const Expr& expr, const ExprContext& context,
                               const types::SqlType& type, expr::CastContext cast);

  // `expression` brought to `type`. `construct` names the place in errors ("CASE", `column "f"`).
  Result<BoundExprRef> coerce(BoundExprRef expression, const types::SqlType& type,
                              expr::CastContext cast, std::string_view construct);
  // All brought to one type. `construct` as in `CASE types integer and text cannot be matched`.
  Result<std::vector<BoundExprRef>> coerce_to_common(std::vector<BoundExprRef> expressions,
                                                     std::string_view construct);
  // Untyped literals become text.
  Result<BoundExprRef> coerce_untyped(BoundExprRef expression);

  // A call by name of a function that is no aggregate and no table function.
  Result<BoundExprRef> call_function(std::string_view name, std::vector<BoundExprRef> arguments);
  // Records are brought to their common type first.
  Result<BoundExprRef> call_operator(std::string_view op, std::vector<BoundExprRef> arguments);

  // A type of CREATE TYPE becomes a dependency.
  Result<types::SqlType> resolve_type(const TypeName& type);
  // The type as pg_typeof names it.
  std::string named_type_text(const types::SqlType& type) const;

  const std::vector<BoundCte>& ctes() const { return ctes_; }
  // Catalog items used directly, views among them, in order of first use.
  const std::vector<ObjectId>& dependencies() const { return dependencies_; }
  // $1...: what is known of their types so far.
  const std::vector<std::optional<types::SqlType>>& parameter_types() const {
    return options_.parameter_types;
  }
  const catalog::CatalogView& catalog() const { return *options_.catalog; }
  const BinderOptions& options() const { return options_; }
  Result<catalog::ItemRef> resolve_item(const ItemName& name);

 private:
  friend class ExpressionBinder;
  friend class SelectBinder;
  friend class FromBinder;

  // A name of WITH that is visible now. A correlated query is bound in place of each use.
  struct WithName {
    std::string name;
    BoundRelRef rel;
    std::vector<types::ColumnDesc> columns;
    size_t depth = 0;  // How many scopes were open where it was bound.
  };

  Result<BoundQuery> bind_body(const QueryBody& body, const ScopeChain* outer);
  Result<BoundQuery> bind_set_operation(const SetOperation& operation, const ScopeChain* outer);
  Result<BoundQuery> bind_values(const ValuesBody& values, const ScopeChain* outer);
  Status bind_with(const std::vector<CommonTable>& tables, const ScopeChain* outer);
  Status bind_order_of_body(const Query& query, BoundQuery& bound);
  Status bind_limits(const Query& query, BoundQuery& bound);
  Result<std::optional<int64_t>> bind_count(const Expr& expr, const char* clause);
  const WithName* find_with_name(const std::string& name) const;
  Result<uint64_t> bind_view(const catalog::CatalogItem& view);
  void hint_parameter(const Expr& expr, const types::SqlType& type);
  Result<types::SqlType> created_type(const NamedType& type);
  Result<types::SqlType> made_type(const TypeName& type);
  Result<BoundExprRef> set_parameter_type(const BoundExprRef& parameter,
                                          const types::SqlType& type);
  Result<BoundExprRef> with_fields_as(const BoundExprRef& row, const types::RecordFields& fields,
                                      expr::CastContext cast, std::string_view construct);
  Result<BoundExprRef> call_of(const expr::FunctionSpec& function,
                               std::vector<BoundExprRef> arguments, const OverloadChoice& choice);
  uint64_t add_cte(BoundRelRef rel, std::vector<types::ColumnDesc> columns);

  BinderOptions options_;
  std::vector<BoundCte> ctes_;
  std::vector<WithName> with_names_;
  std::map<ObjectId, uint64_t> view_ctes_;
  std::vector<ObjectId> views_in_binding_;
  std::vector<ObjectId> dependencies_;
};

// Runs a query already bound: applies its LIMIT and drops what only ORDER BY needed.
BoundRelRef finished(const BoundQuery& query);
size_t depth_of(const ScopeChain* scopes);

// Whether a type may be made at all: 54000 beyond the limits of nesting, 0A000 for arrays of lists
// and of maps.
Status check_made_type(const types::SqlType& type);

// The error with a position, unless it has one.
Error positioned(Error error, ByteRange range);

}  // namespace penstock::sql
