// Members of Debezium's envelope, in its order.
#include "format/change_fields.h"

#include "format/avro/avro_value.h"
#include "format/json/json_text.h"

namespace penstock::format {
namespace {

constexpr std::string_view kConnector = "penstock";

std::string_view snapshot_of(ChangeOp op) {
  return op == ChangeOp::kRead ? "true" : "false";
}
std::string op_text(ChangeOp op) {
  return std::string(1, static_cast<char>(op));
}

void append_member(std::string_view name, std::string_view text, std::string& out) {
  append_json_string(name, out);
  out += ':';
  append_json_string(text, out);
}

constexpr std::string_view kSnapshotKinds =
    "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental";

}  // namespace

void append_json_change_fields(const ChangeFields& fields, const ChangeOrigin& origin,
                               const ChangeFacts& facts, std::string& out) {
  const std::string time = std::to_string(facts.time.ms);
  if (fields.source) {
    out += R"(,"source":{)";
    append_member("version", origin.version, out);
    out += ',';
    append_member("connector", kConnector, out);
    out += ',';
    append_member("name", origin.name, out);
    out.append(R"(,"ts_ms":)").append(time) += ',';
    append_member("snapshot", snapshot_of(facts.op), out);
    out += ',';
    append_member("db", origin.database, out);
    out += ',';
    append_member("schema", origin.schema, out);
    out += ',';
    append_member("table", origin.table, out);
    out += '}';
  }
  if (fields.op) out.append(R"(,"op":")").append(op_text(facts.op)) += '"';
  if (fields.ts_ms) out.append(R"(,"ts_ms":)").append(time);
  if (fields.transaction) out.append(R"(,"transaction":{"id":")").append(time).append(R"("})");
}

void append_avro_change_fields(const ChangeFields& fields, const ChangeOrigin& origin,
                               const ChangeFacts& facts, std::string& out) {
  const auto time = static_cast<int64_t>(facts.time.ms);
  if (fields.source) {
    append_avro_bytes(origin.version, out);
    append_avro_bytes(kConnector, out);
    append_avro_bytes(origin.name, out);
    append_avro_long(time, out);
    append_avro_long(0, out);  // The branch of the union.
    append_avro_bytes(snapshot_of(facts.op), out);
    append_avro_bytes(origin.database, out);
    append_avro_bytes(origin.schema, out);
    append_avro_bytes(origin.table, out);
  }
  if (fields.op) append_avro_bytes(op_text(facts.op), out);
  if (fields.ts_ms) {
    append_avro_long(1, out);
    append_avro_long(time, out);
  }
  if (fields.transaction) {
    append_avro_long(1, out);
    append_avro_bytes(std::to_string(facts.time.ms), out);
  }
}

std::string avro_change_fields(const ChangeFields& fields) {
  std::string out;
  if (fields.source) {
    out += R"(,{"name":"source","type":{"type":"record","name":"Source",)"
           R"("namespace":"io.debezium.connector.penstock","fields":[)"
           R"({"name":"version","type":"string"},{"name":"connector","type":"string"},)"
           R"({"name":"name","type":"string"},{"name":"ts_ms","type":"long"},)"
           R"({"name":"snapshot","type":[{"type":"string","connect.version":1,)"
           R"("connect.parameters":{"allowed":")";
    out += kSnapshotKinds;
    out += R"("},"connect.default":"false",)"
           R"("connect.name":"io.debezium.data.Enum"},"null"],"default":"false"},)"
           R"({"name":"db","type":"string"},{"name":"schema","type":"string"},)"
           R"({"name":"table","type":"string"}]}})";
  }
  if (fields.op) out += R"(,{"name":"op","type":"string"})";
  if (fields.ts_ms) out += R"(,{"name":"ts_ms","type":["null","long"],"default":null})";
  if (fields.transaction) {
    out += R"(,{"name":"transaction","type":["null",{"type":"record","name":"block",)"
           R"("namespace":"event","fields":[{"name":"id","type":"string"}]}],"default":null})";
  }
  return out;
}

std::string connect_change_fields(const ChangeFields& fields) {
  std::string out;
  auto text = [&](std::string_view name) {
    out.append(R"({"type":"string","optional":false,"field":")").append(name).append("\"},");
  };
  if (fields.source) {
    out += R"(,{"type":"struct","fields":[)";
    text("version");
    text("connector");
    text("name");
    out += R"({"type":"int64","optional":false,"field":"ts_ms"},)";
    out += R"({"type":"string","optional":true,"name":"io.debezium.data.Enum","version":1,)";
    out.append(R"("parameters":{"allowed":")").append(kSnapshotKinds);
    out += R"("},"default":"false","field":"snapshot"},)";
    text("db");
    text("schema");
    text("table");
    out.back() = ']';
    out += R"(,"optional":false,"name":"io.debezium.connector.penstock.Source","field":"source"})";
  }
  if (fields.op) out += R"(,{"type":"string","optional":false,"field":"op"})";
  if (fields.ts_ms) out += R"(,{"type":"int64","optional":true,"field":"ts_ms"})";
  if (fields.transaction) {
    out += R"(,{"type":"struct","fields":[{"type":"string","optional":false,"field":"id"}],)"
           R"("optional":true,"name":"event.block","version":1,"field":"transaction"})";
  }
  return out;
}

}  // namespace penstock::format
