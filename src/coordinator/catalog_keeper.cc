// Loading and changing the catalog.
#include "coordinator/catalog_keeper.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "catalog/builtin/builtin_relations.h"
#include "catalog/durable_item.h"
#include "coordinator/sequence/item_facts.h"
#include "defs/names.h"

namespace penstock::coordinator {
namespace {

constexpr const char* kPrefix = "catalog/";
constexpr const char* kNextId = "catalog-next-id";

Status add_builtins(catalog::CatalogState& state) {
  for (const catalog::ItemRef& item : catalog::builtin_items()) {
    const auto* view = std::get_if<catalog::ViewFacts>(&item->facts);
    if (view == nullptr) {
      state.apply(catalog::PutItem{item});
      continue;
    }
    catalog::DurableItem stored;
    stored.id = item->id;
    stored.oid = item->oid;
    stored.kind = item->kind;
    stored.name = item->name;
    stored.owner = item->owner;
    stored.create_sql =
        fmt::format("CREATE VIEW {}.{} AS {}", item->name.schema, item->name.item, view->query_sql);
    ASSIGN_OR_RETURN(catalog::CatalogItem planned, restore_item(stored, state));
    state.apply(catalog::PutItem{std::make_shared<const catalog::CatalogItem>(planned)});
  }
  return {};
}

// Items in an order in which each comes after what it uses: by id, and again for what had to wait,
// since an altered sink may use something younger than itself.
Status add_items(std::vector<catalog::DurableItem> items, catalog::CatalogState& state) {
  std::ranges::sort(items, {}, &catalog::DurableItem::id);
  while (!items.empty()) {
    std::vector<catalog::DurableItem> waiting;
    std::optional<Error> failure;
    for (catalog::DurableItem& stored : items) {
      Result<catalog::CatalogItem> item = restore_item(stored, state);
      if (item) {
        state.apply(catalog::PutItem{std::make_shared<const catalog::CatalogItem>(*item)});
        continue;
      }
      if (!failure) {
        failure =
            Error(sql_state::kInternalError, fmt::format("cannot load {} from the catalog: {}",
                                                         stored.name.item, item.error().message));
        failure->detail = stored.create_sql;
      }
      waiting.push_back(std::move(stored));
    }
    if (waiting.size() == items.size()) return fail(*failure);
    items = std::move(waiting);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<CatalogKeeper>> CatalogKeeper::load(const storage::MetaStore& meta) {
  std::unique_ptr<CatalogKeeper> keeper(new CatalogKeeper());
  auto state = std::make_shared<catalog::CatalogState>();
  RETURN_IF_ERROR(add_builtins(*state));
  ASSIGN_OR_RETURN(auto entries, meta.scan(kPrefix));
  std::vector<catalog::DurableItem> items;
  for (const auto& [key, value] : entries) {
    std::string name = key.substr(std::string(kPrefix).size());
    if (name.starts_with("item/")) {
      ASSIGN_OR_RETURN(catalog::DurableItem item, catalog::decode_item(value));
      items.push_back(std::move(item));
    } else {
      ASSIGN_OR_RETURN(catalog::CatalogChange change, catalog::decode_change(name, value));
      state->apply(change);
    }
  }
  RETURN_IF_ERROR(add_items(std::move(items), *state));
  ASSIGN_OR_RETURN(std::optional<std::string> next, meta.get(kNextId));
  uint64_t next_id = defs::kFirstUserId + 1;
  if (next) std::from_chars(next->data(), next->data() + next->size(), next_id);
  keeper->fresh_ = entries.empty();
  keeper->ids_ = IdMint(next_id);
  keeper->state_ = std::move(state);
  return keeper;
}

CatalogSnapshot CatalogKeeper::snapshot() const {
  std::lock_guard lock(mutex_);
  return state_;
}

std::vector<storage::MetaChange> CatalogKeeper::encode(
    const std::vector<catalog::CatalogChange>& changes) const {
  std::vector<storage::MetaChange> out;
  CatalogSnapshot before = snapshot();
  catalog::CatalogState after = *before;
  for (const catalog::CatalogChange& change : changes) {
    catalog::DurableChange durable = catalog::encode_change(change);
    out.push_back({kPrefix + durable.key, std::move(durable.value)});
    after.apply(change);
  }
  // What is dropped takes its comments along.
  for (const auto& [key, comment] : before->comments()) {
    if (after.comments().contains(key)) continue;
    catalog::SetComment removal{key.first, key.second, std::nullopt};
    out.push_back({kPrefix + catalog::encode_change(removal).key, std::nullopt});
  }
  out.push_back({kNextId, std::to_string(ids_.next())});
  return out;
}

void CatalogKeeper::apply(const std::vector<catalog::CatalogChange>& changes) {
  auto next = std::make_shared<catalog::CatalogState>(*snapshot());
  for (const catalog::CatalogChange& change : changes) next->apply(change);
  std::lock_guard lock(mutex_);
  state_ = std::move(next);
}

}  // namespace penstock::coordinator
