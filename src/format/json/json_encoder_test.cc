// Rows as JSON objects: names, types, NULLs, key order, the frame of a change.
#include "format/json/json_encoder.h"

#include <gtest/gtest.h>

#include "format/column_names.h"

#include "types/array_value.h"
#include "types/text_io.h"

namespace penstock::format {
namespace {

using data::Datum;
using types::ColumnDesc;
using types::RelationType;
using types::SqlType;
using types::TypeId;

RelationType relation(const std::vector<std::pair<std::string, SqlType>>& columns) {
  RelationType out;
  for (const auto& [name, type] : columns) out.columns.push_back({name, {type, true}});
  return out;
}

std::string encode(const RelationType& type, const std::vector<Datum>& row,
                   const std::vector<size_t>& positions) {
  auto kinds = data::physical_kinds(type);
  data::BatchBuilder builder(kinds);
  builder.append_row(row, 1);
  data::DeltaBatch batch = builder.finish();
  std::string out;
  EXPECT_TRUE(JsonEncoder(type, positions).append_row(batch, 0, out));
  return out;
}

std::string encode_one(const SqlType& type, const Datum& value) {
  return encode(relation({{"c", type}}), {value}, {0});
}
std::string encode_one(TypeId id, const Datum& value) {
  return encode_one(SqlType::of(id), value);
}

TEST(DistinctNames, LaterOnesAreNumbered) {
  auto names = [](const std::vector<std::string>& in) {
    std::vector<ColumnDesc> columns;
    for (const std::string& name : in) columns.push_back({name, {}});
    return distinct_names(columns);
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({"a", "a", "a"}), (Names{"a", "a1", "a2"}));
  EXPECT_EQ(names({"f3", "f3"}), (Names{"f3", "f3_1"}));
  EXPECT_EQ(names({"a1", "a", "a"}), (Names{"a1", "a", "a2"}));
  EXPECT_EQ(names({"?column?", "column1"}), (Names{"?column?", "column1"}));
}

TEST(JsonEncoder, MembersInTheOrderAskedFor) {
  RelationType type = relation({{"a", SqlType::of(TypeId::kInt4)},
                                {"b\"", SqlType::of(TypeId::kText)},
                                {"c", SqlType::of(TypeId::kBool)}});
  std::vector<Datum> row = {Datum::integer(-7), Datum::bytes("x\ny"), Datum::null()};
  EXPECT_EQ(encode(type, row, {0, 1, 2}), R"({"a":-7,"b\"":"x\ny","c":null})");
  EXPECT_EQ(encode(type, row, {1, 0}), R"({"b\"":"x\ny","a":-7})");
  EXPECT_EQ(encode(type, row, {}), "{}");
}

TEST(JsonEncoder, ScalarTypes) {
  EXPECT_EQ(encode_one(TypeId::kBool, Datum::boolean(true)), R"({"c":true})");
  EXPECT_EQ(encode_one(TypeId::kInt2, Datum::integer(-3)), R"({"c":-3})");
  EXPECT_EQ(encode_one(TypeId::kInt8, Datum::integer(INT64_MIN)), R"({"c":-9223372036854775808})");
  EXPECT_EQ(encode_one(TypeId::kUInt2, Datum::integer(-1)), R"({"c":65535})");
  EXPECT_EQ(encode_one(TypeId::kUInt4, Datum::integer(-1)), R"({"c":4294967295})");
  EXPECT_EQ(encode_one(TypeId::kOid, Datum::integer(-1)), R"({"c":4294967295})");
  EXPECT_EQ(encode_one(TypeId::kUInt8, Datum::integer(-1)), R"({"c":18446744073709551615})");
  EXPECT_EQ(encode_one(TypeId::kMzTimestamp, Datum::integer(5)), R"({"c":"5"})");
  EXPECT_EQ(encode_one(TypeId::kFloat4, Datum::floating(0.5)), R"({"c":0.5})");
  EXPECT_EQ(encode_one(TypeId::kFloat8, Datum::floating(1234.5678)), R"({"c":1234.5678})");
  EXPECT_EQ(encode_one(TypeId::kDate, Datum::integer(15289)), R"({"c":"2011-11-11"})");
  EXPECT_EQ(encode_one(TypeId::kTime, Datum::integer(40'271'123'456)),
            R"({"c":"11:11:11.123456"})");
  EXPECT_EQ(encode_one(TypeId::kTimestamp, Datum::integer(1'321'009'871'123'450)),
            R"({"c":"1321009871123.450"})");
  EXPECT_EQ(encode_one(TypeId::kTimestampTz, Datum::integer(1'320'966'671'123'450)),
            R"({"c":"1320966671123.450"})");
  EXPECT_EQ(encode_one(TypeId::kBytea, Datum::bytes("\xd1\x82")), R"({"c":[209,130]})");
  EXPECT_EQ(encode_one(TypeId::kChar, Datum::bytes("A")), R"({"c":65})");
  EXPECT_EQ(encode_one({TypeId::kBpchar, 4, nullptr}, Datum::bytes("ab")), R"({"c":"ab  "})");
  EXPECT_EQ(encode_one(TypeId::kVarchar, Datum::bytes("текст")), R"({"c":"текст"})");
}

TEST(JsonEncoder, Uuid) {
  types::Fixed16 uuid;
  for (size_t i = 0; i < 16; ++i) uuid[i] = static_cast<char>(i * 17);
  EXPECT_EQ(encode_one(TypeId::kUuid, Datum::fixed16(uuid)),
            R"({"c":"00112233-4455-6677-8899-aabbccddeeff"})");
}

TEST(JsonEncoder, ParsedValues) {
  auto json = [](const SqlType& type, std::string_view text) {
    auto value = types::parse_text(type, text);
    EXPECT_TRUE(value) << text;
    return encode_one(type, *value);
  };
  EXPECT_EQ(json(SqlType::of(TypeId::kNumeric), "1234.5678"), R"({"c":"1234.5678"})");
  EXPECT_EQ(json({TypeId::kNumeric, 2, nullptr}, "1.50"), R"({"c":"1.5"})");
  EXPECT_EQ(json(SqlType::of(TypeId::kNumeric), "NaN"), R"({"c":"NaN"})");
  EXPECT_EQ(json(SqlType::of(TypeId::kNumeric), "1e20"), R"({"c":"100000000000000000000"})");
  SqlType interval = SqlType::of(TypeId::kInterval);
  EXPECT_EQ(json(interval, "1 year"), R"({"c":"1 year"})");
  EXPECT_EQ(json(interval, "2 mons 3 days 04:05:06.789"), R"({"c":"2 mons 3 days 04:05:06.789"})");
  EXPECT_EQ(json(interval, "-1 year"), R"({"c":"-1 years"})");
  EXPECT_EQ(json(interval, "0"), R"({"c":"00:00:00"})");
  SqlType integers = SqlType::array_of(SqlType::of(TypeId::kInt4));
  EXPECT_EQ(json(integers, "{{1,2},{3,NULL}}"), R"({"c":[[1,2],[3,null]]})");
  EXPECT_EQ(json(integers, "{}"), R"({"c":[]})");
  SqlType texts = SqlType::array_of(SqlType::of(TypeId::kText));
  EXPECT_EQ(json(texts, R"({{{a},{b}},{{c},{d}}})"), R"({"c":[[["a"],["b"]],[["c"],["d"]]]})");
  EXPECT_EQ(json(SqlType::of(TypeId::kJsonb), R"({"b": [1, 2.50], "a": 2})"),
            R"({"c":{"a":2,"b":[1,2.5]}})");
}

TEST(JsonEncoder, ListsMapsAndRecords) {
  auto json = [](const SqlType& type, const char* text) {
    Result<Datum> value = types::parse_text(type, text);
    return value ? encode_one(type, *value) : value.error().message;
  };
  SqlType texts = SqlType::list_of(SqlType::of(TypeId::kText));
  SqlType numbers = SqlType::map_of(SqlType::of(TypeId::kInt4));
  EXPECT_EQ(json(texts, "{a,NULL,\"\\\"\"}"), R"({"c":["a",null,"\""]})");
  EXPECT_EQ(json(SqlType::list_of(texts), "{{a},{}}"), R"({"c":[["a"],[]]})");
  EXPECT_EQ(json(texts, "{}"), R"({"c":[]})");
  EXPECT_EQ(json(SqlType::map_of(numbers), "{d=>{f=>4,e=>3},a=>{}}"),
            R"({"c":{"a":{},"d":{"e":3,"f":4}}})");
  EXPECT_EQ(json(SqlType::map_of(SqlType::of(TypeId::kBytea)), "{a=>\\\\x62,b=>NULL}"),
            R"({"c":{"a":[98],"b":null}})");
  const SqlType times = SqlType::range_of(SqlType::of(TypeId::kTimestamp));
  EXPECT_EQ(json(times, "[2000-01-01,)"), R"x({"c":"[\"2000-01-01 00:00:00\",)"})x");
  EXPECT_EQ(json(SqlType::array_of(times), "{empty}"), R"({"c":["empty"]})");
  SqlType record = SqlType::record_of(
      {{"x", {SqlType::of(TypeId::kInt4), true}}, {"x", {texts, true}}, {"m", {numbers, true}}});
  EXPECT_EQ(json(record, "(1,{b},)"), R"({"c":{"x":1,"x1":["b"],"m":null}})");
}

TEST(JsonEncoder, JsonIsEmbedded) {
  EXPECT_EQ(encode_one(TypeId::kJsonb, Datum::bytes(R"({"a":2})")), R"({"c":{"a":2}})");
}

TEST(JsonEncoder, ConstantColumns) {
  RelationType type =
      relation({{"a", SqlType::of(TypeId::kInt4)}, {"b", SqlType::of(TypeId::kText)}});
  std::vector<data::Column> columns;
  columns.push_back(data::Column::constant(types::PhysicalKind::kInt32, Datum::integer(4), 2));
  columns.push_back(data::Column::constant(types::PhysicalKind::kBytes, Datum::null(), 2));
  data::DeltaBatch batch(std::move(columns), {1, 1}, {});
  std::string out;
  JsonEncoder(type, {0, 1}).append_row(batch, 1, out);
  EXPECT_EQ(out, R"({"a":4,"b":null})");
}

TEST(JsonEncoder, FrameOfAChange) {
  RelationType type = relation({{"a", SqlType::of(TypeId::kInt4)}});
  ChangeFrame frame = JsonEncoder(type, {0}).change_frame();
  auto join = [&](bool before, bool after) {
    std::string out(before ? frame.before_present : frame.before_absent);
    if (before) out += "B";
    out += after ? frame.after_present : frame.after_absent;
    if (after) out += "A";
    out += frame.close;
    return out;
  };
  EXPECT_EQ(join(true, true), R"({"before":B,"after":A})");
  EXPECT_EQ(join(false, true), R"({"before":null,"after":A})");
  EXPECT_EQ(join(true, false), R"({"before":B,"after":null})");
}

TEST(JsonEncoder, ARowsLastMember) {
  RelationType type = relation({{"a", SqlType::of(TypeId::kInt4)}});
  const RowTail tail = JsonEncoder(type, {0}).row_tail("o\"p", "insert");
  EXPECT_EQ(tail.closing, "}");
  EXPECT_EQ(tail.tail, R"(,"o\"p":"insert"})");
  EXPECT_EQ(JsonEncoder(type, {}).row_tail("op", "insert").tail, R"("op":"insert"})");
}

}  // namespace
}  // namespace penstock::format
