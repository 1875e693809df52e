// JSON forms of catalog objects.
#include "catalog/durable_item.h"

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace penstock::catalog {
namespace {

using Json = nlohmann::json;

const std::pair<ItemKind, const char*> kKindNames[] = {
    {ItemKind::kTable, "table"},
    {ItemKind::kSource, "source"},
    {ItemKind::kView, "view"},
    {ItemKind::kMaterializedView, "materialized-view"},
    {ItemKind::kIndex, "index"},
    {ItemKind::kSink, "sink"},
    {ItemKind::kConnection, "connection"},
    {ItemKind::kSecret, "secret"},
    {ItemKind::kType, "type"}};

std::unexpected<Error> damaged(const std::string& what) {
  return fail(sql_state::kInternalError, "the stored catalog has an unreadable entry: " + what);
}

// nlohmann throws on a wrong type or a missing member: caught here, at the seam.
template <typename Body>
auto guarded(const std::string& what, const Body& body) -> decltype(body(Json())) {
  try {
    return body(Json::parse(what));
  } catch (const Json::exception& error) {
    return damaged(std::string(error.what()) + " in " + what.substr(0, 200));
  }
}

std::string details_of(const CatalogItem& item) {
  if (const auto* source = std::get_if<defs::PostgresSourceDef>(&item.facts)) {
    return encode_source_details(*source);
  }
  if (const auto* table = std::get_if<defs::SourceTableDef>(&item.facts)) {
    return encode_table_details(*table);
  }
  return "{}";
}

std::string encode_item(const CatalogItem& item) {
  const char* kind = "";
  for (const auto& [value, name] : kKindNames) {
    if (value == item.kind) kind = name;
  }
  return Json{{"id", item.id.value},
              {"oid", item.oid},
              {"kind", kind},
              {"database", item.name.database},
              {"schema", item.name.schema},
              {"name", item.name.item},
              {"owner", item.owner},
              {"cluster", item.cluster.value},
              {"create_sql", item.create_sql},
              {"details", Json::parse(details_of(item))}}
      .dump();
}

struct Encoder {
  DurableChange operator()(const CreateDatabase& c) const {
    return {"database/" + c.name, Json{{"id", c.id}, {"owner", c.owner}}.dump()};
  }
  DurableChange operator()(const DropDatabase& c) const {
    return {"database/" + c.name, std::nullopt};
  }
  DurableChange operator()(const CreateSchema& c) const {
    return {
        schema_key(c.database, c.name),
        Json{{"id", c.id}, {"database", c.database}, {"name", c.name}, {"owner", c.owner}}.dump()};
  }
  DurableChange operator()(const DropSchema& c) const {
    return {schema_key(c.database, c.name), std::nullopt};
  }
  DurableChange operator()(const CreateCluster& c) const {
    return {"cluster/" + std::to_string(c.id.value),
            Json{{"id", c.id.value},
                 {"name", c.name},
                 {"size", c.size},
                 {"replication_factor", c.replication_factor},
                 {"owner", c.owner}}
                .dump()};
  }
  DurableChange operator()(const DropCluster& c) const {
    return {"cluster/" + std::to_string(c.id.value), std::nullopt};
  }
  DurableChange operator()(const CreateRole& c) const { return {"role/" + c.name, "{}"}; }
  DurableChange operator()(const PutItem& c) const {
    return {"item/" + std::to_string(c.item->id.value), encode_item(*c.item)};
  }
  DurableChange operator()(const DropItem& c) const {
    return {"item/" + std::to_string(c.id.value), std::nullopt};
  }
  DurableChange operator()(const SetComment& c) const {
    std::string key = "comment/" + std::to_string(c.id.value) + "/" + std::to_string(c.column);
    if (!c.text) return {key, std::nullopt};
    return {key, Json{{"id", c.id.value}, {"column", c.column}, {"text", *c.text}}.dump()};
  }
  DurableChange operator()(const SetRoleComment& c) const {
    if (!c.text) return {"role-comment/" + c.role, std::nullopt};
    return {"role-comment/" + c.role, Json{{"text", *c.text}}.dump()};
  }
  DurableChange operator()(const SetSystemParameter& c) const {
    if (!c.value) return {"parameter/" + c.name, std::nullopt};
    return {"parameter/" + c.name, Json{{"value", *c.value}}.dump()};
  }

  static std::string schema_key(const std::string& database, const std::string& name) {
    // A name may have any characters: its length keeps "a" and "b/c" apart from "a/b" and "c".
    return "schema/" + std::to_string(database.size()) + "/" + database + "/" + name;
  }
};

Json encode_upstream(const defs::UpstreamTable& table) {
  Json columns = Json::array();
  for (const defs::UpstreamColumn& column : table.columns) {
    columns.push_back({{"name", column.name},
                       {"attribute_number", column.attribute_number},
                       {"type_oid", column.type_oid},
                       {"type_modifier", column.type_modifier},
                       {"not_null", column.not_null}});
  }
  Json keys = Json::array();
  for (const defs::UpstreamKey& key : table.keys) {
    keys.push_back({{"name", key.name},
                    {"primary", key.primary},
                    {"nulls_not_distinct", key.nulls_not_distinct},
                    {"columns", key.columns}});
  }
  return {{"oid", table.oid},
          {"schema", table.schema_name},
          {"table", table.table_name},
          {"columns", columns},
          {"keys", keys}};
}

defs::UpstreamTable decode_upstream(const Json& json) {
  defs::UpstreamTable table;
  table.oid = json.at("oid");
  table.schema_name = json.at("schema");
  table.table_name = json.at("table");
  for (const Json& column : json.at("columns")) {
    table.columns.push_back({column.at("name"), column.at("attribute_number"),
                             column.at("type_oid"), column.at("type_modifier"),
                             column.at("not_null")});
  }
  for (const Json& key : json.at("keys")) {
    table.keys.push_back({key.at("name"), key.at("primary"), key.at("nulls_not_distinct"),
                          key.at("columns").get<std::vector<size_t>>()});
  }
  return table;
}

}  // namespace

DurableChange encode_change(const CatalogChange& change) {
  return std::visit(Encoder{}, change);
}

Result<DurableItem> decode_item(const std::string& value) {
  return guarded(value, [&](const Json& json) -> Result<DurableItem> {
    DurableItem item;
    item.id = ObjectId{json.at("id").get<uint64_t>()};
    item.oid = json.at("oid");
    std::string kind = json.at("kind");
    bool known = false;
    for (const auto& [candidate, name] : kKindNames) {
      if (kind == name) {
        item.kind = candidate;
        known = true;
      }
    }
    if (!known) return damaged(value);
    item.name = {json.at("database"), json.at("schema"), json.at("name")};
    item.owner = json.at("owner");
    item.cluster = ClusterId{json.at("cluster").get<uint64_t>()};
    item.create_sql = json.at("create_sql");
    item.details_json = json.at("details").dump();
    return item;
  });
}

Result<CatalogChange> decode_change(const std::string& key, const std::string& value) {
  return guarded(value, [&](const Json& json) -> Result<CatalogChange> {
    auto rest = [&](const char* prefix) { return key.substr(std::string(prefix).size()); };
    if (key.starts_with("database/")) {
      return CreateDatabase{json.at("id"), rest("database/"), json.at("owner")};
    }
    if (key.starts_with("schema/")) {
      return CreateSchema{json.at("id"), json.at("database"), json.at("name"), json.at("owner")};
    }
    if (key.starts_with("cluster/")) {
      return CreateCluster{ClusterId{json.at("id").get<uint64_t>()}, json.at("name"),
                           json.at("size"), json.at("replication_factor"), json.at("owner")};
    }
    if (key.starts_with("role/")) return CreateRole{rest("role/")};
    if (key.starts_with("comment/")) {
      return SetComment{ObjectId{json.at("id").get<uint64_t>()}, json.at("column"),
                        json.at("text").get<std::string>()};
    }
    if (key.starts_with("role-comment/")) {
      return SetRoleComment{rest("role-comment/"), json.at("text").get<std::string>()};
    }
    if (key.starts_with("parameter/")) {
      return SetSystemParameter{rest("parameter/"), json.at("value").get<std::string>()};
    }
    return damaged(key);
  });
}

std::string encode_source_details(const defs::PostgresSourceDef& source) {
  return Json{{"slot", source.slot_name},
              {"database", source.database},
              {"system_identifier", source.identity.system_identifier},
              {"timeline", source.identity.timeline}}
      .dump();
}

std::string encode_table_details(const defs::SourceTableDef& table) {
  return Json{{"upstream", encode_upstream(table.upstream)},
              {"columns", table.columns},
              {"as_text", table.as_text}}
      .dump();
}

Status decode_source_details(const std::string& json_text, defs::PostgresSourceDef& source) {
  return guarded(json_text, [&](const Json& json) -> Status {
    source.slot_name = json.at("slot");
    source.database = json.at("database");
    source.identity.system_identifier = json.at("system_identifier");
    source.identity.timeline = json.at("timeline");
    return {};
  });
}

Status decode_table_details(const std::string& json_text, defs::SourceTableDef& table) {
  return guarded(json_text, [&](const Json& json) -> Status {
    table.upstream = decode_upstream(json.at("upstream"));
    table.columns = json.at("columns").get<std::vector<size_t>>();
    table.as_text = json.at("as_text").get<std::vector<bool>>();
    return {};
  });
}

}  // namespace penstock::catalog
