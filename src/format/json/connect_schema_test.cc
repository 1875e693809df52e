// Schemas that JSON carries, and taking them off again.
#include "format/json/connect_schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace penstock::format {
namespace {

using types::RelationType;
using types::SqlType;
using types::TypeId;

std::string field_of(const types::ColumnType& type) {
  const RelationType relation{.columns = {{"c", type}}, .keys = {}};
  const nlohmann::ordered_json schema =
      nlohmann::ordered_json::parse(connect_schema(relation, {0}, {.name = "t.Value"}));
  EXPECT_EQ(schema["type"], "struct");
  EXPECT_EQ(schema["optional"], false);
  EXPECT_EQ(schema["name"], "t.Value");
  nlohmann::ordered_json field = schema["fields"][0];
  EXPECT_EQ(field["field"], "c");
  field.erase("field");
  return field.dump();
}
std::string field_of(TypeId id) {
  return field_of({SqlType::of(id), false});
}

TEST(ConnectSchema, PlainTypes) {
  const std::pair<TypeId, const char*> types[] = {
      {TypeId::kBool, "boolean"}, {TypeId::kInt2, "int16"},       {TypeId::kInt4, "int32"},
      {TypeId::kInt8, "int64"},   {TypeId::kUInt2, "int32"},      {TypeId::kUInt4, "int64"},
      {TypeId::kOid, "int64"},    {TypeId::kChar, "int16"},       {TypeId::kNumeric, "string"},
      {TypeId::kText, "string"},  {TypeId::kTimestamp, "string"}, {TypeId::kDate, "string"},
      {TypeId::kTime, "string"},  {TypeId::kInterval, "string"}};
  for (const auto& [id, name] : types) {
    EXPECT_EQ(field_of(id), std::string(R"({"type":")") + name + R"(","optional":false})");
  }
  EXPECT_EQ(field_of({SqlType::of(TypeId::kInt4), true}), R"({"type":"int32","optional":true})");
  EXPECT_EQ(field_of(TypeId::kFloat8), R"({"type":"double","optional":true})") << "NaN is null";
  EXPECT_EQ(field_of(TypeId::kUuid),
            R"({"type":"string","optional":false,"name":"io.debezium.data.Uuid"})");
}

TEST(ConnectSchema, ComposedTypes) {
  const SqlType int4 = SqlType::of(TypeId::kInt4);
  EXPECT_EQ(field_of(TypeId::kBytea),
            R"({"type":"array","items":{"type":"int16","optional":false},"optional":false})");
  EXPECT_EQ(field_of({SqlType::list_of(int4), true}),
            R"({"type":"array","items":{"type":"int32","optional":true},"optional":true})");
  EXPECT_EQ(field_of({SqlType::map_of(int4), false}),
            R"({"type":"map","keys":{"type":"string","optional":false},)"
            R"("values":{"type":"int32","optional":true},"optional":false})");
  EXPECT_EQ(field_of({SqlType::record_of({{"a", {int4, false}}, {"a", {int4, true}}}), true}),
            R"({"type":"struct","fields":[{"type":"int32","optional":false,"field":"a"},)"
            R"({"type":"int32","optional":true,"field":"a1"}],"optional":true})");
}

TEST(ConnectSchema, OfChanges) {
  const RelationType relation{.columns = {{"a", {SqlType::of(TypeId::kInt4), false}},
                                          {"b", {SqlType::of(TypeId::kInt4), false}}},
                              .keys = {}};
  const std::string text = connect_schema(
      relation, {1},
      {.name = "t.Envelope",
       .of_changes = true,
       .row_name = "t.Value",
       .change_fields = {.source = true, .transaction = true, .op = true, .ts_ms = true}});
  const nlohmann::json schema = nlohmann::json::parse(text);
  std::string fields;
  for (const auto& field : schema["fields"]) {
    fields += field["field"].get<std::string>() + ":" + field.value("name", "-") + " ";
  }
  EXPECT_EQ(fields,
            "before:t.Value after:t.Value source:io.debezium.connector.penstock.Source "
            "op:- ts_ms:- transaction:event.block ");
  EXPECT_EQ(schema["fields"][0]["fields"].size(), 1U);
  EXPECT_EQ(schema["fields"][2]["fields"].size(), 8U);
  EXPECT_EQ(schema["name"], "t.Envelope");
}

TEST(ConnectSchema, OfALastTextField) {
  const RelationType relation{.columns = {}, .keys = {}};
  EXPECT_EQ(connect_schema(relation, {}, {.name = "t", .last_text_field = "op"}),
            R"({"type":"struct","fields":[{"type":"string","optional":false,"field":"op"}],)"
            R"("optional":false,"name":"t"})");
}

TEST(ConnectSchema, IsTakenOff) {
  const std::string payload = R"({"a":"}","b":{"payload":1}})";
  const std::string text =
      schema_head(R"({"name":"}\",\"payload\":"})") + payload + std::string(kSchemaTail);
  EXPECT_EQ(take_payload(text), payload);
  EXPECT_EQ(take_payload(payload), std::nullopt);
  EXPECT_EQ(take_payload(R"({"schema":null,"payload":1})"), std::nullopt);
  EXPECT_EQ(take_payload(R"({"schema":{"a":1})"), std::nullopt);
  EXPECT_EQ(take_payload(R"({"schema":{"a":1}})"), std::nullopt);
}

}  // namespace
}  // namespace penstock::format
