// Avro: the schemas of relations, and the bytes of rows.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text_encoding.h"
#include "format/avro/avro_change.h"
#include "format/avro/avro_encoder.h"
#include "format/avro/avro_schema.h"
#include "types/array_value.h"
#include "types/text_io.h"

namespace penstock::format {
namespace {

using data::Datum;
using types::RelationType;
using types::SqlType;
using types::TypeId;

struct Spec {
  std::string name;
  SqlType type;
  bool nullable = false;
};
RelationType relation(const std::vector<Spec>& columns) {
  RelationType out;
  for (const Spec& spec : columns) out.columns.push_back({spec.name, {spec.type, spec.nullable}});
  return out;
}
std::vector<size_t> all(const RelationType& type) {
  std::vector<size_t> out;
  for (size_t i = 0; i < type.columns.size(); ++i) out.push_back(i);
  return out;
}
SqlType scaled(TypeId id, int32_t modifier) {
  return {.id = id, .modifier = modifier, .element = nullptr};
}

std::string schema(const std::vector<Spec>& columns, const AvroSchemaOptions& options) {
  const RelationType type = relation(columns);
  std::string out = avro_schema(type, all(type), options);
  EXPECT_FALSE(nlohmann::json::parse(out, nullptr, false).is_discarded()) << out;
  return out;
}
// Of the only field.
std::string field_type(const SqlType& type) {
  std::string out = schema({{"c", type}}, {.full_name = "envelope"});
  const std::string before = R"({"type":"record","name":"envelope","fields":[{"name":"c","type":)";
  EXPECT_TRUE(out.starts_with(before)) << out;
  return out.substr(before.size(), out.size() - before.size() - 3);
}

data::DeltaBatch batch_of(const RelationType& type, const std::vector<Datum>& row) {
  data::BatchBuilder builder(data::physical_kinds(type));
  builder.append_row(row, 1);
  return builder.finish();
}
std::string hex(std::string_view bytes) {
  return encode_hex(bytes);
}
// A row ends where it ends, and one that is cut is none.
void expect_skipped(const AvroEncoder& encoder, const std::string& row) {
  const std::string more = row + "rest";
  ByteReader longer(more);
  encoder.skip_row(longer);
  EXPECT_FALSE(longer.failed()) << hex(row);
  EXPECT_EQ(longer.rest(), "rest") << hex(row);
  for (size_t size = 0; size < row.size(); ++size) {
    ByteReader cut(std::string_view(row).substr(0, size));
    encoder.skip_row(cut);
    EXPECT_TRUE(cut.failed()) << hex(row) << " cut to " << size;
  }
}
// Through the column, and as an element of an array: both ways in give the same bytes.
std::string encoded(const SqlType& type, const Datum& value) {
  const RelationType one = relation({{"c", type}});
  std::string out;
  EXPECT_TRUE(AvroEncoder(one, {0}).append_row(batch_of(one, {value}), 0, out));
  if (!type.element && !type.fields) {
    const RelationType array = relation({{"c", SqlType::array_of(type)}});
    Datum elements =
        Datum::bytes(types::encode_array(type, types::ArrayValue::one_dimensional({value})));
    std::string nested;
    EXPECT_TRUE(AvroEncoder(array, {0}).append_row(batch_of(array, {elements}), 0, nested));
    EXPECT_EQ(hex(nested), "0202" + hex(out) + "00");
    expect_skipped(AvroEncoder(array, {0}), nested);
  }
  expect_skipped(AvroEncoder(one, {0}), out);
  return hex(out);
}
std::string encoded(const SqlType& type, std::string_view text) {
  Result<Datum> value = types::parse_text(type, text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? encoded(type, *value) : "";
}
std::string encoded(TypeId id, std::string_view text) {
  return encoded(SqlType::of(id), text);
}

TEST(AvroSchema, OfEachType) {
  EXPECT_EQ(field_type(SqlType::of(TypeId::kBool)), R"("boolean")");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kInt2)), R"("int")");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kInt4)), R"("int")");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kInt8)), R"("long")");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kUInt2)),
            R"({"type":"fixed","name":"uint2","namespace":"com.materialize.sink","size":2})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kOid)),
            R"({"type":"fixed","name":"uint4","namespace":"com.materialize.sink","size":4})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kFloat4)), R"("float")");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kFloat8)), R"("double")");
  EXPECT_EQ(field_type(scaled(TypeId::kNumeric, 2)),
            R"({"type":"bytes","precision":39,"scale":2,"logicalType":"decimal"})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kNumeric)),
            R"({"type":"bytes","precision":81,"scale":39,"logicalType":"decimal"})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kDate)), R"({"type":"int","logicalType":"date"})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kTime)), R"("long")");
  EXPECT_EQ(field_type(scaled(TypeId::kTimestamp, 3)),
            R"({"type":"long","logicalType":"timestamp-millis"})");
  EXPECT_EQ(field_type(scaled(TypeId::kTimestampTz, 4)),
            R"({"type":"long","logicalType":"timestamp-micros"})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kTimestamp)),
            R"({"type":"long","logicalType":"timestamp-micros"})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kInterval)),
            R"({"type":"fixed","name":"interval","namespace":"com.materialize.sink","size":16})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kBytea)), R"("bytes")");
  EXPECT_EQ(field_type(scaled(TypeId::kVarchar, 4)), R"("string")");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kJsonb)),
            R"({"type":"string","connect.name":"io.debezium.data.Json"})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kUuid)), R"({"type":"string","logicalType":"uuid"})");
  EXPECT_EQ(field_type(SqlType::of(TypeId::kMzTimestamp)), R"("string")");
  EXPECT_EQ(field_type(SqlType::array_of(SqlType::of(TypeId::kInt4))),
            R"({"type":"array","items":["null","int"]})");
}

TEST(AvroSchema, ANamedTypeIsDefinedOnce) {
  const SqlType uint8 = SqlType::of(TypeId::kUInt8);
  EXPECT_EQ(
      schema({{"a", uint8}, {"b", uint8, true}}, {.full_name = "envelope"}),
      R"({"type":"record","name":"envelope","fields":[{"name":"a","type":{"type":"fixed","name":"uint8","namespace":"com.materialize.sink","size":8}},{"name":"b","type":["null","com.materialize.sink.uint8"]}]})");
  EXPECT_EQ(
      schema({{"a", uint8}, {"b", uint8}}, {.full_name = "com.materialize.sink.all"}),
      R"({"type":"record","name":"all","namespace":"com.materialize.sink","fields":[{"name":"a","type":{"type":"fixed","name":"uint8","size":8}},{"name":"b","type":"uint8"}]})");
}

TEST(AvroSchema, OfChanges) {
  EXPECT_EQ(
      schema({{"namespace", SqlType::of(TypeId::kInt4)}},
             {.full_name = "abc.def.ghi", .of_changes = true}),
      R"({"type":"record","name":"ghi","namespace":"abc.def","fields":[{"name":"before","type":["null",{"type":"record","name":"row","fields":[{"name":"namespace","type":"int"}]}]},{"name":"after","type":["null","row"]}]})");
  EXPECT_EQ(
      schema({{"c", SqlType::of(TypeId::kInt4), true}},
             {.full_name = "envelope", .of_changes = true, .null_defaults = true}),
      R"({"type":"record","name":"envelope","fields":[{"name":"before","type":["null",{"type":"record","name":"row","fields":[{"name":"c","type":["null","int"],"default":null}]}],"default":null},{"name":"after","type":["null","row"],"default":null}]})");
}

TEST(AvroSchema, DocsStandWithTheRowsRecordAndItsFields) {
  const std::vector<Spec> columns = {{"c-1", SqlType::of(TypeId::kText), true},
                                     {"c2", SqlType::of(TypeId::kText)}};
  const AvroSchemaOptions options{.full_name = "envelope",
                                  .of_changes = true,
                                  .null_defaults = true,
                                  .doc = "the \"t\"",
                                  .column_docs = {{0, "of c-1"}}};
  EXPECT_EQ(
      schema(columns, options),
      R"({"type":"record","name":"envelope","fields":[{"name":"before","type":["null",{"type":"record","name":"row","doc":"the \"t\"","fields":[{"name":"c_1","type":["null","string"],"default":null,"doc":"of c-1"},{"name":"c2","type":"string"}]}],"default":null},{"name":"after","type":["null","row"],"default":null}]})");
}

TEST(AvroSchema, ColumnsOfAKeyInItsOrder) {
  const RelationType type =
      relation({{"a", SqlType::of(TypeId::kInt4)}, {"b", SqlType::of(TypeId::kInt8)}});
  EXPECT_EQ(
      avro_schema(type, {1, 0}, {.full_name = "row"}),
      R"({"type":"record","name":"row","fields":[{"name":"b","type":"long"},{"name":"a","type":"int"}]})");
}

TEST(AvroSchema, FieldNames) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(avro_field_names({"tricky-name", "tricky!name", "tricky@name", "666"}),
            (Names{"tricky_name", "tricky_name1", "tricky_name2", "_666"}));
  EXPECT_EQ(avro_field_names({"col-a", "col@a"}), (Names{"col_a", "col_a1"}));
  EXPECT_EQ(avro_field_names({"c3_map[text=>text]"}), (Names{"c3_map_text__text_"}));
  EXPECT_EQ(avro_field_names({"", "ä", "?column?"}), (Names{"_", "__", "_column_"}));
  // A number that is a column's own name is not given again.
  EXPECT_EQ(avro_field_names({"a-b", "a_b1", "a!b"}), (Names{"a_b", "a_b1", "a_b2"}));
}

TEST(AvroEncoder, Scalars) {
  EXPECT_EQ(encoded(TypeId::kBool, "true"), "01");
  EXPECT_EQ(encoded(TypeId::kInt4, "1"), "02");
  EXPECT_EQ(encoded(TypeId::kInt4, "2"), "04");
  EXPECT_EQ(encoded(TypeId::kInt4, "2147483647"), "feffffff0f");
  EXPECT_EQ(encoded(TypeId::kInt2, "-1"), "01");
  EXPECT_EQ(encoded(TypeId::kInt8, "42"), "54");
  EXPECT_EQ(encoded(TypeId::kInt8, "9223372036854775807"), "feffffffffffffffff01");
  EXPECT_EQ(encoded(TypeId::kInt8, "-9223372036854775808"), "ffffffffffffffffff01");
  EXPECT_EQ(encoded(TypeId::kUInt2, "1"), "0001");
  EXPECT_EQ(encoded(TypeId::kUInt4, "3"), "00000003");
  EXPECT_EQ(encoded(TypeId::kUInt4, "4294967295"), "ffffffff");
  EXPECT_EQ(encoded(TypeId::kUInt8, "5"), "0000000000000005");
  EXPECT_EQ(encoded(TypeId::kFloat4, "1"), "0000803f");
  EXPECT_EQ(encoded(TypeId::kFloat8, "-2"), "00000000000000c0");
  EXPECT_EQ(encoded(TypeId::kText, "a"), "0261");
  EXPECT_EQ(encoded(TypeId::kText, ""), "00");
  EXPECT_EQ(encoded(scaled(TypeId::kBpchar, 3), "a"), "06612020");
  EXPECT_EQ(encoded(TypeId::kChar, "a"), "c201");
  EXPECT_EQ(encoded(TypeId::kBytea, "\\x00ff"), "0400ff");
  EXPECT_EQ(encoded(TypeId::kJsonb, R"({"a": 2})"), "0e7b2261223a327d");
  EXPECT_EQ(encoded(TypeId::kUuid, "324373A5-7718-46b1-a7ea-4a7c9981fc4e"),
            "48" + hex("324373a5-7718-46b1-a7ea-4a7c9981fc4e"));
  EXPECT_EQ(encoded(TypeId::kMzTimestamp, "18446744073709551615"),
            "28" + hex("18446744073709551615"));
}

TEST(AvroEncoder, Decimals) {
  const std::string zeros(32, '0');
  const std::string ones(32, 'f');
  EXPECT_EQ(encoded(scaled(TypeId::kNumeric, 1), "1"), "22" + zeros + "0a");
  EXPECT_EQ(encoded(scaled(TypeId::kNumeric, 2), "1.50"), "22" + zeros + "96");
  EXPECT_EQ(encoded(scaled(TypeId::kNumeric, 2), "-1.50"), "22" + ones + "6a");
  EXPECT_EQ(encoded(scaled(TypeId::kNumeric, 2), "NaN"), "22" + zeros + "00");
  EXPECT_EQ(encoded(TypeId::kNumeric, "1"), "42" + zeros + "02f050fe938943acc45f65568000000000");
  EXPECT_EQ(encoded(TypeId::kNumeric, "-1"), "42" + ones + "fd0faf016c76bc533ba09aa98000000000");
  EXPECT_EQ(encoded(TypeId::kNumeric, "1.5"), "42" + zeros + "0468797ddd4de583268f1801c000000000");
  EXPECT_EQ(encoded(TypeId::kNumeric, "NaN"), "42" + std::string(66, '0'));
}

TEST(AvroEncoder, DatesAndTimes) {
  auto number = [](const SqlType& type, std::string_view text) {
    std::string out;
    append_avro_long(types::parse_text(type, text)->as_int(), out);
    EXPECT_EQ(encoded(type, text), hex(out));
    return types::parse_text(type, text)->as_int();
  };
  EXPECT_EQ(number(SqlType::of(TypeId::kDate), "2000-01-01"), 10957);
  EXPECT_EQ(number(SqlType::of(TypeId::kDate), "1969-12-31"), -1);
  EXPECT_EQ(number(SqlType::of(TypeId::kTime), "23:59:59"), 86'399'000'000);
  const SqlType micros = SqlType::of(TypeId::kTimestamp);
  EXPECT_EQ(number(micros, "2000-01-01 10:10:10.111"), 946'721'410'111'000);
  EXPECT_EQ(number(micros, "1969-12-31 23:59:59.5"), -500'000);
  EXPECT_EQ(number(SqlType::of(TypeId::kTimestampTz), "2000-01-01 10:10:10.111+02"),
            946'714'210'111'000);
  auto fraction = [](int32_t digits) {
    std::string out;
    const int64_t expected[] = {0, 100, 120, 123, 123'500, 123'460, 123'456};
    append_avro_long(expected[digits], out);
    EXPECT_EQ(encoded(scaled(TypeId::kTimestamp, digits), "1970-01-01 00:00:00.123456"), hex(out));
  };
  for (int32_t digits = 0; digits <= 6; ++digits) fraction(digits);
  EXPECT_EQ(encoded(scaled(TypeId::kTimestamp, 3), "1969-12-31 23:59:59.999"), "01");
  EXPECT_EQ(encoded(TypeId::kInterval, "0s"), std::string(32, '0'));
  EXPECT_EQ(encoded(TypeId::kInterval, "1month 1day 1us"), "01000000010000000100000000000000");
  EXPECT_EQ(encoded(TypeId::kInterval, "-1month -1day -1us"), std::string(32, 'f'));
  EXPECT_EQ(encoded(TypeId::kInterval, "1 mon 2 days 3s"), "0100000002000000c0c62d0000000000");
}

TEST(AvroEncoder, Arrays) {
  const SqlType ints = SqlType::array_of(SqlType::of(TypeId::kInt4));
  EXPECT_EQ(encoded(ints, "{1,NULL,2}"), "06020200020400");
  EXPECT_EQ(encoded(ints, "{}"), "00");
  EXPECT_EQ(encoded(ints, "{{1,2},{3,4}}"),
            "08"
            "0202"
            "0204"
            "0206"
            "0208"
            "00");
}

TEST(AvroSchema, RecordsAreNumberedAsTheyAreMet) {
  const SqlType int4 = SqlType::of(TypeId::kInt4);
  const SqlType point = SqlType::record_of({{"x", {int4, true}}, {"y", {int4, true}}});
  EXPECT_EQ(
      schema({{"c1", point, true},
              {"c2", SqlType::of(TypeId::kText)},
              {"c3", SqlType::map_of(SqlType::of(TypeId::kBool)), true},
              {"c4", SqlType::list_of(point), true}},
             {.full_name = "envelope", .null_defaults = true}),
      R"({"type":"record","name":"envelope","fields":[{"name":"c1","type":["null",{"type":"record","name":"record0","namespace":"com.materialize.sink","fields":[{"name":"x","type":["null","int"],"default":null},{"name":"y","type":["null","int"],"default":null}]}],"default":null},{"name":"c2","type":"string"},{"name":"c3","type":["null",{"type":"map","values":["null","boolean"]}],"default":null},{"name":"c4","type":["null",{"type":"array","items":["null",{"type":"record","name":"record1","namespace":"com.materialize.sink","fields":[{"name":"x","type":["null","int"],"default":null},{"name":"y","type":["null","int"],"default":null}]}]}],"default":null}]})");
}

TEST(AvroSchema, ARecordInARecordComesAfterItAndInItsNamespace) {
  const SqlType inner = SqlType::record_of({{"u", {SqlType::of(TypeId::kUInt2), false}}});
  SqlType outer =
      SqlType::record_of({{"a-b", {inner, false}}, {"u", {SqlType::of(TypeId::kUInt2), false}}});
  outer.named = ObjectId{7};
  AvroSchemaOptions options{.full_name = "envelope"};
  options.type_docs[ObjectId{7}] = {"of the type", {{0, "of a-b"}}};
  EXPECT_EQ(
      schema({{"c", outer}}, options),
      R"({"type":"record","name":"envelope","fields":[{"name":"c","type":{"type":"record","name":"record0","namespace":"com.materialize.sink","doc":"of the type","fields":[{"name":"a_b","type":{"type":"record","name":"record1","fields":[{"name":"u","type":{"type":"fixed","name":"uint2","size":2}}]},"doc":"of a-b"},{"name":"u","type":"uint2"}]}}]})");
}

TEST(AvroEncoder, ListsMapsAndRecords) {
  const SqlType int4 = SqlType::of(TypeId::kInt4);
  EXPECT_EQ(encoded(SqlType::list_of(int4), "{1,NULL,2}"), "06020200020400");
  EXPECT_EQ(encoded(SqlType::list_of(SqlType::list_of(int4)), "{{1},{}}"),
            "04"
            "02"
            "02020200"
            "02"
            "00"
            "00");
  EXPECT_EQ(encoded(SqlType::map_of(int4), "{b=>2,a=>1}"),
            "0402610202026202"
            "0400");
  EXPECT_EQ(encoded(SqlType::map_of(int4), "{}"), "00");
  EXPECT_EQ(encoded(SqlType::map_of(int4), "{a=>NULL}"),
            "020261"
            "00"
            "00");
  const SqlType record = SqlType::record_of({{"a", {int4, false}}, {"b", {int4, true}}});
  EXPECT_EQ(encoded(record, "(1,)"), "0200");
  EXPECT_EQ(encoded(record, "(1,2)"), "020204");
  const SqlType range = SqlType::range_of(int4);
  EXPECT_EQ(encoded(range, "[1,2]"), "0a5b312c3329");  // [1,3)
  EXPECT_EQ(encoded(SqlType::list_of(range), "{empty}"), "02020a656d70747900");
}

TEST(AvroEncoder, UnionsOfWhatMayBeNull) {
  const RelationType type =
      relation({{"k", SqlType::of(TypeId::kInt4)}, {"v", SqlType::of(TypeId::kText), true}});
  const AvroEncoder encoder(type, {0, 1});
  auto row = [&](const Datum& k, const Datum& v) {
    std::string out;
    return encoder.append_row(batch_of(type, {k, v}), 0, out) ? hex(out) : "refused";
  };
  EXPECT_EQ(row(Datum::integer(1), Datum::bytes("a")), "02020261");
  EXPECT_EQ(row(Datum::integer(1), Datum::null()), "0200");
  EXPECT_EQ(row(Datum::null(), Datum::null()), "refused");
  EXPECT_EQ(encoder.refusal(batch_of(type, {Datum::null(), Datum::null()}), 0),
            "column \"k\" is NULL, which its schema excludes");
}

TEST(AvroEncoder, BlocksOfOthersAreSkipped) {
  const AvroEncoder encoder(relation({{"c", SqlType::list_of(SqlType::of(TypeId::kInt4)), true}}),
                            {0});
  const auto rest = [&](std::string_view row) {
    ByteReader in(row);
    encoder.skip_row(in);
    return in.failed() ? "no row" : std::string(in.rest());
  };
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(rest("\2\2\2\2\2\0\0rest"sv), "rest");         // Two blocks of one item.
  EXPECT_EQ(rest("\2\1\4\2\2\0rest"sv), "rest");           // A block with its size.
  EXPECT_EQ(rest("\4\0"sv), "no row");                     // No such branch.
  EXPECT_EQ(rest("\2\2\4\0"sv), "no row");                 // Nor within.
  EXPECT_EQ(rest("\2\xff\xff\xff\xff\xf\0"sv), "no row");  // More bytes than there are.
}

TEST(AvroChange, IsTakenApartToItsLastByteOrNotAtAll) {
  const RelationType type =
      relation({{"k", SqlType::of(TypeId::kText)}, {"v", SqlType::of(TypeId::kInt8), true}});
  const AvroEncoder encoder(type, {0, 1});
  auto row = [&](const std::string& k, const Datum& v) {
    std::string out;
    EXPECT_TRUE(encoder.append_row(batch_of(type, {Datum::bytes(k), v}), 0, out));
    return out;
  };
  const std::vector<std::optional<std::string>> sides = {std::nullopt, row("", Datum::null()),
                                                         row("abc", Datum::integer(70))};
  const ChangeOrigin origin{"1", "sink", "db", "schema", "table"};
  const ChangeFrame frame = encoder.change_frame();
  for (int bits = 0; bits < 16; ++bits) {
    const ChangeFields fields{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
    for (const auto& before : sides) {
      for (const auto& after : sides) {
        std::string change(before ? frame.before_present : frame.before_absent);
        change += before.value_or("");
        change += after ? frame.after_present : frame.after_absent;
        change += after.value_or("");
        append_avro_change_fields(fields, origin, {ChangeOp::kUpdate, {1'764'000'000'000}}, change);
        const auto rows = split_avro_change(change, encoder, fields);
        ASSERT_TRUE(rows.has_value()) << hex(change);
        EXPECT_EQ(rows->before, before);
        EXPECT_EQ(rows->after, after);
        EXPECT_FALSE(split_avro_change(change + '\0', encoder, fields));
        for (size_t size = 0; size < change.size(); ++size) {
          EXPECT_FALSE(split_avro_change(std::string_view(change).substr(0, size), encoder, fields))
              << hex(change) << " cut to " << size;
        }
      }
    }
  }
  using std::string_view_literals::operator""sv;
  EXPECT_FALSE(split_avro_change("\4\0"sv, encoder, {}));  // No such branch.
  EXPECT_FALSE(split_avro_change("\1\0"sv, encoder, {}));
  EXPECT_TRUE(is_avro_row(*sides[2], encoder));
  EXPECT_FALSE(is_avro_row(*sides[2] + "x", encoder));
  EXPECT_FALSE(is_avro_row("", encoder));
}

TEST(AvroEncoder, WhatADecimalHasNoRoomForIsRefusedByName) {
  const RelationType type = relation({{"total", scaled(TypeId::kNumeric, 2), true}});
  const AvroEncoder encoder(type, {0});
  Datum large = *types::parse_text(SqlType::of(TypeId::kNumeric), "9e38");
  data::DeltaBatch batch = batch_of(type, {large});
  std::string out;
  EXPECT_FALSE(encoder.append_row(batch, 0, out));
  EXPECT_EQ(encoder.refusal(batch, 0), "column \"total\" is 9" + std::string(38, '0') +
                                           ", for which its schema's decimal has no room");
}

TEST(AvroSchema, ALastFieldOfText) {
  EXPECT_EQ(
      schema({{"a", SqlType::of(TypeId::kInt4)}, {"o-p", SqlType::of(TypeId::kInt4)}},
             {.full_name = "envelope", .last_text_field = "o_p"}),
      R"({"type":"record","name":"envelope","fields":[{"name":"a","type":"int"},{"name":"o_p","type":"int"},{"name":"o_p1","type":"string"}]})");
  const RelationType type = relation({{"a", SqlType::of(TypeId::kInt4)}});
  const RowTail tail = AvroEncoder(type, {0}).row_tail("op", "insert");
  EXPECT_EQ(tail.closing, "");
  EXPECT_EQ(tail.tail, "\x0cinsert");
}

TEST(AvroSchema, FieldsOfAChangeAreDebeziums) {
  const std::string text =
      schema({{"a", SqlType::of(TypeId::kInt4)}},
             {.full_name = "t.Envelope",
              .of_changes = true,
              .row_name = "Value",
              .change_fields = {.source = false, .transaction = true, .op = true, .ts_ms = true}});
  EXPECT_EQ(
      text,
      R"({"type":"record","name":"Envelope","namespace":"t","fields":[{"name":"before","type":["null",{"type":"record","name":"Value","fields":[{"name":"a","type":"int"}]}]},{"name":"after","type":["null","Value"]},{"name":"op","type":"string"},{"name":"ts_ms","type":["null","long"],"default":null},{"name":"transaction","type":["null",{"type":"record","name":"block","namespace":"event","fields":[{"name":"id","type":"string"}]}],"default":null}]})");
}

}  // namespace
}  // namespace penstock::format
