// Schemas as text, written in one pass: a named type is defined where it is met first.
#include "format/avro/avro_schema.h"

#include <numeric>
#include <set>
#include <string_view>

#include "format/column_names.h"
#include "format/json/json_text.h"

namespace penstock::format {
namespace {

using types::SqlType;
using types::TypeId;

// Of the named types that are ours.
constexpr std::string_view kNamespace = "com.materialize.sink";
// Of numeric(p, s), and of numeric: what any value of ours fits into.
constexpr int kScaledPrecision = 39;
constexpr int kFreePrecision = 81;
constexpr int kFreeScale = 39;
constexpr int kMillisDigits = 3;  // Timestamps of more digits are microseconds.

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string field_name(std::string_view column) {
  std::string out;
  for (char c : column) {
    if (out.empty() && is_digit(c)) out += '_';
    out += is_letter(c) || is_digit(c) ? c : '_';
  }
  return out.empty() ? "_" : out;
}

class SchemaText {
 public:
  explicit SchemaText(const AvroSchemaOptions& options) : options_(options) {}

  std::string of(const types::RelationType& relation, const std::vector<size_t>& positions) {
    const size_t dot = options_.full_name.rfind('.');
    const bool spaced = dot != std::string::npos;
    const std::string space = spaced ? options_.full_name.substr(0, dot) : "";
    const AvroTypeDocs row_docs{options_.doc, options_.column_docs};
    open_record(options_.full_name.substr(spaced ? dot + 1 : 0), space);
    if (options_.of_changes) {
      out_ += R"(,"fields":[{"name":"before","type":["null",)";
      open_record(options_.row_name, "");
      fields(relation, positions, row_docs, space, std::nullopt);
      out_ += "]}]";
      null_default();
      out_ += R"(},{"name":"after","type":["null",)";
      append_json_string(options_.row_name, out_);
      out_ += ']';
      null_default();
      out_ += '}' + avro_change_fields(options_.change_fields);
    } else {
      fields(relation, positions, row_docs, space, options_.last_text_field);
    }
    out_ += "]}";
    return std::move(out_);
  }

 private:
  void open_record(const std::string& name, const std::string& space) {
    out_ += R"({"type":"record","name":)";
    append_json_string(name, out_);
    if (!space.empty()) {
      out_ += R"(,"namespace":)";
      append_json_string(space, out_);
    }
  }
  void null_default() {
    if (options_.null_defaults) out_ += R"(,"default":null)";
  }
  void doc(const std::optional<std::string>& text) {
    if (!text) return;
    out_ += R"(,"doc":)";
    append_json_string(*text, out_);
  }

  // A record's doc comes before them. Their list is left open.
  void fields(const types::RelationType& relation, const std::vector<size_t>& positions,
              const AvroTypeDocs& docs, const std::string& space,
              const std::optional<std::string>& last_text_field) {
    doc(docs.doc);
    const std::vector<std::string> names = distinct_names(relation.columns);
    std::vector<std::string> chosen;
    for (size_t position : positions) chosen.push_back(names[position]);
    if (last_text_field) chosen.push_back(*last_text_field);
    chosen = avro_field_names(chosen);
    out_ += R"(,"fields":[)";
    for (size_t i = 0; i < positions.size(); ++i) {
      if (i > 0) out_ += ',';
      out_ += R"({"name":)";
      append_json_string(chosen[i], out_);
      out_ += R"(,"type":)";
      const types::ColumnType& column = relation.columns[positions[i]].type;
      nullable(column, space);
      if (column.nullable) null_default();
      const auto text = docs.field_docs.find(positions[i]);
      if (text != docs.field_docs.end()) doc(text->second);
      out_ += '}';
    }
    if (!last_text_field) return;
    out_ += positions.empty() ? R"({"name":)" : R"(,{"name":)";
    append_json_string(chosen.back(), out_);
    out_ += R"(,"type":"string"})";
  }

  void nullable(const types::ColumnType& column, const std::string& space) {
    if (column.nullable) out_ += R"(["null",)";
    type(column.type, space);
    if (column.nullable) out_ += ']';
  }

  // Defined at its first use, named afterwards.
  void fixed(const std::string& name, int size, const std::string& space) {
    if (!defined_.insert(name).second) {
      out_ += '"';
      if (space != kNamespace) out_.append(kNamespace) += '.';
      out_ += name;
      out_ += '"';
      return;
    }
    out_ += R"({"type":"fixed","name":")" + name + '"';
    if (space != kNamespace) (out_ += R"(,"namespace":")").append(kNamespace) += '"';
    out_ += R"(,"size":)" + std::to_string(size) + '}';
  }

  // Each one is a type of its own, though it be the same in SQL.
  void record(const SqlType& sql, const std::string& space) {
    const std::string own(kNamespace);
    open_record("record" + std::to_string(records_++), space == own ? "" : own);
    const auto docs = options_.type_docs.find(sql.named);
    const bool described = sql.named != ObjectId() && docs != options_.type_docs.end();
    fields({.columns = *sql.fields, .keys = {}}, all_of(*sql.fields),
           described ? docs->second : AvroTypeDocs(), own, std::nullopt);
    out_ += "]}";
  }

  static std::vector<size_t> all_of(const types::RecordFields& fields) {
    std::vector<size_t> out(fields.size());
    std::iota(out.begin(), out.end(), size_t{0});
    return out;
  }

  void decimal(int precision, int scale) {
    out_ += R"({"type":"bytes","precision":)" + std::to_string(precision) + R"(,"scale":)" +
            std::to_string(scale) + R"(,"logicalType":"decimal"})";
  }

  void type(const SqlType& sql, const std::string& space) {
    switch (sql.id) {
      case TypeId::kBool:
        out_ += R"("boolean")";
        return;
      case TypeId::kChar:
      case TypeId::kInt2:
      case TypeId::kInt4:
        out_ += R"("int")";
        return;
      case TypeId::kInt8:
      case TypeId::kTime:
        out_ += R"("long")";
        return;
      case TypeId::kUInt2:
        return fixed("uint2", 2, space);
      case TypeId::kUInt4:
      case TypeId::kOid:
        return fixed("uint4", 4, space);
      case TypeId::kUInt8:
        return fixed("uint8", 8, space);
      case TypeId::kFloat4:
        out_ += R"("float")";
        return;
      case TypeId::kFloat8:
        out_ += R"("double")";
        return;
      case TypeId::kNumeric:
        return sql.modifier < 0 ? decimal(kFreePrecision, kFreeScale)
                                : decimal(kScaledPrecision, sql.modifier);
      case TypeId::kBytea:
        out_ += R"("bytes")";
        return;
      case TypeId::kDate:
        out_ += R"({"type":"int","logicalType":"date"})";
        return;
      case TypeId::kTimestamp:
      case TypeId::kTimestampTz:
        out_ += R"({"type":"long","logicalType":"timestamp-)";
        out_ += sql.modifier >= 0 && sql.modifier <= kMillisDigits ? "millis" : "micros";
        out_ += R"("})";
        return;
      case TypeId::kInterval:
        return fixed("interval", 16, space);
      case TypeId::kUuid:
        out_ += R"({"type":"string","logicalType":"uuid"})";
        return;
      case TypeId::kJsonb:
        out_ += R"({"type":"string","connect.name":"io.debezium.data.Json"})";
        return;
      case TypeId::kArray:
      case TypeId::kList:
        out_ += R"({"type":"array","items":["null",)";
        type(*sql.element, space);
        out_ += "]}";
        return;
      case TypeId::kMap:
        out_ += R"({"type":"map","values":["null",)";
        type(*sql.element, space);
        out_ += "]}";
        return;
      case TypeId::kRecord:
        return record(sql, space);
      default:  // Whatever is text, or is told as text.
        out_ += R"("string")";
    }
  }

  const AvroSchemaOptions& options_;
  std::string out_;
  std::set<std::string> defined_;
  size_t records_ = 0;
};

}  // namespace

std::string avro_schema(const types::RelationType& relation, const std::vector<size_t>& positions,
                        const AvroSchemaOptions& options) {
  return SchemaText(options).of(relation, positions);
}

std::vector<std::string> avro_field_names(const std::vector<std::string>& columns) {
  std::vector<std::string> out;
  std::set<std::string> given;
  for (const std::string& column : columns) {
    const std::string stem = field_name(column);
    std::string name = stem;
    for (size_t number = 1; given.contains(name); ++number) name = stem + std::to_string(number);
    given.insert(name);
    out.push_back(std::move(name));
  }
  return out;
}

}  // namespace penstock::format
