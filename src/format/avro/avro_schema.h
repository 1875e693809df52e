// Avro schemas of rows (Apache Avro 1.11 specification), as a schema registry gets them.
//
// A row is a record; its fields' types are given by their columns' SQL types: see
// docs/sinks/formats.md. The text is compact, and the same for the same input: member order is
// type, name, namespace, doc, fields; name, type, default, doc; type, name, namespace, size.
// Pure functions.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "format/change_fields.h"
#include "types/sql_type.h"

namespace penstock::format {

// Of a named type: of its record, and of its fields by position.
struct AvroTypeDocs {
  std::optional<std::string> doc = {};
  std::map<size_t, std::string> field_docs = {};
};

struct AvroSchemaOptions {
  std::string full_name;            // Of the whole: "envelope", "row", "org.example.Order".
  bool of_changes = false;          // Rows stand in a record of before and after (Debezium),
  std::string row_name = "row";     // themselves a record of this name,
  ChangeFields change_fields = {};  // with these behind them.
  std::optional<std::string> last_text_field = {};  // Behind the rows' own fields: of text.
  bool null_defaults = false;                       // What may be null is null by default.
  std::optional<std::string> doc = {};              // Of the rows' record.
  std::map<size_t, std::string> column_docs = {};   // By position in the relation.
  std::map<ObjectId, AvroTypeDocs> type_docs = {};
};

// Of the columns of `relation` at `positions`, in that order.
std::string avro_schema(const types::RelationType& relation, const std::vector<size_t>& positions,
                        const AvroSchemaOptions& options);

// Columns' names as names of fields: what Avro does not allow becomes '_', and is numbered where
// two become the same.
std::vector<std::string> avro_field_names(const std::vector<std::string>& columns);

}  // namespace penstock::format
