// Names, dependencies and the application of changes.
#include "catalog/catalog_state.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::catalog {
namespace {

bool is_plain_identifier(const std::string& text) {
  if (text.empty()) return false;
  bool first = true;
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || c == '_';
    bool digit = (c >= '0' && c <= '9') || c == '$';
    if (!letter && (first || !digit)) return false;
    first = false;
  }
  static const std::set<std::string> reserved = {
      "all",    "and",     "any",    "array", "as",      "asc",       "case",      "cast",
      "check",  "column",  "create", "cross", "default", "desc",      "distinct",  "do",
      "else",   "end",     "except", "false", "fetch",   "for",       "from",      "full",
      "grant",  "group",   "having", "in",    "inner",   "intersect", "into",      "is",
      "join",   "left",    "like",   "limit", "natural", "not",       "null",      "offset",
      "on",     "options", "or",     "order", "outer",   "qualify",   "returning", "right",
      "select", "set",     "table",  "then",  "to",      "true",      "union",     "unique",
      "user",   "using",   "values", "when",  "where",   "window",    "with"};
  return !reserved.contains(text);
}

}  // namespace

std::string quote_identifier(const std::string& identifier) {
  if (is_plain_identifier(identifier)) return identifier;
  std::string out = "\"";
  for (char c : identifier) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

const std::vector<std::string>& CatalogState::implicit_schemas() {
  static const std::vector<std::string> schemas = {"mz_catalog", "pg_catalog", "mz_internal"};
  return schemas;
}

CatalogState::CatalogState() {
  uint64_t id = 1;
  for (const char* schema : {"mz_catalog", "mz_internal", "mz_introspection", "pg_catalog",
                             "information_schema", "mz_unsafe", "mz_catalog_unstable"}) {
    schemas_[{"", schema}] = {id++, "mz_system"};
  }
  roles_.insert("mz_system");
}

void CatalogState::apply(const CatalogChange& change) {
  struct Applier {
    CatalogState& state;
    void operator()(const CreateDatabase& c) { state.databases_[c.name] = {c.id, c.owner}; }
    void operator()(const DropDatabase& c) { state.databases_.erase(c.name); }
    void operator()(const CreateSchema& c) {
      state.schemas_[{c.database, c.name}] = {c.id, c.owner};
    }
    void operator()(const DropSchema& c) { state.schemas_.erase({c.database, c.name}); }
    void operator()(const CreateCluster& c) {
      state.clusters_[c.id] = {c.id, c.name, c.size, c.replication_factor, c.owner};
    }
    void operator()(const DropCluster& c) { state.clusters_.erase(c.id); }
    void operator()(const CreateRole& c) { state.roles_.insert(c.name); }
    void operator()(const PutItem& c) {
      state.remove_item(c.item->id);
      CHECK(!state.names_.contains(c.item->name));
      state.items_[c.item->id] = c.item;
      state.names_[c.item->name] = c.item->id;
    }
    void operator()(const DropItem& c) {
      state.remove_item(c.id);
      std::erase_if(state.comments_, [&](const auto& entry) { return entry.first.first == c.id; });
    }
    void operator()(const SetComment& c) {
      if (c.text) {
        state.comments_[{c.id, c.column}] = *c.text;
      } else {
        state.comments_.erase({c.id, c.column});
      }
    }
    void operator()(const SetSystemParameter& c) {
      if (c.value) {
        state.parameters_[c.name] = *c.value;
      } else {
        state.parameters_.erase(c.name);
      }
    }
  };
  std::visit(Applier{*this}, change);
}

void CatalogState::remove_item(ObjectId id) {
  auto found = items_.find(id);
  if (found == items_.end()) return;
  names_.erase(found->second->name);
  items_.erase(found);
}

ItemRef CatalogState::find_in(const std::string& database, const std::string& schema,
                              const std::string& item) const {
  auto found = names_.find({database, schema, item});
  if (found == names_.end()) found = names_.find({"", schema, item});
  return found == names_.end() ? nullptr : items_.at(found->second);
}

ItemRef CatalogState::find_item(const std::vector<std::string>& parts,
                                const NameContext& context) const {
  if (parts.size() == 3) return find_in(parts[0], parts[1], parts[2]);
  if (parts.size() == 2) return find_in(context.database, parts[0], parts[1]);
  if (parts.size() != 1) return nullptr;
  for (const std::string& schema : implicit_schemas()) {
    if (schema == "mz_internal") continue;
    auto found = names_.find({"", schema, parts[0]});
    if (found != names_.end()) return items_.at(found->second);
  }
  for (const std::string& schema : context.search_path) {
    if (ItemRef found = find_in(context.database, schema, parts[0])) return found;
  }
  return nullptr;
}

ItemRef CatalogState::item(ObjectId id) const {
  auto found = items_.find(id);
  return found == items_.end() ? nullptr : found->second;
}

ItemRef CatalogState::item_named(const FullName& name) const {
  auto found = names_.find(name);
  return found == names_.end() ? nullptr : items_.at(found->second);
}

std::string CatalogState::full_name(const CatalogItem& item) const {
  std::string schema_and_item =
      quote_identifier(item.name.schema) + "." + quote_identifier(item.name.item);
  if (item.is_system()) return schema_and_item;
  return quote_identifier(item.name.database) + "." + schema_and_item;
}

std::string CatalogState::minimal_name(const CatalogItem& item, const NameContext& context) const {
  if (find_item({item.name.item}, context) == items_.at(item.id)) {
    return quote_identifier(item.name.item);
  }
  if (find_item({item.name.schema, item.name.item}, context) == items_.at(item.id)) {
    return quote_identifier(item.name.schema) + "." + quote_identifier(item.name.item);
  }
  return full_name(item);
}

bool CatalogState::has_database(const std::string& name) const {
  return databases_.contains(name);
}

bool CatalogState::has_schema(const std::string& database, const std::string& name) const {
  return schemas_.contains({database, name}) || schemas_.contains({"", name});
}

std::optional<ClusterId> CatalogState::find_cluster(const std::string& name) const {
  for (const auto& [id, cluster] : clusters_) {
    if (cluster.name == name) return id;
  }
  return std::nullopt;
}

std::string CatalogState::cluster_name(ClusterId id) const {
  auto found = clusters_.find(id);
  return found == clusters_.end() ? std::string() : found->second.name;
}

std::string CatalogState::comment(ObjectId id, size_t column) const {
  auto found = comments_.find({id, column});
  return found == comments_.end() ? std::string() : found->second;
}

std::vector<ItemRef> CatalogState::dependents(ObjectId id) const {
  std::vector<ItemRef> out;
  for (const auto& [other_id, other] : items_) {
    if (std::ranges::find(other->uses, id) != other->uses.end()) out.push_back(other);
  }
  return out;
}

std::vector<ItemRef> CatalogState::with_dependents(ObjectId id) const {
  // An item is always younger than what it uses, unless ALTER made it point at something younger:
  // so the order is by walking, not by id.
  std::vector<ItemRef> out;
  std::set<ObjectId> seen;
  auto walk = [&](auto& self, const ItemRef& item) -> void {
    if (!seen.insert(item->id).second) return;
    for (const ItemRef& dependent : dependents(item->id)) self(self, dependent);
    out.push_back(item);
  };
  if (ItemRef root = item(id)) walk(walk, root);
  return out;
}

std::vector<ItemRef> CatalogState::items_in_schema(const std::string& database,
                                                   const std::string& schema) const {
  std::vector<ItemRef> out;
  for (const auto& [id, entry] : items_) {
    if (entry->name.database == database && entry->name.schema == schema) out.push_back(entry);
  }
  return out;
}

}  // namespace penstock::catalog
