// Rows of pg_catalog: what drivers ask to learn types and relations.
#include <algorithm>
#include <iterator>

#include "coordinator/introspection/builtin_rows.h"

#include "base/check.h"
#include "coordinator/introspection/cells.h"
#include "coordinator/introspection/identity.h"
#include "coordinator/system_parameters.h"
#include "types/type_name.h"

namespace penstock::coordinator {
namespace {

using catalog::ItemKind;
using types::Datum;
using types::SqlType;
using types::TypeId;
using Rows = std::vector<BuiltinRow>;

constexpr TypeId kTypes[] = {
    TypeId::kBool,     TypeId::kInt2,    TypeId::kInt4,   TypeId::kInt8,      TypeId::kUInt2,
    TypeId::kUInt4,    TypeId::kUInt8,   TypeId::kFloat4, TypeId::kFloat8,    TypeId::kNumeric,
    TypeId::kText,     TypeId::kVarchar, TypeId::kBpchar, TypeId::kChar,      TypeId::kName,
    TypeId::kBytea,    TypeId::kDate,    TypeId::kTime,   TypeId::kTimestamp, TypeId::kTimestampTz,
    TypeId::kInterval, TypeId::kUuid,    TypeId::kJsonb,  TypeId::kOid,       TypeId::kMzTimestamp};

uint32_t schema_oid(const IntrospectionSources& s, const std::string& schema) {
  auto found = s.catalog.schemas().find({"", schema});
  return found == s.catalog.schemas().end() ? 0 : oid_of(found->second.id);
}

constexpr TypeId kPseudoTypes[] = {TypeId::kRecord, TypeId::kList, TypeId::kMap};

// What ranges are of.
constexpr TypeId kRangeElements[] = {TypeId::kInt4, TypeId::kInt8,      TypeId::kNumeric,
                                     TypeId::kDate, TypeId::kTimestamp, TypeId::kTimestampTz};

bool is_pseudo(TypeId type) {
  return std::ranges::find(kPseudoTypes, type) != std::end(kPseudoTypes);
}

std::string_view category(TypeId type) {
  if (is_pseudo(type)) return "P";
  switch (type) {
    case TypeId::kBool:
      return "B";
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kBpchar:
    case TypeId::kName:
      return "S";
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return "D";
    case TypeId::kInterval:
      return "T";
    case TypeId::kBytea:
    case TypeId::kUuid:
    case TypeId::kJsonb:
    case TypeId::kMzTimestamp:
      return "U";
    case TypeId::kRange:
      return "R";
    case TypeId::kChar:
      return "Z";
    default:
      return "N";
  }
}

bool is_own_type(TypeId type) {
  return type == TypeId::kUInt2 || type == TypeId::kUInt4 || type == TypeId::kUInt8 ||
         type == TypeId::kMzTimestamp || type == TypeId::kList || type == TypeId::kMap;
}

BuiltinRow type_row(const IntrospectionSources& s, const SqlType& type, bool is_array) {
  TypeId base = is_array ? type.element->id : type.id;
  uint32_t array_oid = is_array ? 0 : types::type_oid(SqlType::array_of(type));
  return {number(types::type_oid(type)),
          text(types::catalog_name(type)),
          number(schema_oid(s, is_own_type(base) ? "mz_catalog" : "pg_catalog")),
          number(role_oid(s.catalog, "mz_system")),
          Datum::integer(types::type_size_on_wire(type)),
          text(is_pseudo(base)                       ? "p"
               : base == TypeId::kRange && !is_array ? "r"
                                                     : "b"),
          text(is_array ? "A" : category(base)),
          text(","),
          number(0),
          number(is_array ? types::type_oid(*type.element) : 0),
          number(array_oid),
          number(is_array ? 750 : 0),  // array_in: how drivers recognise arrays.
          number(0),
          flag(false),
          number(0),
          Datum::integer(-1),
          number(0),
          null()};
}

Rows pg_type(const IntrospectionSources& s) {
  Rows rows;
  for (TypeId type : kTypes) {
    rows.push_back(type_row(s, SqlType::of(type), false));
    rows.push_back(type_row(s, SqlType::array_of(SqlType::of(type)), true));
  }
  for (TypeId element : kRangeElements) {
    const SqlType range = SqlType::range_of(SqlType::of(element));
    rows.push_back(type_row(s, range, false));
    rows.push_back(type_row(s, SqlType::array_of(range), true));
  }
  for (TypeId type : kPseudoTypes) rows.push_back(type_row(s, SqlType::of(type), false));
  return rows;
}

Rows pg_namespace(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [key, entry] : s.catalog.schemas()) {
    rows.push_back(
        {number(oid_of(entry.id)), text(key.second), number(role_oid(s.catalog, entry.owner))});
  }
  return rows;
}

std::string_view relation_kind(ItemKind kind) {
  switch (kind) {
    case ItemKind::kTable:
    case ItemKind::kSource:
      return "r";
    case ItemKind::kView:
      return "v";
    case ItemKind::kMaterializedView:
      return "m";
    case ItemKind::kIndex:
      return "i";
    default:
      return "";
  }
}

Rows pg_class(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    std::string_view kind = relation_kind(item->kind);
    if (kind.empty()) continue;
    bool has_index = false;
    for (const catalog::ItemRef& dependent : s.catalog.dependents(item_id)) {
      has_index = has_index || dependent->kind == ItemKind::kIndex;
    }
    size_t columns = item->relation ? item->relation->columns.size() : 0;
    rows.push_back({number(item->oid), text(item->name.item),
                    number(oid_of(schema_id_of(s.catalog, *item))), number(0),
                    number(role_oid(s.catalog, item->owner)), text(kind), number(columns),
                    flag(has_index), text("p")});
  }
  return rows;
}

Rows pg_attribute(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    if (!item->relation) continue;
    const auto* table = std::get_if<catalog::TableFacts>(&item->facts);
    for (size_t i = 0; i < item->relation->columns.size(); ++i) {
      const types::ColumnDesc& column = item->relation->columns[i];
      bool has_default = table && !table->defaults[i].empty();
      rows.push_back({number(item->oid), text(column.name),
                      number(types::type_oid(column.type.type)),
                      Datum::integer(types::type_size_on_wire(column.type.type)), number(i + 1),
                      Datum::integer(types::type_modifier_on_wire(column.type.type)),
                      flag(!column.type.nullable), flag(has_default), text(""), text(""),
                      flag(false), number(0)});
    }
  }
  return rows;
}

Rows pg_database(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [name, entry] : s.catalog.databases()) {
    rows.push_back({number(oid_of(entry.id)), text(name), number(role_oid(s.catalog, entry.owner)),
                    number(6), flag(false), flag(true), text("C"), text("C")});
  }
  return rows;
}

Rows pg_range(const IntrospectionSources&) {
  Rows rows;
  for (TypeId id : kRangeElements) {
    const SqlType element = SqlType::of(id);
    rows.push_back(
        {number(types::type_oid(SqlType::range_of(element))), number(types::type_oid(element))});
  }
  return rows;
}

Rows pg_roles(const IntrospectionSources& s) {
  Rows rows;
  for (const std::string& role : s.catalog.roles()) {
    rows.push_back(
        {number(role_oid(s.catalog, role)), text(role), flag(role == "mz_system"), flag(true)});
  }
  return rows;
}

uint32_t relation_oid(const IntrospectionSources& s, const char* relation) {
  catalog::ItemRef item = s.catalog.item_named({"", "pg_catalog", relation});
  CHECK(item != nullptr);
  return item->oid;
}

Rows pg_description(const IntrospectionSources& s) {
  Rows rows;
  uint32_t relations = relation_oid(s, "pg_class");
  uint32_t schemas = relation_oid(s, "pg_namespace");
  for (const auto& [key, comment] : s.catalog.comments()) {
    catalog::ItemRef item = s.catalog.item(key.first);
    if (!item || relation_kind(item->kind).empty()) continue;
    rows.push_back({number(item->oid), number(relations), number(key.second), text(comment)});
  }
  for (const auto& [name, entry] : s.catalog.schemas()) {
    std::string comment = s.catalog.comment(ObjectId{entry.id}, 0);
    if (comment.empty()) continue;
    rows.push_back({number(oid_of(entry.id)), number(schemas), number(0), text(comment)});
  }
  return rows;
}

Rows pg_shdescription(const IntrospectionSources& s) {
  Rows rows;
  uint32_t databases = relation_oid(s, "pg_database");
  for (const auto& [name, entry] : s.catalog.databases()) {
    std::string comment = s.catalog.comment(ObjectId{entry.id}, 0);
    if (comment.empty()) continue;
    rows.push_back({number(oid_of(entry.id)), number(databases), text(comment)});
  }
  return rows;
}

Rows pg_settings(const IntrospectionSources& s) {
  Rows rows;
  for (const SystemParameter& parameter : system_parameters()) {
    rows.push_back({text(std::string(parameter.name)), text(shown_value(parameter, s.catalog))});
  }
  return rows;
}

}  // namespace

RowsFunction pg_rows(const std::string& name) {
  static const std::map<std::string, RowsFunction> makers = {
      {"pg_catalog.pg_type", pg_type},
      {"pg_catalog.pg_namespace", pg_namespace},
      {"pg_catalog.pg_class", pg_class},
      {"pg_catalog.pg_attribute", pg_attribute},
      {"pg_catalog.pg_database", pg_database},
      {"pg_catalog.pg_range", pg_range},
      {"pg_catalog.pg_roles", pg_roles},
      {"pg_catalog.pg_settings", pg_settings},
      {"pg_catalog.pg_description", pg_description},
      {"pg_catalog.pg_shdescription", pg_shdescription},
  };
  auto found = makers.find(name);
  return found == makers.end() ? nullptr : found->second;
}

}  // namespace penstock::coordinator
