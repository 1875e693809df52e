// Headers of maps and lists of pairs, there and back.
#include "sinks/message_headers.h"

#include <gtest/gtest.h>

#include "types/nested_value.h"

namespace penstock::sinks {
namespace {

using connect::KafkaHeader;
using types::Datum;
using types::SqlType;
using types::TypeId;
using Headers = std::vector<KafkaHeader>;

const SqlType kText = SqlType::of(TypeId::kText);
const SqlType kBytea = SqlType::of(TypeId::kBytea);

SqlType pair_of(const SqlType& value) {
  return SqlType::record_of({{"key", {kText, true}}, {"value", {value, true}}});
}

// Of one row.
class MessageHeadersTest : public ::testing::Test {
 protected:
  bool read(const SqlType& type, const Datum& value) {
    const types::RelationType relation{.columns = {{"h", {type, true}}}, .keys = {}};
    const std::vector<types::PhysicalKind> kinds = {types::PhysicalKind::kBytes};
    data::BatchBuilder builder(kinds);
    builder.append_row(std::vector{value}, 1);
    const HeaderEncoder encoder(relation, 0);
    block_.clear();
    headers_.clear();
    if (!encoder.append(builder.finish(), 0, block_)) {
      refusal_ = encoder.refusal();
      return false;
    }
    read_headers(block_, headers_);
    return true;
  }
  static Datum pair(const Datum& name, const Datum& value) {
    const std::vector<Datum> fields = {name, value};
    return Datum::bytes(types::encode_record(*pair_of(kText).fields, fields));
  }
  static Datum text(std::string value) { return Datum::bytes(std::move(value)); }

  std::string block_;
  Headers headers_;
  std::string refusal_;
};

TEST_F(MessageHeadersTest, AMapsEntriesComeByName) {
  const std::string map =
      types::encode_map(kText, {{"b", text("2")}, {"a", Datum::null()}, {"c", text("")}});
  ASSERT_TRUE(read(SqlType::map_of(kText), text(map)));
  EXPECT_EQ(headers_, (Headers{{"a", std::nullopt}, {"b", "2"}, {"c", ""}}));
}

TEST_F(MessageHeadersTest, BytesAreKept) {
  const std::string bytes("\0\xff", 2);
  ASSERT_TRUE(read(SqlType::map_of(kBytea), text(types::encode_map(kBytea, {{"a", text(bytes)}}))));
  EXPECT_EQ(headers_, (Headers{{"a", bytes}}));
}

TEST_F(MessageHeadersTest, NullAndEmptyHaveNone) {
  ASSERT_TRUE(read(SqlType::map_of(kText), Datum::null()));
  EXPECT_EQ(headers_, Headers{});
  ASSERT_TRUE(read(SqlType::map_of(kText), text(types::encode_map(kText, {}))));
  EXPECT_EQ(headers_, Headers{});
}

TEST_F(MessageHeadersTest, OurOwnNamesAreLeftOut) {
  const std::string map =
      types::encode_map(kText, {{"materialize-timestamp", text("1")}, {"materialize", text("2")}});
  ASSERT_TRUE(read(SqlType::map_of(kText), text(map)));
  EXPECT_EQ(headers_, (Headers{{"materialize", "2"}}));
}

TEST_F(MessageHeadersTest, PairsKeepTheirOrderAndRepeat) {
  const SqlType type = SqlType::list_of(pair_of(kText));
  const std::vector<Datum> pairs = {pair(text("b"), text("1")), pair(text("a"), Datum::null()),
                                    pair(text("b"), text("2"))};
  ASSERT_TRUE(read(type, text(types::encode_list(*type.element, pairs))));
  EXPECT_EQ(headers_, (Headers{{"b", "1"}, {"a", std::nullopt}, {"b", "2"}}));
}

TEST_F(MessageHeadersTest, APairWithoutANameIsRefused) {
  const SqlType type = SqlType::list_of(pair_of(kText));
  for (const Datum& nameless : {pair(Datum::null(), text("1")), Datum::null()}) {
    EXPECT_FALSE(read(type, text(types::encode_list(*type.element, std::vector{nameless}))));
    EXPECT_EQ(refusal_, "column \"h\" has a pair without a name, and a header must have one");
  }
}

}  // namespace
}  // namespace penstock::sinks
