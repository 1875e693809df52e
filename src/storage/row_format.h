// Rows as durable bytes: what a row looks like on disk, and its place in storage order.
//
//   row       data::DurableRowCodec
//   key       the key columns as a row of their own; empty when no key is known
//   sort key  [key part][row part], compared by memcmp
//   key part  [u8 length < 240][key] or [240][first 224 bytes of key][hash128 of key]
//   row part  [0][row], at most 1000 bytes of row; or [1][first 64 bytes][hash128 of row], and the
//             row goes beside the sort key as its payload
//
// So equal keys are neighbours, sort keys are short (at most 1242 bytes), and a row is found again
// from sort key and payload. Immutable, shared between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/delta_batch.h"
#include "data/durable_codec.h"
#include "types/sql_type.h"

namespace penstock::storage {

class RowFormat {
 public:
  RowFormat(std::span<const data::PhysicalKind> kinds, std::vector<size_t> key_columns);
  static RowFormat of_rows(const types::RelationType& type);
  static RowFormat of_errors();

  std::span<const data::PhysicalKind> kinds() const { return rows_.kinds(); }

  // The key columns of a batch, to be handed to encode(); nothing when there is no key.
  std::optional<data::DeltaBatch> keys_of(const data::DeltaBatch& batch) const;
  // Appends the sort key of a row to `out`; `row_bytes` receives the row (its payload when it is
  // long). Returns whether there is a payload.
  bool encode(const data::DeltaBatch& batch, const std::optional<data::DeltaBatch>& keys,
              size_t row, std::string& out, std::string& row_bytes) const;
  // The row's bytes within its sort key or payload.
  static std::string_view row_of(std::string_view sort_key, std::string_view payload);
  // Appends a row and its diff.
  Status decode(std::string_view row, int64_t diff, data::BatchBuilder& out) const;

 private:
  data::DurableRowCodec rows_;
  data::DurableRowCodec keys_;
  std::vector<size_t> key_columns_;
};

}  // namespace penstock::storage
