// Rows and blocks of weighted rows as they are written to disk: versioned, compact, and one
// spelling per row, so that equal rows have equal bytes for ever. docs/internals/row_encoding.md
// has every byte. What was read back may be damaged: decoding answers an Error, never aborts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/delta_batch.h"
#include "data/encoded_rows.h"

namespace penstock::data {

// The only format so far.
inline constexpr uint8_t kDurableVersion = 1;

// Rows of columns of these kinds. Immutable.
class DurableRowCodec {
 public:
  explicit DurableRowCodec(std::span<const PhysicalKind> kinds);

  std::span<const PhysicalKind> kinds() const { return kinds_; }
  // Every row of the batch, without its diff.
  void encode(const DeltaBatch& batch, EncodedRows& out) const;
  void append_row(const DeltaBatch& batch, size_t row, std::string& out) const;
  // Appends the row's values to `out`'s columns (the caller appends the diff). Error: damaged; some
  // columns may have got their value then.
  Status decode(std::string_view row, BatchBuilder& out) const;

 private:
  std::vector<PhysicalKind> kinds_;
};

// Rows with their weights behind each other: what a batch is on disk.
class DurableBlockWriter {
 public:
  explicit DurableBlockWriter(std::span<const PhysicalKind> kinds);

  void add(const DeltaBatch& batch);
  // One row in the encoding of DurableRowCodec.
  void add_row(std::string_view row, int64_t weight);
  size_t num_rows() const { return num_rows_; }
  size_t size_bytes() const { return body_.size(); }
  // The block; the writer is empty and usable again.
  std::string finish();

 private:
  DurableRowCodec codec_;
  std::string body_;
  std::string scratch_;
  size_t num_rows_ = 0;
};

class DurableBlockReader {
 public:
  // `block` must outlive the reader.
  static Result<DurableBlockReader> open(std::string_view block);

  size_t num_rows() const { return num_rows_; }
  std::span<const PhysicalKind> kinds() const { return codec_.kinds(); }
  // The next row as it lies there; false at the end.
  struct Entry {
    std::string_view row;
    int64_t weight = 0;
  };
  Result<bool> next(Entry& entry);
  // The next rows until `out` is full; false when there was none left.
  Result<bool> read(BatchBuilder& out);

 private:
  DurableBlockReader(DurableRowCodec codec, std::string_view rest, size_t num_rows)
      : codec_(std::move(codec)), rest_(rest), num_rows_(num_rows), left_(num_rows) {}

  DurableRowCodec codec_;
  std::string_view rest_;
  size_t num_rows_;
  size_t left_;
};

}  // namespace penstock::data
