// A change comes apart into what the encoder framed, whatever is in its strings.
#include "format/json/json_change.h"

#include <gtest/gtest.h>

#include "format/json/json_encoder.h"

namespace penstock::format {
namespace {

using Row = std::optional<std::string>;

std::string framed(const Row& before, const Row& after) {
  const ChangeFrame frame = JsonEncoder({}, {}).change_frame();
  std::string out(before ? frame.before_present : frame.before_absent);
  out += before.value_or("");
  out += after ? frame.after_present : frame.after_absent;
  out += after.value_or("");
  return out + std::string(frame.close);
}

TEST(JsonChange, ComesApart) {
  const std::string tricky = R"({"a":"},\"after\":{\\","b":{"c":[{"d":"\\\""}]}})";
  const std::string plain = R"({"a":null})";
  for (const Row& before : {Row(), Row(plain), Row(tricky)}) {
    for (const Row& after : {Row(), Row(plain), Row(tricky)}) {
      const std::string change = framed(before, after);
      const std::optional<ChangeRows> rows = split_json_change(change, false);
      ASSERT_TRUE(rows) << change;
      EXPECT_EQ(rows->before, before);
      EXPECT_EQ(rows->after, after);
    }
  }
}

TEST(JsonChange, NothingElseDoes) {
  const std::string whole = framed(R"({"a":1})", R"({"a":"}"})");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(split_json_change(std::string_view(whole).substr(0, size), false)) << size;
  }
  EXPECT_FALSE(split_json_change(whole + " ", false));
  EXPECT_FALSE(split_json_change(R"({"after":null,"before":null})", false));
  EXPECT_FALSE(split_json_change(R"({"before":1,"after":null})", false));
  EXPECT_FALSE(split_json_change(R"({"a":1})", false));
}

TEST(JsonChange, MayHaveOtherMembersBehindItsRows) {
  const std::string change = R"({"before":null,"after":{"a":"}"},"source":{"db":"}\""},"op":"c"})";
  EXPECT_FALSE(split_json_change(change, false));
  const std::optional<ChangeRows> rows = split_json_change(change, true);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->before, std::nullopt);
  EXPECT_EQ(rows->after, R"({"a":"}"})");
  for (size_t size = 0; size < change.size(); ++size) {
    EXPECT_FALSE(split_json_change(std::string_view(change).substr(0, size), true)) << size;
  }
  EXPECT_FALSE(split_json_change(change + "}", true));
  EXPECT_FALSE(split_json_change(R"({"before":null,"after":null})", true));
}

}  // namespace
}  // namespace penstock::format
