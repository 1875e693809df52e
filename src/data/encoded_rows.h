// Rows of a batch as byte strings side by side, as RowCodec, KeyCodec and SortKeyCodec make them:
// either all of one size (`stride` bytes, a multiple of 8, zero-padded) or each with its own. A
// scratch object: encoding again reuses its memory. One owner thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "data/column.h"

namespace penstock::data {

class EncodedRows {
 public:
  size_t size() const { return size_; }
  bool is_fixed() const { return stride_ != kVariable; }
  // REQUIRES: is_fixed(). 0 when a row has no columns.
  size_t stride() const { return stride_; }
  const char* data() const { return data_; }
  const char* at(size_t row) const {
    return is_fixed() ? data_ + row * stride_ : data_ + offsets_[row];
  }
  size_t row_size(size_t row) const {
    return is_fixed() ? stride_ : offsets_[row + 1] - offsets_[row];
  }
  std::string_view row(size_t row) const { return {at(row), row_size(row)}; }
  size_t memory_bytes() const { return capacity_ + offsets_.capacity() * sizeof(offsets_[0]); }

  // For codecs. Room for `rows` rows of `stride` bytes, not initialised.
  char* reset_fixed(size_t rows, size_t stride) {
    size_ = rows;
    stride_ = stride;
    borrowed_ = Column();
    return room(rows * stride);
  }
  // Rows of the sizes in `ends`: begins with 0, then where each row ends. Not initialised.
  char* reset_variable(std::vector<uint32_t>& ends) {
    size_ = ends.size() - 1;
    stride_ = kVariable;
    borrowed_ = Column();
    offsets_.swap(ends);
    return room(offsets_.back());
  }
  // The column's values are the rows. REQUIRES: flat, no NULL, values of 8 or 16 bytes.
  void borrow(const Column& column) {
    size_ = column.size();
    stride_ = types::physical_size(column.kind());
    borrowed_ = column;
    data_ = stride_ == 8 ? reinterpret_cast<const char*>(borrowed_.values<uint64_t>())
                         : reinterpret_cast<const char*>(borrowed_.values<Fixed16>());
  }
  const std::vector<uint32_t>& offsets() const { return offsets_; }

 private:
  static constexpr size_t kVariable = ~size_t{0};

  char* room(size_t bytes) {
    if (bytes > capacity_ || !buffer_) {
      capacity_ = std::max(bytes, size_t{64});
      buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    data_ = buffer_.get();
    return buffer_.get();
  }

  size_t size_ = 0;
  size_t stride_ = 0;
  const char* data_ = nullptr;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  std::vector<uint32_t> offsets_;
  Column borrowed_;  // Keeps the values alive.
};

}  // namespace penstock::data
