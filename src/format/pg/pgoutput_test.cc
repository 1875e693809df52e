// pgoutput messages, byte by byte.
#include "format/pg/pgoutput.h"

#include <gtest/gtest.h>

#include "format/pg/big_endian.h"

namespace penstock::format {
namespace {

// Puts a message together.
struct Bytes {
  std::string text;
  Bytes& tag(char c) {
    text += c;
    return *this;
  }
  template <typename Int>
  Bytes& put(Int value) {
    put_big_endian(text, value);
    return *this;
  }
  Bytes& name(std::string_view name) {
    text += name;
    text += '\0';
    return *this;
  }
  Bytes& value(std::string_view value) {
    return tag('t').put(static_cast<uint32_t>(value.size())).raw(value);
  }
  Bytes& raw(std::string_view bytes) {
    text += bytes;
    return *this;
  }
};

TEST(PgOutput, Transactions) {
  PgOutputMessage out;
  Bytes begin;
  begin.tag('B').put(uint64_t{0x1234}).put(int64_t{77}).put(uint32_t{9});
  ASSERT_TRUE(decode_pgoutput(begin.text, out).has_value());
  EXPECT_EQ(out.kind, PgOutputKind::kBegin);
  EXPECT_EQ(out.lsn, 0x1234U);
  EXPECT_EQ(out.time_us, 77);
  EXPECT_EQ(out.transaction_id, 9U);
  Bytes commit;
  commit.tag('C').put(uint8_t{0}).put(uint64_t{5}).put(uint64_t{6}).put(int64_t{7});
  ASSERT_TRUE(decode_pgoutput(commit.text, out).has_value());
  EXPECT_EQ(out.kind, PgOutputKind::kCommit);
  EXPECT_EQ(out.end_lsn, 6U);
}

TEST(PgOutput, Relations) {
  PgOutputMessage out;
  Bytes bytes;
  bytes.tag('R').put(uint32_t{42}).name("public").name("t").tag('f').put(uint16_t{2});
  bytes.put(uint8_t{1}).name("id").put(uint32_t{23}).put(int32_t{-1});
  bytes.put(uint8_t{0}).name("v").put(uint32_t{1043}).put(int32_t{14});
  ASSERT_TRUE(decode_pgoutput(bytes.text, out).has_value());
  EXPECT_EQ(out.kind, PgOutputKind::kRelation);
  PgRelation expected{42, "public", "t", 'f', {{true, "id", 23, -1}, {false, "v", 1043, 14}}};
  EXPECT_EQ(out.relation, expected);
  // A second relation takes the place of the first.
  ASSERT_TRUE(decode_pgoutput(bytes.text, out).has_value());
  EXPECT_EQ(out.relation.columns.size(), 2U);
}

TEST(PgOutput, Rows) {
  PgOutputMessage out;
  Bytes insert;
  insert.tag('I').put(uint32_t{42}).tag('N').put(uint16_t{3}).value("1").tag('n').tag('u');
  ASSERT_TRUE(decode_pgoutput(insert.text, out).has_value());
  EXPECT_EQ(out.kind, PgOutputKind::kInsert);
  EXPECT_EQ(out.relation_oid, 42U);
  ASSERT_EQ(out.new_row.size(), 3U);
  EXPECT_EQ(out.new_row[0].bytes, "1");
  EXPECT_EQ(out.new_row[1].kind, PgValueKind::kNull);
  EXPECT_EQ(out.new_row[2].kind, PgValueKind::kUnchangedToast);
  Bytes update;
  update.tag('U').put(uint32_t{42}).tag('O').put(uint16_t{1}).value("old");
  update.tag('N').put(uint16_t{1}).value("new");
  ASSERT_TRUE(decode_pgoutput(update.text, out).has_value());
  EXPECT_EQ(out.old_row_kind, PgOldRow::kFull);
  EXPECT_EQ(out.old_row[0].bytes, "old");
  EXPECT_EQ(out.new_row[0].bytes, "new");
  Bytes plain_update;
  plain_update.tag('U').put(uint32_t{42}).tag('N').put(uint16_t{1}).value("new");
  ASSERT_TRUE(decode_pgoutput(plain_update.text, out).has_value());
  EXPECT_EQ(out.old_row_kind, PgOldRow::kNone);
  Bytes erase;
  erase.tag('D').put(uint32_t{42}).tag('K').put(uint16_t{1}).value("k");
  ASSERT_TRUE(decode_pgoutput(erase.text, out).has_value());
  EXPECT_EQ(out.kind, PgOutputKind::kDelete);
  EXPECT_EQ(out.old_row_kind, PgOldRow::kKeyOnly);
}

TEST(PgOutput, TruncatesAndMessages) {
  PgOutputMessage out;
  Bytes truncate;
  truncate.tag('T').put(uint32_t{2}).put(uint8_t{1}).put(uint32_t{4}).put(uint32_t{5});
  ASSERT_TRUE(decode_pgoutput(truncate.text, out).has_value());
  EXPECT_EQ(out.truncated, (std::vector<uint32_t>{4, 5}));
  Bytes message;
  message.tag('M').put(uint8_t{0}).put(uint64_t{8}).name("p").put(uint32_t{2}).raw("hi");
  ASSERT_TRUE(decode_pgoutput(message.text, out).has_value());
  EXPECT_EQ(out.prefix, "p");
  EXPECT_EQ(out.content, "hi");
  Bytes origin;
  origin.tag('O').put(uint64_t{8}).name("elsewhere");
  ASSERT_TRUE(decode_pgoutput(origin.text, out).has_value());
  EXPECT_EQ(out.kind, PgOutputKind::kOrigin);
}

TEST(PgOutput, EveryTruncationIsRefused) {
  Bytes update;
  update.tag('U').put(uint32_t{42}).tag('O').put(uint16_t{1}).value("old");
  update.tag('N').put(uint16_t{2}).value("new").tag('n');
  PgOutputMessage out;
  for (size_t length = 0; length < update.text.size(); ++length) {
    EXPECT_FALSE(decode_pgoutput(update.text.substr(0, length), out).has_value()) << length;
  }
  EXPECT_TRUE(decode_pgoutput(update.text, out).has_value());
  EXPECT_FALSE(decode_pgoutput(update.text + "x", out).has_value());
  EXPECT_FALSE(decode_pgoutput("?", out).has_value());
}

}  // namespace
}  // namespace penstock::format
