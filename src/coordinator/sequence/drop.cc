// DROP of items: dependents first, each with what stops it.
#include <fmt/core.h>

#include <algorithm>

#include "coordinator/sequence/statements.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using catalog::ItemKind;
using catalog::ItemRef;

void stop_effects(const catalog::CatalogItem& item, Sequenced& out) {
  CollectionId collection{item.id.value};
  switch (item.kind) {
    case ItemKind::kTable:
      if (const auto* table = std::get_if<defs::SourceTableDef>(&item.facts)) {
        out.effects.push_back(StopSourceTable{item.id, table->source});
      }
      out.effects.push_back(DropCollection{collection});
      return;
    case ItemKind::kMaterializedView:
      out.effects.push_back(StopView{collection});
      out.effects.push_back(DropCollection{collection});
      return;
    case ItemKind::kIndex:
      out.effects.push_back(StopIndex{item.id});
      return;
    case ItemKind::kSource:
      out.effects.push_back(StopSource{item.id});
      return;
    case ItemKind::kSink: {
      const auto& sink = std::get<defs::SinkDef>(item.facts);
      out.effects.push_back(StopSink{item.id});
      if (sink.resolved) drop_resolved_collection(*sink.resolved, out);
      if (sink.pending) drop_resolved_collection(*sink.pending, out);
      return;
    }
    case ItemKind::kSecret:
      out.effects.push_back(RemoveSecret{item.id});
      return;
    case ItemKind::kView:
    case ItemKind::kConnection:
    case ItemKind::kType:
      return;
  }
}

bool contains(const std::vector<ItemRef>& items, ObjectId id) {
  return std::ranges::any_of(items, [&](const ItemRef& item) { return item->id == id; });
}

// The first thing, other than an index, that depends on a named item and is not named itself.
Status check_restrict(const std::vector<ItemRef>& named, sql::ObjectType type,
                      const SequenceContext& context) {
  for (const ItemRef& item : named) {
    for (const ItemRef& dependent : context.catalog.dependents(item->id)) {
      if (dependent->kind == ItemKind::kIndex || contains(named, dependent->id)) continue;
      return fail(Error(sql_state::kDependentObjectsExist,
                        fmt::format("cannot drop {} \"{}\": still depended upon by {} \"{}\"",
                                    catalog::item_kind_name(kind_of(type)),
                                    context.catalog.minimal_name(*item, context.names),
                                    catalog::item_kind_name(dependent->kind),
                                    context.catalog.minimal_name(*dependent, context.names)))
                      .with_hint("Use DROP ... CASCADE to drop the dependent objects too."));
    }
  }
  return {};
}

Result<std::vector<ItemRef>> named_items(const sql::DropObjects& statement,
                                         const SequenceContext& context, Sequenced& out) {
  std::vector<ItemRef> named;
  for (const sql::ItemName& name : statement.names) {
    ItemRef found =
        name.id ? nullptr : context.catalog.find_item(sql::name_parts(name), context.names);
    if (!found && !name.id && statement.if_exists) {
      skip_missing(object_type_words(statement.type), name.parts.back().text, out);
      continue;
    }
    ASSIGN_OR_RETURN(ItemRef item, item_of_kind(name, kind_of(statement.type), context));
    if (item->is_system()) {
      return fail(sql_state::kInsufficientPrivilege,
                  fmt::format("cannot drop {} {} because it is required by the database system",
                              catalog::item_kind_name(item->kind), item->name.item));
    }
    if (!contains(named, item->id)) named.push_back(item);
  }
  return named;
}

}  // namespace

void drop_resolved_collection(CollectionId collection, Sequenced& out) {
  out.effects.push_back(StopView{collection});
  out.effects.push_back(DropCollection{collection});
}

void drop_items(const std::vector<ItemRef>& items, const SequenceContext& context, Sequenced& out) {
  (void)context;
  for (const ItemRef& item : items) {
    stop_effects(*item, out);
    out.changes.push_back(catalog::DropItem{item->id});
  }
}

Result<Sequenced> sequence(const sql::DropObjects& statement, SequenceContext& context) {
  if (statement.type == sql::ObjectType::kDatabase) return drop_databases(statement, context);
  if (statement.type == sql::ObjectType::kSchema) return drop_schemas(statement, context);
  if (statement.type == sql::ObjectType::kCluster) return drop_clusters(statement, context);
  Sequenced out;
  out.tag = fmt::format("DROP {}", object_type_words(statement.type));
  switch (statement.type) {
    case sql::ObjectType::kRole:
    case sql::ObjectType::kClusterReplica:
    case sql::ObjectType::kFunction:
    case sql::ObjectType::kNetworkPolicy:
    case sql::ObjectType::kSubsource:
    case sql::ObjectType::kObject:
      return fail(sql_state::kFeatureNotSupported, out.tag + " not yet supported");
    default:
      break;
  }
  ASSIGN_OR_RETURN(std::vector<ItemRef> named, named_items(statement, context, out));
  bool cascade = statement.behavior == sql::DropBehavior::kCascade;
  if (!cascade) RETURN_IF_ERROR(check_restrict(named, statement.type, context));
  std::vector<ItemRef> all;
  Notice cascades = notice(sql_state::kSuccessfulCompletion, "");
  size_t others = 0;
  for (const ItemRef& item : named) {
    for (const ItemRef& one : context.catalog.with_dependents(item->id)) {
      if (contains(all, one->id)) continue;
      all.push_back(one);
      if (contains(named, one->id) || one->kind == ItemKind::kIndex) continue;
      ++others;
      cascades.error.detail += fmt::format("{}drop cascades to {} {}", others == 1 ? "" : "\n",
                                           catalog::item_kind_name(one->kind),
                                           context.catalog.minimal_name(*one, context.names));
    }
  }
  if (others > 0) {
    cascades.error.message = fmt::format("drop cascades to {} other objects", others);
    out.notices.push_back(std::move(cascades));
  }
  drop_items(all, context, out);
  return out;
}

}  // namespace penstock::coordinator
