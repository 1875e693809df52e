// Storage of a column under construction.
#include "expr/column_writer.h"

#include <algorithm>
#include <cstring>

namespace penstock::expr {
namespace {

using data::Slice;
using types::PhysicalKind;

constexpr size_t kFirstBufferBytes = 1 << 10;
constexpr size_t kLargestBufferBytes = 1 << 18;

}  // namespace

ColumnWriter::ColumnWriter(PhysicalKind kind, size_t size)
    : kind_(kind),
      size_(size),
      values_(std::make_shared<char[]>(size * types::physical_size(kind))) {}

char* ColumnWriter::copy(std::string_view bytes) {
  if (!open_ || open_->capacity() - open_->size() < bytes.size()) {
    size_t next = open_ ? std::min(open_->capacity() * 2, kLargestBufferBytes) : kFirstBufferBytes;
    open_ = std::make_shared<std::string>();
    open_->reserve(std::max(next, bytes.size()));
    buffers_.push_back(open_);
  }
  size_t at = open_->size();
  open_->append(bytes);
  return open_->data() + at;
}

void ColumnWriter::keep_buffers(const data::Column& source) {
  if (kind_ != PhysicalKind::kBytes || !source.buffers()) return;
  for (const auto& buffer : *source.buffers()) buffers_.push_back(buffer);
}

void ColumnWriter::copy_value(size_t row, const data::Column& source, size_t source_row) {
  DCHECK(source.kind() == kind_);
  if (source.is_null(source_row)) {
    set_null(row);
    return;
  }
  size_t bytes = types::physical_size(kind_);
  size_t from = source.is_constant() ? 0 : source_row;
  std::memcpy(values_.get() + row * bytes, source.raw_values() + from * bytes, bytes);
}

void ColumnWriter::set_datum(size_t row, const types::Datum& value) {
  if (value.is_null()) {
    set_null(row);
    return;
  }
  switch (kind_) {
    case PhysicalKind::kBool8:
      values<bool>()[row] = value.as_bool();
      break;
    case PhysicalKind::kInt16:
      values<int16_t>()[row] = static_cast<int16_t>(value.as_int());
      break;
    case PhysicalKind::kInt32:
      values<int32_t>()[row] = static_cast<int32_t>(value.as_int());
      break;
    case PhysicalKind::kInt64:
      values<int64_t>()[row] = value.as_int();
      break;
    case PhysicalKind::kFloat32:
      values<float>()[row] = static_cast<float>(value.as_double());
      break;
    case PhysicalKind::kFloat64:
      values<double>()[row] = value.as_double();
      break;
    case PhysicalKind::kFixed16:
      values<types::Fixed16>()[row] = value.as_fixed16();
      break;
    case PhysicalKind::kBytes:
      set_bytes(row, value.as_bytes());
      break;
  }
}

void ColumnWriter::clear_value(size_t row) {
  size_t bytes = types::physical_size(kind_);
  std::memset(values_.get() + row * bytes, 0, bytes);
}

data::Column ColumnWriter::finish() {
  data::Column::Validity validity;
  if (!validity_.empty()) {
    validity = std::make_shared<const std::vector<uint64_t>>(std::move(validity_));
  }
  std::shared_ptr<const data::Column::Buffers> buffers;
  if (!buffers_.empty()) {
    buffers = std::make_shared<const data::Column::Buffers>(std::move(buffers_));
  }
  return data::Column::over(kind_, size_, std::move(values_), std::move(validity),
                            std::move(buffers));
}

}  // namespace penstock::expr
