// Laws of keys over every type: sort keys order as SQL does, keys are equal when SQL says so, and
// both give values back.
#include "data/sort_key_codec.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/rng.h"
#include "data/delta_batch.h"
#include "data/key_codec.h"
#include "types/array_value.h"
#include "types/compare.h"
#include "types/text_io.h"

namespace penstock::data {
namespace {

using types::SqlType;
using types::TypeId;

// Values of each type, several of them equal in SQL though not in bytes.
std::vector<Datum> values_of(const SqlType& type) {
  auto parse = [&](std::initializer_list<const char*> texts) {
    std::vector<Datum> out;
    for (const char* text : texts) out.push_back(types::parse_text(type, text).value());
    return out;
  };
  switch (type.id) {
    case TypeId::kBool:
      return parse({"f", "t"});
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
      return parse({"-32768", "-257", "-1", "0", "1", "255", "256", "32767"});
    case TypeId::kUInt2:
    case TypeId::kUInt4:
    case TypeId::kUInt8:
    case TypeId::kOid:
      return parse({"0", "1", "255", "256", "65535"});
    case TypeId::kFloat4:
    case TypeId::kFloat8:
      return {Datum::floating(-std::numeric_limits<double>::infinity()),
              Datum::floating(-1.5),
              Datum::floating(-0.0),
              Datum::floating(0.0),
              Datum::floating(0.0625),
              Datum::floating(2),
              Datum::floating(std::numeric_limits<double>::infinity()),
              Datum::floating(std::numeric_limits<double>::quiet_NaN()),
              Datum::floating(-std::numeric_limits<double>::quiet_NaN())};
    case TypeId::kNumeric:
      return parse({"-1e38", "-10", "-9.99", "-0.001", "0", "0.0", "1e-39", "0.5", "0.50", "5",
                    "1000000000000000000000000000000000000.5", "NaN"});
    case TypeId::kBytea:
      return {Datum::bytes(""),
              Datum::bytes(std::string(1, '\0')),
              Datum::bytes(std::string("\0\xff", 2)),
              Datum::bytes(std::string("\0\0", 2)),
              Datum::bytes("\xff"),
              Datum::bytes("a")};
    case TypeId::kBpchar:
      return {Datum::bytes("a"), Datum::bytes("a  "), Datum::bytes("ab"), Datum::bytes(" a")};
    case TypeId::kText:
      return parse({"", "a", "ab", "abcdefghijklmnop", "abcdefghijklmnoq", "b", "\xc3\xa4"});
    case TypeId::kDate:
      return parse({"1969-12-31", "1970-01-01", "2024-02-29"});
    case TypeId::kTimestamp:
      return parse({"1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "2024-02-29 01:00:00"});
    case TypeId::kInterval:
      return parse({"-1 month", "-1 day", "0 seconds", "1 second", "-00:00:01", "1 day", "24:00:00",
                    "1 month", "1 month 1 second", "30 days", "1 year"});
    case TypeId::kUuid:
      return parse({"00000000-0000-0000-0000-000000000001", "80000000-0000-0000-0000-000000000000",
                    "ffffffff-ffff-ffff-ffff-ffffffffffff"});
    case TypeId::kJsonb:
      return parse({"null", "true", "false", "1", "1.5", "-2", "\"\"", "\"a\"", "\"a\\u0001\"",
                    "[]", "[1]", "[1,2]", "[2]", "[[]]", "{}", "{\"a\":1}", "{\"a\":1,\"b\":null}",
                    "{\"b\":[]}", "\"\\\"q\""});
    default:
      return {};
  }
}

std::vector<SqlType> all_types() {
  std::vector<SqlType> out;
  for (TypeId id : {TypeId::kBool, TypeId::kInt2, TypeId::kInt4, TypeId::kInt8, TypeId::kUInt2,
                    TypeId::kUInt4, TypeId::kUInt8, TypeId::kOid, TypeId::kFloat4, TypeId::kFloat8,
                    TypeId::kNumeric, TypeId::kText, TypeId::kBytea, TypeId::kBpchar, TypeId::kDate,
                    TypeId::kTimestamp, TypeId::kInterval, TypeId::kUuid, TypeId::kJsonb}) {
    out.push_back(SqlType::of(id));
  }
  return out;
}

struct Typed {
  SqlType type;
  std::vector<Datum> values;
};

std::vector<Typed> typed_values() {
  std::vector<Typed> out;
  for (const SqlType& type : all_types()) out.push_back({type, values_of(type)});
  for (TypeId id : {TypeId::kInt4, TypeId::kFloat8, TypeId::kText}) {
    SqlType element = SqlType::of(id);
    Typed arrays{SqlType::array_of(element), {}};
    std::vector<Datum> values = values_of(element);
    for (size_t i = 0; i < values.size(); ++i) {
      for (size_t length = 0; length < 3; ++length) {
        types::ArrayValue array =
            types::ArrayValue::one_dimensional(std::vector<Datum>(length, values[i]));
        if (length == 2) array.elements[1] = Datum::null();
        arrays.values.push_back(Datum::bytes(types::encode_array(element, array)));
      }
    }
    out.push_back(std::move(arrays));
  }
  const SqlType text = SqlType::of(TypeId::kText);
  const SqlType number = SqlType::of(TypeId::kFloat8);
  const std::pair<SqlType, std::vector<const char*>> nested[] = {
      {SqlType::record_of({{"a", {number, true}}, {"b", {text, true}}}),
       {"(0,)", "(-0,)", "(0,x)", "(-0,x)", "(1,)", "(,x)"}},
      {SqlType::list_of(text), {"{}", "{NULL}", "{a}", "{a,b}", "{ab}", "{a,NULL}", "{\"\"}"}},
      {SqlType::list_of(number), {"{}", "{0}", "{-0}", "{0,NaN}", "{NaN}"}},
      {SqlType::map_of(text), {"{}", "{a=>1}", "{a=>1,b=>2}", "{a=>NULL}", "{ab=>1}", "{\"\"=>1}"}},
      {SqlType::map_of(SqlType::list_of(number)), {"{}", "{a=>{0}}", "{a=>{-0}}", "{a=>{0,1}}"}},
      {SqlType::range_of(SqlType::of(TypeId::kNumeric)),
       {"empty", "(,1)", "(,1]", "(,)", "[1,1]", "[1,2)", "[1,)", "(1,2)", "(1,2]", "(10,)"}},
      {SqlType::range_of(SqlType::of(TypeId::kInt4)),
       {"empty", "(,0)", "(,)", "[-1,)", "[-1,0)", "[0,1)", "[0,256)"}},
  };
  for (const auto& [type, texts] : nested) {
    Typed typed{type, {}};
    for (const char* one : texts) typed.values.push_back(*types::parse_text(type, one));
    out.push_back(std::move(typed));
  }
  return out;
}

std::weak_ordering sql_order(const Typed& typed, const SortField& field, const Datum& a,
                             const Datum& b) {
  if (a.is_null() || b.is_null()) {
    if (a.is_null() && b.is_null()) return std::weak_ordering::equivalent;
    return a.is_null() == field.nulls_first ? std::weak_ordering::less
                                            : std::weak_ordering::greater;
  }
  std::weak_ordering order = types::compare_values(typed.type, a, b);
  return field.descending ? 0 <=> order : order;
}

Column column_of(const SqlType& type, std::span<const Datum> values) {
  ColumnBuilder builder(types::physical_kind(type));
  for (const Datum& value : values) builder.append_datum(value);
  return builder.finish();
}

TEST(SortKeyCodec, MemcmpOrderIsSqlOrder) {
  for (Typed& typed : typed_values()) {
    ASSERT_FALSE(typed.values.empty());
    for (int mode = 0; mode < 8; ++mode) {
      SortField field{{typed.type, (mode & 1) != 0}, (mode & 2) != 0, (mode & 4) != 0};
      std::vector<Datum> values = typed.values;
      if (field.type.nullable) values.push_back(Datum::null());
      SortKeyCodec codec({field});
      Column column = column_of(typed.type, values);
      EncodedRows keys;
      codec.encode(std::span(&column, 1), values.size(), keys);
      for (size_t i = 0; i < values.size(); ++i) {
        std::string one;
        codec.append(std::span(&column, 1), i, one);
        EXPECT_EQ(keys.row(i).substr(0, one.size()), one);
        for (size_t j = 0; j < values.size(); ++j) {
          EXPECT_TRUE((keys.row(i) <=> keys.row(j)) ==
                      sql_order(typed, field, values[i], values[j]))
              << "type " << static_cast<int>(typed.type.id) << " mode " << mode << ": value " << i
              << " and " << j;
          bool prefix =
              i != j && keys.row(j).starts_with(keys.row(i)) && keys.row(i) != keys.row(j);
          EXPECT_FALSE(prefix);
        }
      }
    }
  }
}

TEST(SortKeyCodec, GivesValuesBackColumnByColumn) {
  Rng rng(3);
  std::vector<Typed> types = typed_values();
  for (int round = 0; round < 200; ++round) {
    std::vector<SortField> fields;
    std::vector<const Typed*> chosen;
    for (size_t i = 1 + rng.below(4); i > 0; --i) {
      chosen.push_back(&types[rng.below(types.size())]);
      fields.push_back({{chosen.back()->type, rng.one_in(2)}, rng.one_in(2), rng.one_in(2)});
    }
    SortKeyCodec codec(fields);
    std::vector<std::vector<Datum>> values(fields.size());
    std::vector<Column> columns;
    for (size_t i = 0; i < fields.size(); ++i) {
      for (int row = 0; row < 10; ++row) {
        bool null = fields[i].type.nullable && rng.one_in(3);
        values[i].push_back(null ? Datum::null()
                                 : chosen[i]->values[rng.below(chosen[i]->values.size())]);
      }
      columns.push_back(column_of(fields[i].type.type, values[i]));
    }
    EncodedRows keys;
    codec.encode(columns, 10, keys);
    EXPECT_EQ(keys.is_fixed(), codec.is_fixed());
    std::vector<std::string_view> rest;
    for (size_t row = 0; row < 10; ++row) rest.push_back(keys.row(row));
    for (size_t i = 0; i < fields.size(); ++i) {
      ColumnBuilder builder(columns[i].kind());
      codec.take(rest, i, &builder);
      Column back = builder.finish();
      if (codec.is_fixed()) {
        std::vector<const char*> rows;
        for (size_t row = 0; row < 10; ++row) rows.push_back(keys.at(row));
        codec.decode_fixed(rows, i, builder);
        Column at_once = builder.finish();
        for (size_t row = 0; row < 10; ++row) {
          Datum one = at_once.datum(row);
          bool nan = !one.is_null() && columns[i].kind() >= PhysicalKind::kFloat32 &&
                     columns[i].kind() <= PhysicalKind::kFloat64 &&
                     one.as_double() != one.as_double();
          EXPECT_TRUE(nan || one == back.datum(row));
        }
      }
      for (size_t row = 0; row < 10; ++row) {
        const Datum& value = values[i][row];
        ASSERT_EQ(back.datum(row).is_null(), value.is_null());
        if (value.is_null()) continue;
        EXPECT_TRUE(types::compare_values(fields[i].type.type, back.datum(row), value) == 0);
        EXPECT_TRUE(!codec.is_exact(i) || back.datum(row) == value);
      }
    }
  }
}

TEST(SortKeyCodec, SeveralColumnsOrderLexicographically) {
  std::vector<SortField> fields = {{{SqlType::of(TypeId::kText), true}, true, false},
                                   {{SqlType::of(TypeId::kInt8), false}, false, false}};
  SortKeyCodec codec(fields);
  std::vector<Datum> texts = {Datum::bytes("b"), Datum::bytes("b"), Datum::bytes("a"),
                              Datum::bytes(""), Datum::null()};
  std::vector<Datum> numbers = {Datum::integer(-1), Datum::integer(1), Datum::integer(0),
                                Datum::integer(0), Datum::integer(0)};
  std::vector<Column> columns = {column_of(fields[0].type.type, texts),
                                 column_of(fields[1].type.type, numbers)};
  EncodedRows keys;
  codec.encode(columns, texts.size(), keys);
  for (size_t i = 0; i + 1 < texts.size(); ++i) EXPECT_LT(keys.row(i), keys.row(i + 1)) << i;
}

TEST(SortKeyCodec, IsTheFormatThatWasWrittenDown) {
  std::vector<SortField> fields = {{{SqlType::of(TypeId::kInt4), false}, false, false},
                                   {{SqlType::of(TypeId::kText), true}, false, false},
                                   {{SqlType::of(TypeId::kInt2), true}, true, true},
                                   {{SqlType::of(TypeId::kBool), true}, false, false}};
  std::vector<Column> columns = {
      column_of(fields[0].type.type, std::vector{Datum::integer(-2)}),
      column_of(fields[1].type.type, std::vector{Datum::bytes(std::string("a\0", 2))}),
      column_of(fields[2].type.type, std::vector{Datum::integer(1)}),
      column_of(fields[3].type.type, std::vector{Datum::null()})};
  std::string key;
  SortKeyCodec(fields).append(columns, 0, key);
  EXPECT_EQ(key, std::string("\x7f\xff\xff\xfe"
                             "\x01"
                             "a\x00\xff\x00\x00"
                             "\x01\x7f\xfe"
                             "\x02",
                             14));
}

TEST(KeyCodec, BytesAreEqualExactlyWhenSqlSaysSo) {
  for (const Typed& typed : typed_values()) {
    for (bool nullable : {false, true}) {
      KeyCodec codec({{typed.type, nullable}});
      std::vector<Datum> values = typed.values;
      if (nullable) values.push_back(Datum::null());
      Column column = column_of(typed.type, values);
      EncodedRows keys;
      codec.encode(std::span(&column, 1), values.size(), keys);
      for (size_t i = 0; i < values.size(); ++i) {
        const char* row = keys.at(i);
        ColumnBuilder builder(column.kind());
        codec.layout().decode(std::span(&row, 1), 0, builder);
        Datum back = builder.finish().datum(0);
        EXPECT_TRUE(!codec.is_exact(0) || back == values[i]);
        for (size_t j = 0; j < values.size(); ++j) {
          bool equal = values[i].is_null() || values[j].is_null()
                           ? values[i].is_null() && values[j].is_null()
                           : types::compare_values(typed.type, values[i], values[j]) == 0;
          EXPECT_EQ(keys.row(i) == keys.row(j), equal)
              << "type " << static_cast<int>(typed.type.id) << ": value " << i << " and " << j;
        }
      }
    }
  }
}

}  // namespace
}  // namespace penstock::data
