// Columns: building, gathering and slicing them.
#include "data/column.h"

#include <algorithm>

namespace penstock::data {

namespace {

constexpr size_t kFirstCapacity = 16;
constexpr size_t kFirstBufferBytes = 1024;
constexpr size_t kMaxBufferBytes = 256 << 10;

// Eight-byte aligned, not initialised.
std::shared_ptr<char[]> allocate_values(size_t bytes) {
  auto words = std::make_shared_for_overwrite<uint64_t[]>((bytes + 7) / 8);
  return {words, reinterpret_cast<char*>(words.get())};
}

size_t words_for(size_t rows) {
  return (rows + 63) / 64;
}

template <typename T>
void gather_values(const char* from, std::span<const uint32_t> rows, char* to) {
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  for (size_t i = 0; i < rows.size(); ++i) target[i] = source[rows[i]];
}

struct Sixteen {
  uint64_t words[2];
};

void gather_any(size_t value_size, const char* from, std::span<const uint32_t> rows, char* to) {
  switch (value_size) {
    case 1:
      return gather_values<uint8_t>(from, rows, to);
    case 2:
      return gather_values<uint16_t>(from, rows, to);
    case 4:
      return gather_values<uint32_t>(from, rows, to);
    case 8:
      return gather_values<uint64_t>(from, rows, to);
    default:
      return gather_values<Sixteen>(from, rows, to);
  }
}

}  // namespace

Column Column::constant(PhysicalKind kind, const Datum& value, size_t size) {
  ColumnBuilder builder(kind);
  builder.append_datum(value);
  Column column = builder.finish();
  column.encoding_ = ColumnEncoding::kConstant;
  column.size_ = size;
  return column;
}

bool Column::any_null() const {
  if (!validity_ || size_ == 0) return false;
  if (is_constant()) return is_null(0);
  size_t whole = size_ / 64;
  for (size_t word = 0; word < whole; ++word) {
    if ((*validity_)[word] != ~uint64_t{0}) return true;
  }
  if (size_ % 64 == 0) return false;
  uint64_t mask = (uint64_t{1} << (size_ % 64)) - 1;
  return ((*validity_)[whole] & mask) != mask;
}

Datum Column::datum(size_t row) const {
  DCHECK(row < size_);
  if (is_null(row)) return Datum::null();
  switch (kind_) {
    case PhysicalKind::kBool8:
      return Datum::boolean(value<uint8_t>(row) != 0);
    case PhysicalKind::kInt16:
      return Datum::integer(value<int16_t>(row));
    case PhysicalKind::kInt32:
      return Datum::integer(value<int32_t>(row));
    case PhysicalKind::kInt64:
      return Datum::integer(value<int64_t>(row));
    case PhysicalKind::kFloat32:
      return Datum::floating(static_cast<double>(value<float>(row)));
    case PhysicalKind::kFloat64:
      return Datum::floating(value<double>(row));
    case PhysicalKind::kFixed16:
      return Datum::fixed16(value<Fixed16>(row));
    case PhysicalKind::kBytes:
      return Datum::bytes(std::string(bytes(row)));
  }
  return Datum::null();
}

Column Column::gather(std::span<const uint32_t> rows) const {
  Column out;
  out.kind_ = kind_;
  out.size_ = rows.size();
  out.buffers_ = buffers_;
  if (is_constant()) {
    out.encoding_ = encoding_;
    out.values_ = values_;
    out.validity_ = validity_;
    return out;
  }
  size_t value_size = types::physical_size(kind_);
  std::shared_ptr<char[]> values = allocate_values(rows.size() * value_size);
  gather_any(value_size, values_.get(), rows, values.get());
  out.values_ = std::move(values);
  if (validity_) {
    std::vector<uint64_t> words(words_for(rows.size()), 0);
    uint64_t missing = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      uint64_t valid = (*validity_)[rows[i] >> 6] >> (rows[i] & 63) & 1;
      words[i >> 6] |= valid << (i & 63);
      missing |= valid ^ 1;
    }
    if (missing) out.validity_ = std::make_shared<const std::vector<uint64_t>>(std::move(words));
  }
  return out;
}

Column Column::slice(size_t begin, size_t end) const {
  CHECK(begin <= end && end <= size_);
  Column out = *this;
  out.size_ = end - begin;
  if (is_constant() || (begin == 0 && end == size_)) return out;
  out.values_ =
      std::shared_ptr<const char[]>(values_, values_.get() + begin * types::physical_size(kind_));
  if (!validity_ || begin == 0) return out;
  std::vector<uint64_t> words(words_for(end - begin));
  size_t shift = begin & 63;
  for (size_t i = 0; i < words.size(); ++i) {
    size_t from = (begin >> 6) + i;
    words[i] = (*validity_)[from] >> shift;
    if (shift != 0 && from + 1 < validity_->size()) {
      words[i] |= (*validity_)[from + 1] << (64 - shift);
    }
  }
  out.validity_ = std::make_shared<const std::vector<uint64_t>>(std::move(words));
  return out;
}

Column Column::flattened() const {
  if (!is_constant()) return *this;
  Column out = *this;
  out.encoding_ = ColumnEncoding::kFlat;
  size_t value_size = types::physical_size(kind_);
  std::shared_ptr<char[]> values = allocate_values(size_ * value_size);
  for (size_t i = 0; i < size_; ++i) {
    std::memcpy(values.get() + i * value_size, values_.get(), value_size);
  }
  out.values_ = std::move(values);
  if (validity_) {
    std::vector<uint64_t> words(words_for(size_), is_null(0) ? 0 : ~uint64_t{0});
    out.validity_ = std::make_shared<const std::vector<uint64_t>>(std::move(words));
  }
  return out;
}

size_t Column::memory_bytes() const {
  size_t stored = is_constant() ? 1 : size_;
  size_t bytes = stored * types::physical_size(kind_);
  if (validity_) bytes += words_for(stored) * 8;
  if (buffers_) {
    for (const auto& buffer : *buffers_) bytes += buffer->capacity();
  }
  return bytes;
}

ColumnBuilder::ColumnBuilder(PhysicalKind kind)
    : kind_(kind), value_size_(types::physical_size(kind)) {}

void ColumnBuilder::expand(size_t rows) {
  size_t capacity = std::max({rows, capacity_ * 2, kFirstCapacity});
  std::shared_ptr<char[]> values = allocate_values(capacity * value_size_);
  if (size_ != 0) std::memcpy(values.get(), values_.get(), size_ * value_size_);
  values_ = std::move(values);
  capacity_ = capacity;
  if (!validity_.empty()) validity_.resize(words_for(capacity), ~uint64_t{0});
}

void ColumnBuilder::set_null(size_t row) {
  DCHECK(row < size_);
  if (validity_.empty()) validity_.resize(words_for(capacity_), ~uint64_t{0});
  validity_[row >> 6] &= ~(uint64_t{1} << (row & 63));
  std::memset(values_.get() + row * value_size_, 0, value_size_);
  if (row + 1 == size_) incomplete_ = false;
}

void ColumnBuilder::append_null() {
  complete_last();
  grow(1);
  set_null(size_ - 1);
}

// A long value that was written in place needs its prefix copied into the view.
void ColumnBuilder::complete_last() {
  if (!incomplete_) return;
  incomplete_ = false;
  char* view = values_.get() + (size_ - 1) * value_size_;
  const char* bytes;
  std::memcpy(&bytes, view + 8, sizeof(bytes));
  std::memcpy(view + 4, bytes, 4);
}

char* ColumnBuilder::buffer_room(size_t bytes) {
  if (!open_buffer_ || open_buffer_->size() - open_used_ < bytes) {
    size_t size = std::max(bytes, std::clamp(buffer_bytes_, kFirstBufferBytes, kMaxBufferBytes));
    open_buffer_ = std::make_shared<std::string>();
    open_buffer_->resize_and_overwrite(size, [](char*, size_t count) { return count; });
    open_used_ = 0;
    buffers_.push_back(open_buffer_);
  }
  char* room = open_buffer_->data() + open_used_;
  open_used_ += bytes;
  buffer_bytes_ += bytes;
  return room;
}

char* ColumnBuilder::append_uninitialized_bytes(size_t length) {
  DCHECK(kind_ == PhysicalKind::kBytes);
  complete_last();
  CHECK(length <= UINT32_MAX);
  char* view = grow(1);
  uint32_t stored = static_cast<uint32_t>(length);
  if (length <= Slice::kInlineBytes) {
    std::memset(view, 0, sizeof(Slice));
    std::memcpy(view, &stored, sizeof(stored));
    return view + 4;
  }
  char* room = buffer_room(length);
  std::memcpy(view, &stored, sizeof(stored));
  std::memcpy(view + 8, &room, sizeof(room));
  incomplete_ = true;
  return room;
}

void ColumnBuilder::append_bytes(std::string_view bytes) {
  DCHECK(kind_ == PhysicalKind::kBytes);
  complete_last();
  CHECK(bytes.size() <= UINT32_MAX);
  if (bytes.size() > Slice::kInlineBytes) {
    char* room = buffer_room(bytes.size());
    std::memcpy(room, bytes.data(), bytes.size());
    bytes = {room, bytes.size()};
  }
  Slice view(bytes);
  std::memcpy(grow(1), &view, sizeof(view));
}

void ColumnBuilder::share_buffers(const Column& column) {
  if (!column.buffers_) return;
  buffers_.insert(buffers_.end(), column.buffers_->begin(), column.buffers_->end());
}

void ColumnBuilder::append_view(std::string_view bytes) {
  DCHECK(kind_ == PhysicalKind::kBytes);
  complete_last();
  Slice view(bytes);
  std::memcpy(grow(1), &view, sizeof(view));
}

void ColumnBuilder::append_datum(const Datum& value) {
  if (value.is_null()) return append_null();
  switch (kind_) {
    case PhysicalKind::kBool8:
      return append<uint8_t>(value.as_bool() ? 1 : 0);
    case PhysicalKind::kInt16:
      return append(static_cast<int16_t>(value.as_int()));
    case PhysicalKind::kInt32:
      return append(static_cast<int32_t>(value.as_int()));
    case PhysicalKind::kInt64:
      return append(value.as_int());
    case PhysicalKind::kFloat32:
      return append(static_cast<float>(value.as_double()));
    case PhysicalKind::kFloat64:
      return append(value.as_double());
    case PhysicalKind::kFixed16:
      return append(value.as_fixed16());
    case PhysicalKind::kBytes:
      return append_bytes(value.as_bytes());
  }
}

void ColumnBuilder::append_from(const Column& column, size_t row) {
  DCHECK(column.kind() == kind_);
  if (column.is_null(row)) return append_null();
  if (kind_ == PhysicalKind::kBytes) return append_bytes(column.bytes(row));
  const char* from = column.values_.get() + (column.is_constant() ? 0 : row) * value_size_;
  std::memcpy(grow(1), from, value_size_);
}

Column ColumnBuilder::finish() {
  complete_last();
  Column column;
  column.kind_ = kind_;
  column.size_ = size_;
  column.values_ = values_ ? std::move(values_) : allocate_values(0);
  if (!validity_.empty()) {
    validity_.resize(words_for(size_));
    column.validity_ = std::make_shared<const std::vector<uint64_t>>(std::move(validity_));
  }
  if (!buffers_.empty()) {
    if (open_buffer_) open_buffer_->resize(open_used_);
    column.buffers_ = std::make_shared<const Column::Buffers>(std::move(buffers_));
  }
  *this = ColumnBuilder(kind_);
  return column;
}

}  // namespace penstock::data
