// The primitive types at their limits.
#include "connect/kafka/protocol/wire.h"

#include <gtest/gtest.h>

namespace penstock::connect::kafka {
namespace {

TEST(WireWriter, WritesBigEndian) {
  WireWriter writer;
  writer.int16(-2);
  writer.int32(0x01020304);
  writer.int64(-1);
  EXPECT_EQ(writer.joined(), std::string("\xff\xfe\1\2\3\4\xff\xff\xff\xff\xff\xff\xff\xff"));
}

TEST(WireWriter, KeepsReferencesInTheirPlaces) {
  const std::string first = "first", second = "second";
  WireWriter writer;
  writer.by_reference(first);
  writer.raw("-");
  writer.by_reference(second);
  writer.by_reference("");
  writer.by_reference(first);
  writer.raw(".");
  EXPECT_EQ(writer.joined(), "first-secondfirst.");
  EXPECT_EQ(writer.size(), 18u);
  EXPECT_EQ(writer.pieces().size(), 5u);
  EXPECT_EQ(writer.pieces()[0].data(), first.data());
}

TEST(Wire, VarintsComeBack) {
  for (uint32_t value : {0u, 1u, 127u, 128u, 300u, 0x7fffffffu, 0xffffffffu}) {
    WireWriter writer;
    writer.unsigned_varint(value);
    const std::string bytes = writer.joined();
    WireReader reader(bytes);
    EXPECT_EQ(reader.unsigned_varint(), value);
    EXPECT_FALSE(reader.failed());
    EXPECT_EQ(reader.remaining(), 0u);
  }
}

TEST(WireReader, RefusesVarintsOfMoreThan32Bits) {
  for (const char* bytes : {"\xff\xff\xff\xff\x10", "\xff\xff\xff\xff\xff\x01"}) {
    WireReader reader(bytes);
    reader.unsigned_varint();
    EXPECT_TRUE(reader.failed()) << bytes;
  }
}

TEST(WireReader, StaysFailedAndGivesZeros) {
  WireReader reader("\1\2\3");
  EXPECT_EQ(reader.int16(), 0x0102);
  EXPECT_EQ(reader.int32(), 0);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.int8(), 0);
  EXPECT_EQ(reader.raw(1), "");
}

}  // namespace
}  // namespace penstock::connect::kafka
