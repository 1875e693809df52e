// The names an expression sees: the columns of a row and the tables they came from, and the scopes
// around it. Owned by the binder while one query is bound.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "types/sql_type.h"

namespace penstock::sql {

// A table in FROM. `name` is [database, schema, item] of a catalog item without an alias, else only
// the alias. An empty name: a derived table without alias, which nothing can name.
struct ScopeTable {
  std::vector<std::string> name;
  friend bool operator==(const ScopeTable&, const ScopeTable&) = default;
};

inline constexpr size_t kNoTable = SIZE_MAX;

struct ScopeColumn {
  std::string name;
  types::ColumnType type;
  size_t table = kNoTable;        // Position in Scope::tables.
  size_t using_alias = kNoTable;  // JOIN ... USING (...) AS alias: also a column of this table.
  bool merged_away = false;       // The other side of USING: seen only with its table's name.
};

struct Scope {
  std::vector<ScopeColumn> columns;
  std::vector<ScopeTable> tables;
  // What `*` names, in its order: USING columns first.
  std::vector<size_t> star;
};

// A scope that cannot be seen takes up a level all the same.
enum class Visibility : uint8_t {
  kVisible,
  kLateral,  // The left side of a join: seen by what is LATERAL on its right.
  kHidden,
};

// The scopes an expression sees, innermost first: level 0 is `scope`, level 1 `outer->scope`...
struct ScopeChain {
  const Scope* scope = nullptr;
  const ScopeChain* outer = nullptr;
  Visibility visibility = Visibility::kVisible;
  // May not be referred to though it is visible: the left of a RIGHT or FULL join.
  bool lateral_forbidden = false;
};

// A copy of the chain in which the scopes of kLateral have become `visibility`. The copied links
// are owned by `storage`.
using ScopeStorage = std::deque<ScopeChain>;
const ScopeChain* resolve_lateral(const ScopeChain* scopes, Visibility visibility,
                                  ScopeStorage& storage);

struct FoundColumn {
  size_t level = 0;
  size_t column = 0;
};

// `parts`: column, table.column, schema.table.column or database.schema.table.column.
// Errors: `column "x" does not exist` (42703), ambiguous column or table (42702).
Result<FoundColumn> find_column(const ScopeChain* scopes, const std::vector<std::string>& parts);

// Columns of `qualifier.*` in their order, from the innermost scope that has the table.
struct FoundTable {
  size_t level = 0;
  std::vector<size_t> columns;
};
Result<FoundTable> find_table_columns(const ScopeChain* scopes,
                                      const std::vector<std::string>& qualifier);

// `a` next to `b`, as in FROM a, b. Error: `table name "x" specified more than once` (42712).
Result<Scope> joined_scope(const Scope& a, const Scope& b);

// "t.a", or "a" where the column has no table.
std::string column_text(const Scope& scope, size_t column);

}  // namespace penstock::sql
