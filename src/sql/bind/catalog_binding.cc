// Names of relations -> what they hold: WITH names, tables, sources, materialized views; views are
// bound in place of their name, once for a statement.
#include <algorithm>

#include "sql/bind/binder.h"
#include "sql/bind/from_binder.h"
#include "sql/parse/parse.h"
#include "sql/resolve/item_names.h"

namespace penstock::sql {

using catalog::CatalogItem;
using catalog::ItemKind;
using catalog::ItemRef;

namespace {

Scope scope_of(const std::vector<types::ColumnDesc>& columns, ScopeTable table) {
  Scope scope;
  scope.tables = {std::move(table)};
  for (const types::ColumnDesc& column : columns) {
    scope.star.push_back(scope.columns.size());
    scope.columns.push_back({column.name, column.type, 0});
  }
  return scope;
}

}  // namespace

Result<ItemRef> Binder::resolve_item(const ItemName& name) {
  Result<ItemRef> found = lookup_item(name, catalog(), options_.names);
  if (!found) return fail(positioned(std::move(found).error(), name.range));
  ItemRef item = std::move(*found);
  if (views_in_binding_.empty() &&
      std::ranges::find(dependencies_, item->id) == dependencies_.end()) {
    dependencies_.push_back(item->id);
  }
  return item;
}

Result<BoundTable> Binder::bind_named(const ItemName& name, const std::optional<TableAlias>& alias,
                                      const ScopeChain* outer) {
  BoundTable table;
  const WithName* with =
      name.id || name.parts.size() > 1 ? nullptr : find_with_name(name.parts[0].text);
  if (with != nullptr) {
    table.rel = shift_levels(with->rel, depth_of(outer) - with->depth);
    table.scope = scope_of(with->columns, {{with->name}});
  } else {
    ASSIGN_OR_RETURN(ItemRef item, resolve_item(name));
    ASSIGN_OR_RETURN(table, bind_item(*item));
  }
  if (alias) {
    RETURN_IF_ERROR(apply_alias(*alias, table));
  }
  return table;
}

const Binder::WithName* Binder::find_with_name(const std::string& name) const {
  for (size_t i = with_names_.size(); i-- > 0;) {
    if (with_names_[i].name == name) return &with_names_[i];
  }
  return nullptr;
}

Result<BoundTable> Binder::bind_item(const CatalogItem& item) {
  ScopeTable name{{item.name.database, item.name.schema, item.name.item}};
  if (name.name[0].empty()) name.name.erase(name.name.begin());
  if (!item.relation) {
    return fail(sql_state::kWrongObjectType, std::string(catalog::item_kind_name(item.kind)) + " " +
                                                 catalog().full_name(item) +
                                                 " cannot be depended upon");
  }
  BoundTable table;
  table.scope = scope_of(item.relation->columns, std::move(name));
  if (item.kind == ItemKind::kView) {
    ASSIGN_OR_RETURN(const uint64_t cte, bind_view(item));
    table.rel = bound_cte_get(cte, ctes_[cte].rel->columns);
    for (size_t i = 0; i < table.scope.columns.size(); ++i) {
      table.scope.columns[i].type = table.rel->columns[i];
    }
  } else {
    table.rel = bound_get(CollectionId{item.id.value}, *item.relation);
  }
  return table;
}

Result<uint64_t> Binder::bind_view(const CatalogItem& view) {
  if (auto known = view_ctes_.find(view.id); known != view_ctes_.end()) return known->second;
  const auto& facts = std::get<catalog::ViewFacts>(view.facts);
  ASSIGN_OR_RETURN(Statement statement, parse_statement(facts.query_sql));
  const auto* select = std::get_if<SelectStatement>(&statement.kind);
  if (select == nullptr) {
    return fail(sql_state::kInternalError,
                "the definition of view \"" + view.name.item + "\" is no query");
  }
  // Nothing of the statement around is visible inside the view.
  std::vector<WithName> names;
  names.swap(with_names_);
  const bool in_view = std::exchange(options_.in_view, true);
  views_in_binding_.push_back(view.id);
  Result<BoundTable> bound = bind_relation(select->query, nullptr);
  views_in_binding_.pop_back();
  options_.in_view = in_view;
  names.swap(with_names_);
  if (!bound) {
    Error error = std::move(bound).error();
    error.position = 0;
    return fail(std::move(error));
  }
  if (bound->rel->columns.size() != view.relation->columns.size()) {
    return fail(sql_state::kInternalError,
                "the definition of view \"" + view.name.item + "\" has changed its columns");
  }
  const uint64_t cte = add_cte(bound->rel, view.relation->columns);
  view_ctes_[view.id] = cte;
  return cte;
}

}  // namespace penstock::sql
