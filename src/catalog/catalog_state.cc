// Names, dependencies and the application of changes.
#include "catalog/catalog_state.h"

#include <algorithm>
#include <type_traits>

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

template <typename Key>
void set_or_erase(std::map<Key, std::string>& map, const std::type_identity_t<Key>& key,
                  const std::optional<std::string>& value) {
  if (value) {
    map[key] = *value;
  } else {
    map.erase(key);
  }
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
    void operator()(const DropDatabase& c) { state.drop_database(c.name); }
    void operator()(const CreateSchema& c) {
      state.schemas_[{c.database, c.name}] = {c.id, c.owner};
    }
    void operator()(const DropSchema& c) { state.drop_schema({c.database, c.name}); }
    void operator()(const CreateCluster& c) {
      state.clusters_[c.id] = {c.id, c.name, c.size, c.replication_factor, c.owner};
    }
    void operator()(const DropCluster& c) {
      state.clusters_.erase(c.id);
      state.remove_comments(ObjectId{c.id.value});
    }
    void operator()(const CreateRole& c) { state.roles_.insert(c.name); }
    void operator()(const PutItem& c) {
      state.remove_item(c.item->id);
      CHECK(!state.names_.contains(c.item->name));
      state.items_[c.item->id] = c.item;
      state.names_[c.item->name] = c.item->id;
    }
    void operator()(const DropItem& c) {
      state.remove_item(c.id);
      state.remove_comments(c.id);
    }
    void operator()(const SetComment& c) {
      set_or_erase(state.comments_, {c.id, c.column}, c.text);
    }
    void operator()(const SetRoleComment& c) { set_or_erase(state.role_comments_, c.role, c.text); }
    void operator()(const SetSystemParameter& c) {
      set_or_erase(state.parameters_, c.name, c.value);
    }
  };
  std::visit(Applier{*this}, change);
}

void CatalogState::drop_database(const std::string& name) {
  auto found = databases_.find(name);
  if (found == databases_.end()) return;
  remove_comments(ObjectId{found->second.id});
  databases_.erase(found);
}

void CatalogState::drop_schema(const std::pair<std::string, std::string>& name) {
  auto found = schemas_.find(name);
  if (found == schemas_.end()) return;
  uint64_t id = found->second.id;
  schemas_.erase(found);
  // A renamed schema is there already under its new name.
  bool renamed =
      std::ranges::any_of(schemas_, [&](const auto& entry) { return entry.second.id == id; });
  if (!renamed) remove_comments(ObjectId{id});
}

void CatalogState::remove_comments(ObjectId id) {
  std::erase_if(comments_, [&](const auto& entry) { return entry.first.first == id; });
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
