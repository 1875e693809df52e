// What a change of Debezium's says beside the rows before and after it: the members source, op,
// ts_ms and transaction of its envelope (Debezium 3), as JSON and as Avro.
//
// Only what is known is said: source has no position in a log, and transaction no counts of
// events, since a sink sees one relation of those that a transaction may have changed.
#pragma once

#include <string>

#include "base/timestamp.h"

namespace penstock::format {

struct ChangeFields {
  bool source = false;
  bool transaction = false;
  bool op = false;
  bool ts_ms = false;
};

// Of `source`.
struct ChangeOrigin {
  std::string version;
  std::string name;  // Of the sink, which is what Debezium calls a connector.
  std::string database;
  std::string schema;
  std::string table;
};

// Read is what a row of a snapshot is.
enum class ChangeOp : char { kCreate = 'c', kUpdate = 'u', kDelete = 'd', kRead = 'r' };

struct ChangeFacts {
  ChangeOp op = ChangeOp::kCreate;
  Timestamp time;  // What ts_ms and a transaction's id are, too.
};

// Members behind `after`, each with a comma in front.
void append_json_change_fields(const ChangeFields& fields, const ChangeOrigin& origin,
                               const ChangeFacts& facts, std::string& out);
// The same by what avro_change_fields() says of them.
void append_avro_change_fields(const ChangeFields& fields, const ChangeOrigin& origin,
                               const ChangeFacts& facts, std::string& out);
// Of a schema, each with a comma in front. Names are Debezium's.
std::string avro_change_fields(const ChangeFields& fields);
// The same of Kafka Connect's schemas (json/connect_schema.h).
std::string connect_change_fields(const ChangeFields& fields);

}  // namespace penstock::format
