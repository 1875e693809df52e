// See scope.h.
#include "sql/bind/scope.h"

#include <algorithm>

namespace penstock::sql {
namespace {

constexpr SqlState kDuplicateAlias{"42712"};
constexpr SqlState kAmbiguousAlias{"42P09"};

std::string joined_name(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ".") + part;
  return out;
}

// `t` and `public.t` name penstock.public.t.
bool is_named(const ScopeTable& table, const std::vector<std::string>& qualifier) {
  return table.name.size() >= qualifier.size() &&
         std::equal(qualifier.rbegin(), qualifier.rend(), table.name.rbegin());
}

std::unexpected<Error> no_column(const std::vector<std::string>& parts) {
  return fail(sql_state::kUndefinedColumn, "column \"" + joined_name(parts) + "\" does not exist");
}

std::unexpected<Error> ambiguous_column(const std::string& name) {
  return fail(sql_state::kAmbiguousColumn, "column reference \"" + name + "\" is ambiguous");
}

std::unexpected<Error> lateral_forbidden() {
  return fail(SqlState("42P10"),
              "the combining JOIN type must be INNER or LEFT for a LATERAL reference");
}

Result<std::optional<size_t>> find_table(const Scope& scope,
                                         const std::vector<std::string>& qualifier) {
  std::optional<size_t> found;
  for (size_t i = 0; i < scope.tables.size(); ++i) {
    if (!is_named(scope.tables[i], qualifier)) continue;
    if (found) {
      return fail(kAmbiguousAlias,
                  "table reference \"" + joined_name(qualifier) + "\" is ambiguous");
    }
    found = i;
  }
  return found;
}

// The one column of `scope` that `matches`, if there is one.
template <typename Matches>
Result<std::optional<size_t>> one_column(const Scope& scope, const std::string& name,
                                         const Matches& matches) {
  std::optional<size_t> found;
  for (size_t i = 0; i < scope.columns.size(); ++i) {
    if (scope.columns[i].name != name || !matches(scope.columns[i])) continue;
    if (found) return ambiguous_column(name);
    found = i;
  }
  return found;
}

Result<FoundColumn> find_unqualified(const ScopeChain* scopes, const std::string& name) {
  size_t level = 0;
  for (const ScopeChain* chain = scopes; chain != nullptr; chain = chain->outer, ++level) {
    if (chain->visibility != Visibility::kVisible) continue;
    ASSIGN_OR_RETURN(std::optional<size_t> found,
                     one_column(*chain->scope, name,
                                [](const ScopeColumn& column) { return !column.merged_away; }));
    if (!found) continue;
    if (chain->lateral_forbidden) return lateral_forbidden();
    return FoundColumn{level, *found};
  }
  return no_column({name});
}

}  // namespace

const ScopeChain* resolve_lateral(const ScopeChain* scopes, Visibility visibility,
                                  ScopeStorage& storage) {
  if (scopes == nullptr || scopes->visibility != Visibility::kLateral) return scopes;
  ScopeChain link = *scopes;
  link.visibility = visibility;
  link.outer = resolve_lateral(scopes->outer, visibility, storage);
  storage.push_back(link);
  return &storage.back();
}

Result<FoundColumn> find_column(const ScopeChain* scopes, const std::vector<std::string>& parts) {
  if (parts.size() == 1) return find_unqualified(scopes, parts[0]);
  const std::vector<std::string> qualifier(parts.begin(), parts.end() - 1);
  size_t level = 0;
  for (const ScopeChain* chain = scopes; chain != nullptr; chain = chain->outer, ++level) {
    if (chain->visibility != Visibility::kVisible) continue;
    ASSIGN_OR_RETURN(std::optional<size_t> table, find_table(*chain->scope, qualifier));
    if (!table) continue;
    if (chain->lateral_forbidden) return lateral_forbidden();
    ASSIGN_OR_RETURN(std::optional<size_t> found,
                     one_column(*chain->scope, parts.back(), [&](const ScopeColumn& column) {
                       return column.table == *table || column.using_alias == *table;
                     }));
    if (!found) return no_column(parts);
    return FoundColumn{level, *found};
  }
  return no_column(parts);
}

Result<FoundTable> find_table_columns(const ScopeChain* scopes,
                                      const std::vector<std::string>& qualifier) {
  size_t level = 0;
  for (const ScopeChain* chain = scopes; chain != nullptr; chain = chain->outer, ++level) {
    if (chain->visibility != Visibility::kVisible) continue;
    ASSIGN_OR_RETURN(std::optional<size_t> table, find_table(*chain->scope, qualifier));
    if (!table) continue;
    FoundTable out{level, {}};
    for (size_t i = 0; i < chain->scope->columns.size(); ++i) {
      const ScopeColumn& column = chain->scope->columns[i];
      if (column.table == *table || column.using_alias == *table) out.columns.push_back(i);
    }
    return out;
  }
  return fail(sql_state::kUndefinedTable,
              "no table named '" + joined_name(qualifier) + "' in scope");
}

Result<Scope> joined_scope(const Scope& a, const Scope& b) {
  for (const ScopeTable& table : b.tables) {
    if (!table.name.empty() && std::ranges::find(a.tables, table) != a.tables.end()) {
      return fail(kDuplicateAlias,
                  "table name \"" + table.name.back() + "\" specified more than once");
    }
  }
  Scope out = a;
  out.tables.insert(out.tables.end(), b.tables.begin(), b.tables.end());
  for (ScopeColumn column : b.columns) {
    if (column.table != kNoTable) column.table += a.tables.size();
    if (column.using_alias != kNoTable) column.using_alias += a.tables.size();
    out.columns.push_back(std::move(column));
  }
  for (size_t column : b.star) out.star.push_back(column + a.columns.size());
  return out;
}

std::string column_text(const Scope& scope, size_t column) {
  const ScopeColumn& found = scope.columns[column];
  if (found.table == kNoTable || scope.tables[found.table].name.empty()) return found.name;
  return scope.tables[found.table].name.back() + "." + found.name;
}

}  // namespace penstock::sql
