// Connect's schemas, written in one pass.
#include "format/json/connect_schema.h"

#include <numeric>

#include "format/column_names.h"
#include "format/json/json_scan.h"
#include "format/json/json_text.h"

namespace penstock::format {
namespace {

using types::SqlType;
using types::TypeId;

constexpr std::string_view kSchema = R"({"schema":)";
constexpr std::string_view kPayload = R"(,"payload":)";

// Connect's word for what JSON has of a type that is not composed.
std::string_view plain_type(TypeId id) {
  switch (id) {
    case TypeId::kBool:
      return "boolean";
    case TypeId::kChar:
    case TypeId::kInt2:
      return "int16";
    case TypeId::kInt4:
    case TypeId::kUInt2:
      return "int32";
    case TypeId::kInt8:
    case TypeId::kUInt4:
    case TypeId::kOid:
      return "int64";
    case TypeId::kFloat4:
      return "float";
    case TypeId::kFloat8:
      return "double";
    default:
      return "string";
  }
}

class SchemaText {
 public:
  std::string of(const types::RelationType& relation, const std::vector<size_t>& positions,
                 const ConnectSchemaOptions& options) {
    if (!options.of_changes) {
      row(relation, positions, options.last_text_field);
      close(false, options.name);
      out_ += '}';
      return std::move(out_);
    }
    out_ += R"({"type":"struct","fields":[)";
    for (const char* side : {"before", "after"}) {
      if (side[0] == 'a') out_ += ',';
      row(relation, positions, std::nullopt);
      close(true, options.row_name);
      field(side);
    }
    out_ += connect_change_fields(options.change_fields) + ']';
    close(false, options.name);
    out_ += '}';
    return std::move(out_);
  }

 private:
  // Everything but the end of an object: more members follow.
  void close(bool optional, const std::string& name) {
    out_ += optional ? R"(,"optional":true)" : R"(,"optional":false)";
    if (name.empty()) return;
    out_ += R"(,"name":)";
    append_json_string(name, out_);
  }
  void field(std::string_view name) {
    out_ += R"(,"field":)";
    append_json_string(name, out_);
    out_ += '}';
  }

  void row(const types::RelationType& relation, const std::vector<size_t>& positions,
           const std::optional<std::string>& last_text_field) {
    const std::vector<std::string> names = distinct_names(relation.columns);
    out_ += R"({"type":"struct","fields":[)";
    for (size_t i = 0; i < positions.size(); ++i) {
      if (i > 0) out_ += ',';
      const types::ColumnType& column = relation.columns[positions[i]].type;
      open(column.type);
      close(may_be_null(column), name_of(column.type));
      field(names[positions[i]]);
    }
    if (last_text_field) {
      out_ += positions.empty() ? "" : ",";
      out_ += R"({"type":"string","optional":false)";
      field(*last_text_field);
    }
    out_ += ']';
  }

  // JSON has no NaN.
  static bool may_be_null(const types::ColumnType& column) {
    const TypeId id = column.type.id;
    return column.nullable || id == TypeId::kFloat4 || id == TypeId::kFloat8;
  }
  static std::string name_of(const SqlType& type) {
    return type.id == TypeId::kUuid ? "io.debezium.data.Uuid" : "";
  }

  void element(const SqlType& type) {
    open(type);
    close(true, name_of(type));
    out_ += '}';
  }
  // A type up to where its `optional` belongs.
  void open(const SqlType& type) {
    switch (type.id) {
      case TypeId::kBytea:  // Numbers from 0 to 255.
        out_ += R"({"type":"array","items":{"type":"int16","optional":false})";
        return;
      case TypeId::kList:
        out_ += R"({"type":"array","items":)";
        return element(*type.element);
      case TypeId::kMap:
        out_ += R"({"type":"map","keys":{"type":"string","optional":false},"values":)";
        return element(*type.element);
      case TypeId::kRecord: {
        std::vector<size_t> all(type.fields->size());
        std::iota(all.begin(), all.end(), size_t{0});
        return row({.columns = *type.fields, .keys = {}}, all, std::nullopt);
      }
      default:
        out_.append(R"({"type":")").append(plain_type(type.id)) += '"';
    }
  }

  std::string out_;
};

}  // namespace

std::string connect_schema(const types::RelationType& relation,
                           const std::vector<size_t>& positions,
                           const ConnectSchemaOptions& options) {
  return SchemaText().of(relation, positions, options);
}

std::string schema_head(std::string_view schema) {
  return std::string(kSchema).append(schema).append(kPayload);
}

std::optional<std::string_view> take_payload(std::string_view text) {
  if (!text.starts_with(kSchema)) return std::nullopt;
  text.remove_prefix(kSchema.size());
  const size_t end = object_end(text, 0);
  if (!text.starts_with('{') || end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(end);
  if (!text.starts_with(kPayload) || !text.ends_with(kSchemaTail)) return std::nullopt;
  text.remove_prefix(kPayload.size());
  text.remove_suffix(kSchemaTail.size());
  return text;
}

}  // namespace penstock::format
