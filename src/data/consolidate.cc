// Consolidation through a table of row numbers, open addressing with linear probing.
#include "data/consolidate.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "data/row_codec.h"

namespace penstock::data {

namespace {

constexpr size_t kAhead = 16;  // Rows between prefetching a slot and using it.

// A row number (plus one; 0 = empty) beside half of its hash.
struct Slot {
  uint32_t hash = 0;
  uint32_t row = 0;
};

class RowSums {
 public:
  RowSums(RowCodec codec, size_t num_rows) : codec_(std::move(codec)) {
    slots_.resize(std::bit_ceil(std::max<size_t>(16, num_rows * 2)));
    mask_ = slots_.size() - 1;
    rows_.reserve(num_rows);
    sums_.reserve(num_rows);
  }

  void add(const EncodedRows& encoded, std::span<const int64_t> diffs,
           const std::vector<uint64_t>& hashes) {
    for (size_t i = 0; i < encoded.size(); ++i) {
      if (i + kAhead < encoded.size()) __builtin_prefetch(&slots_[hashes[i + kAhead] & mask_]);
      const char* row = encoded.at(i);
      size_t number = find_or_insert(row, encoded.row_size(i), hashes[i]);
      sums_[number] += diffs[i];
    }
  }

  // The rows whose sum is not zero.
  std::vector<uint32_t> survivors(ConsolidatedOrder order) const {
    std::vector<uint32_t> out;
    out.reserve(rows_.size());
    for (uint32_t row = 0; row < rows_.size(); ++row) {
      if (sums_[row] != 0) out.push_back(row);
    }
    if (order == ConsolidatedOrder::kRowBytes) {
      std::sort(out.begin(), out.end(), [&](uint32_t a, uint32_t b) {
        return codec_.view(rows_[a]) < codec_.view(rows_[b]);
      });
    }
    return out;
  }

  BatchRef batch(std::span<const uint32_t> numbers) const {
    std::vector<const char*> rows(numbers.size());
    std::vector<int64_t> diffs(numbers.size());
    bool insert_only = true;
    for (size_t i = 0; i < numbers.size(); ++i) {
      rows[i] = rows_[numbers[i]];
      diffs[i] = sums_[numbers[i]];
      insert_only &= diffs[i] > 0;
    }
    std::vector<Column> columns;
    columns.reserve(codec_.num_fields());
    for (size_t field = 0; field < codec_.num_fields(); ++field) {
      ColumnBuilder builder(codec_.field(field).kind);
      builder.reserve(rows.size());
      codec_.decode(rows, field, builder);
      columns.push_back(builder.finish());
    }
    return std::make_shared<const DeltaBatch>(
        std::move(columns), std::move(diffs),
        BatchProperties{.consolidated = true, .insert_only = insert_only});
  }

 private:
  size_t find_or_insert(const char* row, size_t size, uint64_t hash) {
    uint32_t half = static_cast<uint32_t>(hash >> 32);
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      Slot& slot = slots_[at];
      if (slot.row == 0) {
        rows_.push_back(row);
        sums_.push_back(0);
        slot = {half, static_cast<uint32_t>(rows_.size())};
        return rows_.size() - 1;
      }
      if (slot.hash != half) continue;
      const char* other = rows_[slot.row - 1];
      if (codec_.size_of(other) == size && std::memcmp(other, row, size) == 0) return slot.row - 1;
    }
  }

  RowCodec codec_;
  std::vector<Slot> slots_;
  size_t mask_;
  std::vector<const char*> rows_;
  std::vector<int64_t> sums_;
};

// What the batches hold: a column is nullable if a NULL may be in one of them.
RowCodec codec_for(std::span<const BatchRef> batches) {
  std::vector<FieldLayout> fields;
  for (const Column& column : batches[0]->columns()) fields.push_back({column.kind(), false});
  for (const BatchRef& batch : batches) {
    CHECK_OP(==, batch->num_columns(), fields.size());
    for (size_t i = 0; i < fields.size(); ++i) {
      fields[i].nullable = fields[i].nullable || batch->column(i).has_nulls();
    }
  }
  return RowCodec(std::move(fields));
}

}  // namespace

std::vector<BatchRef> consolidate(std::span<const BatchRef> batches, ConsolidatedOrder order,
                                  HashMode hash_mode) {
  size_t num_rows = 0;
  for (const BatchRef& batch : batches) num_rows += batch->size();
  if (num_rows == 0) return {};
  CHECK_OP(<, num_rows, size_t{UINT32_MAX});
  RowCodec codec = codec_for(batches);
  std::vector<EncodedRows> encoded(batches.size());
  std::vector<uint64_t> hashes;
  RowSums sums(codec, num_rows);
  for (size_t i = 0; i < batches.size(); ++i) {
    codec.encode(batches[i]->columns(), batches[i]->size(), encoded[i]);
    hash_rows(encoded[i], hash_mode, hashes);
    sums.add(encoded[i], batches[i]->diffs(), hashes);
  }
  std::vector<uint32_t> survivors = sums.survivors(order);
  std::vector<BatchRef> out;
  for (size_t begin = 0; begin < survivors.size(); begin += kChunkRows) {
    size_t count = std::min(kChunkRows, survivors.size() - begin);
    out.push_back(sums.batch(std::span(survivors).subspan(begin, count)));
  }
  return out;
}

DeltaBatch consolidate(const DeltaBatch& batch, ConsolidatedOrder order) {
  if (batch.size() == 0) return batch;
  RowCodec codec = [&] {
    BatchRef alias(BatchRef(), &batch);
    return codec_for(std::span(&alias, 1));
  }();
  EncodedRows encoded;
  std::vector<uint64_t> hashes;
  codec.encode(batch.columns(), batch.size(), encoded);
  hash_rows(encoded, HashMode::kNormal, hashes);
  RowSums sums(codec, batch.size());
  sums.add(encoded, batch.diffs(), hashes);
  return *sums.batch(sums.survivors(order));
}

}  // namespace penstock::data
