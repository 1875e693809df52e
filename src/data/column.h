// An immutable column of values of one physical kind, flat or constant, and its builder.
//
// Layout: values are contiguous; validity is a bitmap (bit set = not NULL), absent when nothing is
// NULL; the value of a NULL is zero, so bytes are deterministic. kBytes values are Slices into
// reference-counted buffers. A constant column has one stored value and any size.
// Copying a Column copies references. Immutable, so shared freely between threads.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "data/slice.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::data {

using types::Datum;
using types::Fixed16;
using types::PhysicalKind;

enum class ColumnEncoding : uint8_t { kFlat, kConstant };

class Column {
 public:
  Column() = default;  // Of size 0 and kind kBool8.
  // `size` rows of one value. REQUIRES: `value` is NULL or of `kind`.
  static Column constant(PhysicalKind kind, const Datum& value, size_t size);

  using Validity = std::shared_ptr<const std::vector<uint64_t>>;
  using Buffers = std::vector<std::shared_ptr<const std::string>>;
  // A flat column over storage the caller made: `size` values, zero where NULL, and for kBytes the
  // buffers that the Slices point into (null when all are inline).
  static Column over(PhysicalKind kind, size_t size, std::shared_ptr<const char[]> values,
                     Validity validity, std::shared_ptr<const Buffers> buffers) {
    Column out;
    out.kind_ = kind;
    out.size_ = size;
    out.values_ = std::move(values);
    out.validity_ = std::move(validity);
    out.buffers_ = std::move(buffers);
    return out;
  }
  // The bitmap (of one value if constant); null when nothing is NULL.
  const Validity& validity() const { return validity_; }
  // What the Slices point into; null when all are inline.
  const std::shared_ptr<const Buffers>& buffers() const { return buffers_; }

  PhysicalKind kind() const { return kind_; }
  size_t size() const { return size_; }
  bool is_constant() const { return encoding_ == ColumnEncoding::kConstant; }
  // False means that no row is NULL; true that one may be.
  bool has_nulls() const { return validity_ != nullptr; }
  bool is_null(size_t row) const {
    if (!validity_) return false;
    size_t index = is_constant() ? 0 : row;
    return ((*validity_)[index >> 6] >> (index & 63) & 1) == 0;
  }
  // Bit set = not NULL; of size() rows, or of one if constant; bits beyond are unspecified. Null
  // when nothing is NULL.
  const uint64_t* validity_words() const { return validity_ ? validity_->data() : nullptr; }
  // Whether some row is NULL: looks at every word of the bitmap.
  bool any_null() const;

  // All stored values: size() of them, or one if constant. T must have the kind's size.
  template <typename T>
  const T* values() const {
    DCHECK(sizeof(T) == types::physical_size(kind_));
    return reinterpret_cast<const T*>(values_.get());
  }
  // The same as bytes, physical_size(kind()) each.
  const char* raw_values() const { return values_.get(); }
  template <typename T>
  T value(size_t row) const {
    return values<T>()[is_constant() ? 0 : row];
  }
  std::string_view bytes(size_t row) const {
    return values<Slice>()[is_constant() ? 0 : row].view();
  }
  // Integers narrower than 8 bytes come sign-extended, whatever the SQL type: a reader of uint2,
  // uint4 or oid takes the low bits.
  Datum datum(size_t row) const;

  // The rows named, in that order. Views move, bytes do not: the buffers are shared.
  Column gather(std::span<const uint32_t> rows) const;
  Column slice(size_t begin, size_t end) const;
  // The same values with every row stored.
  Column flattened() const;

  // Bytes held by values and buffers (buffers shared with other columns are counted here too).
  size_t memory_bytes() const;

 private:
  friend class ColumnBuilder;

  PhysicalKind kind_ = PhysicalKind::kBool8;
  ColumnEncoding encoding_ = ColumnEncoding::kFlat;
  size_t size_ = 0;
  std::shared_ptr<const char[]> values_;
  std::shared_ptr<const std::vector<uint64_t>> validity_;
  std::shared_ptr<const Buffers> buffers_;
};

// Builds a flat Column. Move-only; used up by finish().
class ColumnBuilder {
 public:
  explicit ColumnBuilder(PhysicalKind kind);
  ColumnBuilder(ColumnBuilder&&) = default;
  ColumnBuilder& operator=(ColumnBuilder&&) = default;

  PhysicalKind kind() const { return kind_; }
  size_t size() const { return size_; }
  void reserve(size_t rows) {
    if (rows > capacity_) expand(rows);
  }

  template <typename T>
  void append(T value) {
    DCHECK(sizeof(T) == value_size_);
    char* at = grow(1);
    std::memcpy(at, &value, sizeof(T));
  }
  // Room for `rows` values that are not NULL, to be written by the caller before the next call.
  // Not for kBytes.
  template <typename T>
  T* append_uninitialized(size_t rows) {
    DCHECK(sizeof(T) == value_size_ && kind_ != PhysicalKind::kBytes);
    return reinterpret_cast<T*>(grow(rows));
  }
  // Copies the bytes. Kind kBytes only.
  void append_bytes(std::string_view bytes);
  void append_null();
  void append_datum(const Datum& value);
  // REQUIRES: same kind. Copies long bytes.
  void append_from(const Column& column, size_t row);
  // Room for `length` bytes to be written in place; the value is complete when the caller has
  // filled it, before the next call on this builder. Kind kBytes only.
  char* append_uninitialized_bytes(size_t length);

  // Views into other columns' bytes, without copying them: share_buffers(column) once, then
  // append_view(bytes) of any part of that column's bytes (parts of 12 bytes or less may come from
  // anywhere). Kind kBytes only.
  void share_buffers(const Column& column);
  void append_view(std::string_view bytes);

  // Makes a row that was appended NULL and its value zero.
  void set_null(size_t row);

  // Bytes appended so far, values and buffers.
  size_t memory_bytes() const { return size_ * value_size_ + buffer_bytes_; }
  Column finish();

 private:
  // Room for `rows` more values, marked not NULL.
  char* grow(size_t rows) {
    if (size_ + rows > capacity_) expand(size_ + rows);
    char* at = values_.get() + size_ * value_size_;
    size_ += rows;
    return at;
  }
  void expand(size_t rows);
  char* buffer_room(size_t bytes);
  void complete_last();

  PhysicalKind kind_;
  bool incomplete_ = false;  // The last value's bytes were still to be written.
  size_t value_size_;
  size_t size_ = 0;
  size_t capacity_ = 0;
  std::shared_ptr<char[]> values_;
  std::vector<uint64_t> validity_;  // Empty until the first NULL; then of capacity_ rows.
  std::vector<std::shared_ptr<const std::string>> buffers_;
  std::shared_ptr<std::string> open_buffer_;
  size_t open_used_ = 0;
  size_t buffer_bytes_ = 0;
};

}  // namespace penstock::data
