// Letters: JSON whatever is in them, and bounded; what is kept of a row on disk.
#include "sinks/refusal.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text_encoding.h"

namespace penstock::sinks {
namespace {

SinkConfig config(size_t message_max_bytes) {
  SinkConfig out;
  out.id = {100'012};
  out.name = "out \"s\"";
  out.def.topic = "data";
  out.limits.message_max_bytes = message_max_bytes;
  return out;
}

RowText text_of(std::string json) {
  RowText out{std::move(json), 0};
  out.bytes = out.json.size();
  return out;
}

nlohmann::json letter(const SinkConfig& config, const Refusal& refusal,
                      std::optional<std::string_view> key = std::nullopt, uint64_t copies = 1) {
  const Letter written = write_letter(config, refusal, key, copies, {17});
  EXPECT_LE(written.value.size(), letter_bytes_most(config));
  return nlohmann::json::parse(written.value);
}

TEST(Letters, HaveTheRowsWholeWhereTheyFit) {
  Refusal refusal;
  refusal.error = "a value cannot be encoded: \"x\"";
  refusal.had_before = refusal.had_after = true;
  refusal.before = text_of(R"({"v":1})");
  refusal.after = text_of(R"({"v":2})");
  const auto told = letter(config(1'000'000), refusal, "k", 3);
  EXPECT_EQ(told, nlohmann::json::parse(R"({"cause":"not encodable",
      "error":"a value cannot be encoded: \"x\"","sink":"out \"s\"","sink_id":"u12","topic":"data",
      "timestamp":17,"copies":3,"before":{"v":1},"after":{"v":2}})"));
}

TEST(Letters, CutOffWhatIsLongBetweenCharacters) {
  const SinkConfig small = config(1'024);
  std::string row = "{\"v\":\"";
  while (row.size() < 100'000) row += "\"ö\x01";
  Refusal refusal;
  refusal.is_too_large = true;
  refusal.bytes = 100'100;
  refusal.had_before = refusal.had_after = true;
  refusal.before = refusal.after = text_of(row);
  for (size_t cut = 0; cut < 5; ++cut) {
    refusal.after->json = row.substr(0, letter_row_bytes(small) - cut);
    const auto told = letter(small, refusal);
    EXPECT_EQ(told["after"], nullptr);
    EXPECT_EQ(told["after_bytes"], row.size());
    EXPECT_EQ(told["message_bytes"], 100'100);
    const std::string begins = told["after_cut_off"];
    EXPECT_GT(begins.size(), 500u);
    EXPECT_TRUE(row.starts_with(begins));
    EXPECT_TRUE(is_utf8(begins));
  }
}

TEST(Letters, LeaveOutAKeyThatIsLong) {
  const std::string key(200'000, 'k');
  const SinkConfig wide = config(1'000'000);
  EXPECT_FALSE(write_letter(wide, {}, key, 1, {17}).has_key);
  EXPECT_EQ(letter(wide, {}, key)["key_bytes"], 200'000);
  EXPECT_TRUE(write_letter(wide, {}, key.substr(0, 1'000), 1, {17}).has_key);
  EXPECT_EQ(letter_bytes_most(config(16 << 20)), size_t{512 << 10});
  EXPECT_EQ(letter_bytes_most(config(1'024)), size_t{16 << 10});
}

TEST(RowRefusals, AreReadAsTheyWereWritten) {
  EXPECT_EQ(RowRefusal{}.encode(), "");
  EXPECT_TRUE(RowRefusal::decode("").empty());
  RowRefusal refusal;
  refusal.header = "no name";
  refusal.text = RowText{"{\"v\"", 99};
  const RowRefusal read = RowRefusal::decode(refusal.encode());
  EXPECT_EQ(read.key, "");
  EXPECT_EQ(read.header, "no name");
  EXPECT_EQ(read.value, "");
  ASSERT_TRUE(read.text.has_value());
  EXPECT_EQ(read.text->json, "{\"v\"");
  EXPECT_EQ(read.text->bytes, 99u);
}

}  // namespace
}  // namespace penstock::sinks
