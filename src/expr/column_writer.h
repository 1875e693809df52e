// A flat column under construction, written in any order: what a kernel fills. Values that are not
// written are zero. Move-only; used up by finish(). Owned by one evaluation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"

namespace penstock::expr {

class ColumnWriter {
 public:
  ColumnWriter(types::PhysicalKind kind, size_t size);

  types::PhysicalKind kind() const { return kind_; }
  size_t size() const { return size_; }

  // All `size` values. T must have the kind's size.
  template <typename T>
  T* values() {
    DCHECK(sizeof(T) == types::physical_size(kind_));
    return reinterpret_cast<T*>(values_.get());
  }
  void set_null(size_t row) {
    if (validity_.empty()) validity_.assign((size_ + 63) / 64, ~uint64_t{0});
    validity_[row >> 6] &= ~(uint64_t{1} << (row & 63));
  }
  // Copies the bytes. Kind kBytes.
  void set_bytes(size_t row, std::string_view bytes) {
    if (bytes.size() <= data::Slice::kInlineBytes) {
      values<data::Slice>()[row] = data::Slice(bytes);
    } else {
      values<data::Slice>()[row] = data::Slice(std::string_view(copy(bytes), bytes.size()));
    }
  }
  // A view into `source`'s bytes; keep_buffers(source) must be called once as well.
  void set_slice(size_t row, data::Slice slice) { values<data::Slice>()[row] = slice; }
  void keep_buffers(const data::Column& source);
  // REQUIRES: the same kind. keep_buffers(source) must be called once as well.
  void copy_value(size_t row, const data::Column& source, size_t source_row);
  void set_datum(size_t row, const types::Datum& value);
  // As if the row had never been written.
  void clear_value(size_t row);

  // NULL, with a zero value whatever was written.
  void clear_to_null(size_t row) {
    set_null(row);
    clear_value(row);
  }
  data::Column finish();

 private:
  char* copy(std::string_view bytes);

  types::PhysicalKind kind_;
  size_t size_;
  std::shared_ptr<char[]> values_;
  std::vector<uint64_t> validity_;  // Empty until the first NULL.
  data::Column::Buffers buffers_;
  std::shared_ptr<std::string> open_;  // Never grows past its capacity: Slices point into it.
};

}  // namespace penstock::expr
