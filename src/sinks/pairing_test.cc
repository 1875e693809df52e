// Pairing: the order K6 promises, multiplicities, determinism, and a random comparison with the
// plainest possible pairing.
#include "sinks/pairing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"

namespace penstock::sinks {
namespace {

using types::Datum;
using types::PhysicalKind;

struct Row {
  int64_t key = 0;
  int64_t value = 0;
  int64_t diff = 1;
};

// "key:before>after*copies", a missing side empty.
using Texts = std::vector<std::string>;

data::BatchRef batch(const std::vector<Row>& rows) {
  std::vector<PhysicalKind> kinds = {PhysicalKind::kInt64, PhysicalKind::kInt64};
  data::BatchBuilder builder(kinds);
  for (const Row& row : rows) {
    std::vector<Datum> values = {Datum::integer(row.key), Datum::integer(row.value)};
    builder.append_row(values, row.diff);
  }
  return std::make_shared<const data::DeltaBatch>(builder.finish());
}

void append_key(const data::DeltaBatch& rows, size_t row, std::string& out) {
  std::string number = std::to_string(rows.column(0).value<int64_t>(row));
  out += "{\"key\":" + std::string(4 - number.size(), '0') + number + "}";
}

Texts pair(Pairing& pairing, const std::vector<data::BatchRef>& batches) {
  Texts out;
  pairing.load(batches);
  auto side = [&](std::optional<size_t> handle) -> std::string {
    if (!handle) return "";
    const TickRow& at = pairing.row(*handle);
    return std::to_string(at.batch->column(1).value<int64_t>(at.row));
  };
  while (auto group = pairing.next_group()) {
    for (const Pair& one : group->pairs) {
      std::string text(group->key.substr(7, 4));
      text += ":" + side(one.before) + ">" + side(one.after);
      if (one.copies != 1) text += "*" + std::to_string(one.copies);
      out.push_back(text);
    }
  }
  return out;
}

Texts pair(const std::vector<Row>& rows) {
  Pairing pairing(append_key);
  return pair(pairing, {batch(rows)});
}

TEST(K6Pairing, InsertUpdateDelete) {
  EXPECT_EQ(pair({{1, 10, 1}}), (Texts{"0001:>10"}));
  EXPECT_EQ(pair({{1, 10, -1}}), (Texts{"0001:10>"}));
  EXPECT_EQ(pair({{1, 11, 1}, {1, 10, -1}}), (Texts{"0001:10>11"}));
  EXPECT_EQ(pair({}), (Texts{}));
}

TEST(K6Pairing, KeysInByteOrder) {
  EXPECT_EQ(pair({{300, 1, 1}, {2, 1, 1}, {10, 1, 1}, {2, 0, -1}}),
            (Texts{"0002:0>1", "0010:>1", "0300:>1"}));
}

TEST(K6Pairing, SurplusDeletionsPrecede) {
  // Two rows go, one comes: the value that lives on must be the last message of its key.
  EXPECT_EQ(pair({{1, 30, 1}, {1, 20, -1}, {1, 10, -1}}), (Texts{"0001:10>", "0001:20>30"}));
  EXPECT_EQ(pair({{1, 10, -1}, {1, 30, 1}, {1, 20, 1}}), (Texts{"0001:10>20", "0001:>30"}));
}

TEST(K6Pairing, Multiplicities) {
  EXPECT_EQ(pair({{1, 10, 3}}), (Texts{"0001:>10*3"}));
  EXPECT_EQ(pair({{1, 10, -3}, {1, 20, 2}}), (Texts{"0001:10>", "0001:10>20*2"}));
  EXPECT_EQ(pair({{1, 10, -1}, {1, 20, 2}, {1, 30, 1}}),
            (Texts{"0001:10>20", "0001:>20", "0001:>30"}));
}

TEST(K6Pairing, EqualRowsAddUpAcrossBatches) {
  Pairing pairing(append_key);
  EXPECT_EQ(pair(pairing, {batch({{1, 10, 1}, {2, 5, 1}}), batch({{1, 10, -1}})}),
            (Texts{"0002:>5"}));
  EXPECT_EQ(pair(pairing, {batch({{1, 10, 2}}), batch({{1, 10, -1}})}), (Texts{"0001:>10"}));
}

TEST(K6Pairing, KeysThatArePrefixesOfEachOther) {
  Pairing pairing([](const data::DeltaBatch& rows, size_t row, std::string& out) {
    out.append(static_cast<size_t>(rows.column(0).value<int64_t>(row)), 'a');
  });
  std::vector<data::BatchRef> batches = {
      batch({{12, 1, 1}, {0, 2, 1}, {3, 3, 1}, {12, 4, -1}, {11, 5, 1}})};
  pairing.load(batches);
  Texts keys;
  while (auto group = pairing.next_group()) keys.emplace_back(group->key);
  EXPECT_EQ(keys, (Texts{"", "aaa", "aaaaaaaaaaa", "aaaaaaaaaaaa"}));
}

TEST(K6Pairing, TwoArrangementsOfATickGiveTheSame) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    std::vector<Row> rows;
    for (uint64_t i = rng.below(40); i > 0; --i) {
      auto diff = static_cast<int64_t>(rng.below(5)) - 2;
      rows.push_back({static_cast<int64_t>(rng.below(6)), static_cast<int64_t>(rng.below(4)),
                      diff == 0 ? 3 : diff});
    }
    Pairing pairing(append_key);
    Texts first = pair(pairing, {batch(rows)});
    for (size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[rng.below(i)]);
    size_t cut = rng.below(rows.size() + 1);
    std::vector<Row> head(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(cut));
    std::vector<Row> tail(rows.begin() + static_cast<std::ptrdiff_t>(cut), rows.end());
    ASSERT_EQ(pair(pairing, {batch(head), batch(tail)}), first) << "seed " << seed;
    // Applied one after the other, the messages make exactly the change.
    std::map<std::pair<int64_t, int64_t>, int64_t> expected;
    for (const Row& row : rows) expected[{row.key, row.value}] += row.diff;
    std::map<std::pair<int64_t, int64_t>, int64_t> got;
    for (const std::string& text : first) {
      int64_t key = std::stoll(text.substr(0, 4));
      size_t arrow = text.find('>');
      size_t star = text.find('*');
      int64_t copies = star == std::string::npos ? 1 : std::stoll(text.substr(star + 1));
      std::string before = text.substr(5, arrow - 5);
      std::string after = text.substr(arrow + 1, star - arrow - 1);
      if (!before.empty()) got[{key, std::stoll(before)}] -= copies;
      if (!after.empty()) got[{key, std::stoll(after)}] += copies;
    }
    std::erase_if(expected, [](const auto& entry) { return entry.second == 0; });
    std::erase_if(got, [](const auto& entry) { return entry.second == 0; });
    ASSERT_EQ(got, expected) << "seed " << seed;
  }
}

TEST(RowBytes, TellRowsApart) {
  auto bytes = [](std::vector<Datum> row) {
    std::vector<PhysicalKind> kinds = {PhysicalKind::kBytes, PhysicalKind::kBytes,
                                       PhysicalKind::kFixed16, PhysicalKind::kBool8};
    data::BatchBuilder builder(kinds);
    builder.append_row(row, 1);
    std::string out;
    append_row_bytes(builder.finish(), 0, out);
    return out;
  };
  Datum zero = Datum::fixed16({});
  Datum yes = Datum::boolean(true);
  EXPECT_NE(bytes({Datum::bytes("a"), Datum::bytes("bc"), zero, yes}),
            bytes({Datum::bytes("ab"), Datum::bytes("c"), zero, yes}));
  EXPECT_NE(bytes({Datum::null(), Datum::bytes(""), zero, yes}),
            bytes({Datum::bytes(""), Datum::null(), zero, yes}));
  EXPECT_NE(bytes({Datum::bytes(""), Datum::bytes(""), zero, yes}),
            bytes({Datum::bytes(""), Datum::bytes(""), Datum::null(), yes}));
  EXPECT_EQ(bytes({Datum::bytes("x"), Datum::null(), zero, yes}),
            bytes({Datum::bytes("x"), Datum::null(), zero, yes}));
}

}  // namespace
}  // namespace penstock::sinks
