// Values on PostgreSQL's wire: binary forms byte by byte, text from columns, and back.
#include <gtest/gtest.h>

#include "data/column.h"
#include "format/pg/pg_binary.h"
#include "format/pg/pg_text.h"
#include "types/text_io.h"

namespace penstock::format {
namespace {

using data::Column;
using data::ColumnBuilder;
using types::Datum;
using types::SqlType;
using types::TypeId;

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

struct Case {
  SqlType type;
  std::string text;
  std::string binary;  // Hexadecimal, as PostgreSQL 15 sends it.
};

std::vector<Case> cases() {
  auto of = [](TypeId id) { return SqlType::of(id); };
  return {
      {of(TypeId::kBool), "t", "01"},
      {of(TypeId::kInt2), "-2", "fffe"},
      {of(TypeId::kInt4), "16909060", "01020304"},
      {of(TypeId::kInt8), "-1", "ffffffffffffffff"},
      {of(TypeId::kUInt2), "65535", "ffff"},
      {of(TypeId::kUInt4), "4294967295", "ffffffff"},
      {of(TypeId::kUInt8), "18446744073709551615", "ffffffffffffffff"},
      {of(TypeId::kMzTimestamp), "1700000000000", "31373030303030303030303030"},
      {of(TypeId::kOid), "4294967295", "ffffffff"},
      {of(TypeId::kFloat4), "1.5", "3fc00000"},
      {of(TypeId::kFloat8), "-1.5", "bff8000000000000"},
      {of(TypeId::kText), "aé", "61c3a9"},
      {of(TypeId::kBytea), "\\x0001ff", "0001ff"},
      {of(TypeId::kDate), "2000-01-02", "00000001"},
      {of(TypeId::kDate), "1999-12-31", "ffffffff"},
      {of(TypeId::kTime), "00:00:01", "00000000000f4240"},
      {of(TypeId::kTimestamp), "2000-01-01 00:00:01", "00000000000f4240"},
      {of(TypeId::kTimestampTz), "1999-12-31 23:59:59+00", "fffffffffff0bdc0"},
      {of(TypeId::kInterval), "1 mon 2 days 00:00:01", "00000000000f42400000000200000001"},
      {of(TypeId::kUuid), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
       "a0eebc999c0b4ef8bb6d6bb9bd380a11"},
      {of(TypeId::kJsonb), "{\"a\":1}", "017b2261223a317d"},
      {of(TypeId::kNumeric), "0", "0000000000000000"},
      {of(TypeId::kNumeric), "123.45", "0002000000000002007b1194"},
      {of(TypeId::kNumeric), "-0.0001", "0001ffff400000040001"},
      {of(TypeId::kNumeric), "12345678", "000200010000000004d2162e"},
      {of(TypeId::kNumeric), "10000", "00010001000000000001"},
      {of(TypeId::kNumeric), "NaN", "00000000c0000000"},
      {SqlType::array_of(of(TypeId::kInt4)), "{1,NULL}",
       "00000001000000010000001700000002000000010000000400000001ffffffff"},
      {SqlType::array_of(of(TypeId::kText)), "{}", "000000000000000000000019"},
      {SqlType::range_of(of(TypeId::kInt4)), "[1,3)",
       "02000000040000000100000004"
       "00000003"},
      {SqlType::range_of(of(TypeId::kInt4)), "empty", "01"},
      {SqlType::range_of(of(TypeId::kInt4)), "(,)", "18"},
      {SqlType::range_of(of(TypeId::kNumeric)), "(,1]", "0c0000000a00010000000000000001"},
  };
}

Column column_of(const SqlType& type, std::string_view text) {
  ColumnBuilder builder(types::physical_kind(type));
  Status status = append_parsed(type, text, builder);
  EXPECT_TRUE(status.has_value()) << text;
  return builder.finish();
}

TEST(PgCodec, BinaryAndTextBothWays) {
  for (const Case& c : cases()) {
    Column column = column_of(c.type, c.text);
    ASSERT_EQ(column.size(), 1U) << c.text;
    std::string binary;
    append_binary(c.type, column, 0, binary);
    EXPECT_EQ(hex(binary), c.binary) << c.text;
    std::string text;
    append_text(c.type, column, 0, text);
    EXPECT_EQ(text, c.text);
    Result<Datum> back = parse_binary(c.type, binary);
    ASSERT_TRUE(back.has_value()) << c.text << ": " << back.error().message;
    EXPECT_EQ(*back, column.datum(0)) << c.text;
    EXPECT_EQ(*types::parse_text(c.type, c.text), column.datum(0)) << c.text;
  }
}

TEST(PgCodec, RefusesWrongBytes) {
  for (const Case& c : cases()) {
    bool any_bytes = c.type.id == TypeId::kText || c.type.id == TypeId::kBytea;
    if (any_bytes) continue;
    Column column = column_of(c.type, c.text);
    std::string binary;
    append_binary(c.type, column, 0, binary);
    EXPECT_FALSE(parse_binary(c.type, "").has_value()) << c.text;
    EXPECT_FALSE(parse_binary(c.type, binary + "x").has_value()) << c.text;
  }
  EXPECT_EQ(parse_binary(SqlType::of(TypeId::kText), "a\xff").error().state.view(), "22021");
  const SqlType range = SqlType::range_of(SqlType::of(TypeId::kInt4));
  const std::string_view backwards("\x02\0\0\0\x04\0\0\0\x03\0\0\0\x04\0\0\0\x01", 17);
  EXPECT_EQ(parse_binary(range, backwards).error().state.view(), "22000");
  EXPECT_EQ(parse_binary(range, backwards.substr(0, 10)).error().state.view(), "22P03");
}

TEST(PgCodec, Utf8) {
  for (std::string_view good : {"", "a", "é", "€", "😀", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(check_utf8(good).has_value()) << good;
  }
  for (std::string_view bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                               "\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "\xff", "a\xe2\x82"}) {
    EXPECT_FALSE(check_utf8(bad).has_value()) << hex(bad);
  }
  EXPECT_FALSE(check_utf8(std::string_view("a\0b", 3)).has_value());
}

TEST(PgCodec, ParsedIntoColumnsOrRefusedWhole) {
  SqlType int2 = SqlType::of(TypeId::kInt2);
  ColumnBuilder builder(types::physical_kind(int2));
  EXPECT_TRUE(append_parsed(int2, "-32768", builder).has_value());
  EXPECT_FALSE(append_parsed(int2, "32768", builder).has_value());
  EXPECT_FALSE(append_parsed(int2, "x", builder).has_value());
  EXPECT_EQ(builder.size(), 1U);
  SqlType varchar{TypeId::kVarchar, 2, nullptr};
  ColumnBuilder texts(types::physical_kind(varchar));
  EXPECT_TRUE(append_parsed(varchar, "éé", texts).has_value());
  EXPECT_FALSE(append_parsed(varchar, "abc", texts).has_value());
  EXPECT_EQ(texts.finish().bytes(0), "éé");
}

}  // namespace
}  // namespace penstock::format
