// What a change of Debezium's says beside its rows.
#include "format/change_fields.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace penstock::format {
namespace {

constexpr ChangeFields kAll{.source = true, .transaction = true, .op = true, .ts_ms = true};
const ChangeOrigin kOrigin{
    .version = "1.2", .name = "s", .database = "d", .schema = "p", .table = "t\"1"};

std::string json(const ChangeFields& fields, const ChangeFacts& facts) {
  std::string out;
  append_json_change_fields(fields, kOrigin, facts, out);
  return out;
}

TEST(ChangeFields, OfAReadRowAsJson) {
  EXPECT_EQ(json(kAll, {ChangeOp::kRead, {17}}),
            R"(,"source":{"version":"1.2","connector":"penstock","name":"s","ts_ms":17,)"
            R"("snapshot":"true","db":"d","schema":"p","table":"t\"1"},)"
            R"("op":"r","ts_ms":17,"transaction":{"id":"17"})");
}

TEST(ChangeFields, OnlyThoseThatAreWanted) {
  EXPECT_EQ(json({}, {}), "");
  EXPECT_EQ(json({.op = true}, {ChangeOp::kDelete, {17}}), R"(,"op":"d")");
  EXPECT_EQ(json({.ts_ms = true}, {ChangeOp::kUpdate, {17}}), R"(,"ts_ms":17)");
  EXPECT_EQ(json({.source = true}, {ChangeOp::kCreate, {17}}).find("\"snapshot\":\"true\""),
            std::string::npos);
}

TEST(ChangeFields, AsAvroByTheirSchema) {
  std::string out;
  append_avro_change_fields(kAll, kOrigin, {ChangeOp::kCreate, {17}}, out);
  static constexpr char kExpected[] =
      "\x06"
      "1.2\x10penstock\x02s\x22\0\x0a"
      "false\x02"
      "d\x02p\x06t\"1\x02"
      "c\x02\x22\x02\x04"
      "17";
  EXPECT_EQ(out, std::string(kExpected, sizeof(kExpected) - 1));
  const nlohmann::json fields =
      nlohmann::json::parse("[" + avro_change_fields(kAll).substr(1) + "]");
  std::string names;
  for (const auto& field : fields) names += field["name"].get<std::string>() + " ";
  EXPECT_EQ(names, "source op ts_ms transaction ");
  EXPECT_EQ(avro_change_fields({}), "");
}

}  // namespace
}  // namespace penstock::format
