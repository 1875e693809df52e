// Measures what a sink does with a row before it is sent: nanoseconds of processor time a message
// of about 200 bytes, by one thread; beside floors that know the relation and check nothing.
//
//   encoding_bench
//
// The rows are those of bench/snapshot.py's table. A step is a batch of kRows inserted rows; the
// pairing's steps change every row, so they hold two of each.
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "data/delta_batch.h"
#include "expr/seahash.h"
#include "sinks/change_encoder.h"
#include "sinks/pairing.h"

namespace penstock::bench {
namespace {

using types::Datum;
using types::PhysicalKind;
using types::SqlType;
using types::TypeId;

constexpr size_t kRows = 4096;
constexpr std::clock_t kTime = CLOCKS_PER_SEC / 2;

types::RelationType relation() {
  const auto column = [](const char* name, TypeId type) {
    return types::ColumnDesc{name, {SqlType::of(type), false}};
  };
  return {.columns = {column("id", TypeId::kInt4), column("customer", TypeId::kInt4),
                      column("quantity", TypeId::kInt4), column("name", TypeId::kText),
                      column("note", TypeId::kText)},
          .keys = {{0}}};
}

// Some 100 characters, different in every row.
std::string note_of(size_t number) {
  std::string out;
  for (size_t i = 0; i < 8; ++i) {
    std::array<char, 16> digits{};
    const uint64_t mixed = expr::seahash(std::to_string(number * 8 + i));
    auto end = std::to_chars(digits.begin(), digits.end(), mixed & 0xffffffff, 16).ptr;
    out.append(digits.begin(), end);
  }
  return out + " and words that every row has in common";
}

void append(data::BatchBuilder& builder, size_t number, int64_t quantity, int64_t diff) {
  const std::vector<Datum> row = {
      Datum::integer(static_cast<int64_t>(number)), Datum::integer(int64_t(number) % 50'021),
      Datum::integer(quantity), Datum::bytes("article number " + std::to_string(number)),
      Datum::bytes(note_of(number))};
  builder.append_row(row, diff);
}

// Rows that are new, or changes of each.
data::BatchRef batch(bool changes) {
  const std::vector<PhysicalKind> kinds = {PhysicalKind::kInt32, PhysicalKind::kInt32,
                                           PhysicalKind::kInt32, PhysicalKind::kBytes,
                                           PhysicalKind::kBytes};
  data::BatchBuilder builder(kinds);
  for (size_t i = 0; i < kRows; ++i) {
    const size_t number = 1'000'000 + i * 7919 % kRows;  // In no order that helps.
    if (changes) append(builder, number, 1, -1);
    append(builder, number, 2, 1);
  }
  return std::make_shared<const data::DeltaBatch>(builder.finish());
}

// `step` handles kRows messages and says how many bytes it made.
void measure(const char* name, const std::function<size_t()>& step) {
  step();
  size_t messages = 0;
  size_t bytes = 0;
  const std::clock_t start = std::clock();
  while (std::clock() - start < kTime) {
    bytes += step();
    messages += kRows;
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%-34s %8.1f ns  %8.1f bytes\n", name, seconds * 1e9 / double(messages),
              double(bytes) / double(messages));
}

sinks::SinkConfig config(defs::SinkFormatKind kind, defs::SinkEnvelope envelope) {
  sinks::SinkConfig out;
  out.def.relation = relation();
  out.def.envelope = envelope;
  out.def.key = std::vector<size_t>{0};
  out.def.key_is_proven = true;
  out.def.key_format.kind = kind;
  out.def.value_format.kind = kind;
  return out;
}

sinks::MessageHeads heads(defs::SinkFormatKind kind) {
  if (kind != defs::SinkFormatKind::kAvro) return {};
  return {.key = std::string("\0\0\0\0\1", 5), .value = std::string("\0\0\0\0\2", 5)};
}

// Key, value and hash of every row, as a snapshot sends them.
void measure_encoding(const char* name, defs::SinkFormatKind kind, defs::SinkEnvelope envelope) {
  sinks::ChangeEncoder encoder(config(kind, envelope));
  encoder.set_heads(heads(kind));
  const data::BatchRef rows = batch(false);
  std::string key;
  std::string framed;
  std::string value;
  uint64_t hashes = 0;
  measure(name, [&] {
    size_t bytes = 0;
    for (size_t row = 0; row < kRows; ++row) {
      sinks::SinkMessage message;
      key.clear();
      value.clear();
      encoder.append_group_key(*rows, row, key);
      encoder.address(key, std::nullopt, framed, message);
      encoder.write_value(
          {std::nullopt, row}, {.time = Timestamp{1'764'000'000'000}, .in_snapshot = true},
          [&](size_t handle, std::string& out) { encoder.append_row(*rows, handle, out); }, value,
          message);
      hashes += message.partition_hash;
      bytes += message.key->size() + message.value->size();
    }
    return bytes;
  });
  CHECK(!encoder.take_refusal() && hashes != 0);
}

void measure_pairing(const char* name, defs::SinkFormatKind kind) {
  sinks::ChangeEncoder encoder(config(kind, defs::SinkEnvelope::kUpsert));
  const std::vector<data::BatchRef> tick = {batch(true)};
  sinks::Pairing pairing([&](const data::DeltaBatch& rows, size_t row, std::string& out) {
    encoder.append_group_key(rows, row, out);
  });
  measure(name, [&] {
    size_t bytes = 0;
    size_t pairs = 0;
    pairing.load(tick);
    while (auto group = pairing.next_group()) {
      bytes += group->key.size();
      pairs += group->pairs.size();
    }
    CHECK_OP(==, pairs, kRows);
    return bytes;
  });
}

void measure_hashing() {
  std::vector<std::string> keys;
  for (size_t i = 0; i < kRows; ++i)
    keys.push_back("{\"id\":" + std::to_string(1'000'000 + i) + "}");
  uint64_t sum = 0;
  measure("hash of a key", [&] {
    size_t bytes = 0;
    for (const std::string& key : keys) {
      sum += expr::seahash(key);
      bytes += key.size();
    }
    return bytes;
  });
  CHECK(sum != 0);
}

template <typename AppendInteger, typename AppendText>
void measure_floor(const char* name, AppendInteger integer, AppendText text) {
  const data::BatchRef rows = batch(false);
  std::string out;
  measure(name, [&] {
    size_t bytes = 0;
    for (size_t row = 0; row < kRows; ++row) {
      out.clear();
      integer(out, "{\"id\":", rows->column(0).value<int32_t>(row));
      integer(out, "{\"id\":", rows->column(0).value<int32_t>(row));
      integer(out, ",\"customer\":", rows->column(1).value<int32_t>(row));
      integer(out, ",\"quantity\":", rows->column(2).value<int32_t>(row));
      text(out, ",\"name\":\"", rows->column(3).bytes(row));
      text(out, ",\"note\":\"", rows->column(4).bytes(row));
      bytes += out.size();
    }
    return bytes;
  });
}

void measure_floors() {
  measure_floor(
      "  JSON by hand, no escapes, no hash",
      [](std::string& out, std::string_view name, int32_t value) {
        std::array<char, 16> digits{};
        auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
        out.append(name).append(digits.begin(), end);
      },
      [](std::string& out, std::string_view name, std::string_view value) {
        out.append(name).append(value) += '"';
      });
  const auto number = [](std::string& out, uint64_t rest) {
    for (; rest > 0x7f; rest >>= 7) out += static_cast<char>(rest | 0x80);
    out += static_cast<char>(rest);
  };
  measure_floor(
      "  Avro by hand, no header, no hash",
      [&](std::string& out, std::string_view, int32_t value) {
        number(out, static_cast<uint32_t>(value) << 1);  // None is negative.
      },
      [&](std::string& out, std::string_view, std::string_view value) {
        number(out, value.size() << 1);
        out.append(value);
      });
}

void measure_all() {
  using enum defs::SinkFormatKind;
  using enum defs::SinkEnvelope;
  measure_pairing("pairing of updates, keys JSON", kJson);
  measure_pairing("pairing of updates, keys Avro", kAvro);
  measure_hashing();
  measure_encoding("JSON: key, value, hash", kJson, kUpsert);
  measure_encoding("JSON: the same, Debezium", kJson, kDebezium);
  measure_encoding("Avro: key, value, hash", kAvro, kUpsert);
  measure_encoding("Avro: the same, Debezium", kAvro, kDebezium);
  measure_floors();
}

}  // namespace
}  // namespace penstock::bench

int main() {
  penstock::bench::measure_all();
}
