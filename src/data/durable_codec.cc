// The durable encoding of rows and blocks, version 1.
#include "data/durable_codec.h"

#include <cstring>

#include "base/bytes_io.h"

namespace penstock::data {

namespace {

uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::unexpected<Error> damaged(const char* what) {
  return fail(sql_state::kIoError, std::string("damaged row on disk: ") + what);
}

void append_value(const Column& column, size_t row, std::string& out) {
  switch (column.kind()) {
    case PhysicalKind::kBool8:
      return put_fixed(out, column.value<uint8_t>(row));
    case PhysicalKind::kInt16:
      return put_varint(out, zigzag(column.value<int16_t>(row)));
    case PhysicalKind::kInt32:
      return put_varint(out, zigzag(column.value<int32_t>(row)));
    case PhysicalKind::kInt64:
      return put_varint(out, zigzag(column.value<int64_t>(row)));
    case PhysicalKind::kFloat32:
      return put_fixed(out, column.value<uint32_t>(row));
    case PhysicalKind::kFloat64:
      return put_fixed(out, column.value<uint64_t>(row));
    case PhysicalKind::kFixed16:
      return put_fixed(out, column.value<Fixed16>(row));
    case PhysicalKind::kBytes:
      return put_string(out, column.bytes(row));
  }
}

bool take_value(ByteReader& reader, PhysicalKind kind, ColumnBuilder& out) {
  switch (kind) {
    case PhysicalKind::kBool8:
      out.append(static_cast<uint8_t>(reader.fixed<uint8_t>() != 0));
      break;
    case PhysicalKind::kInt16:
      out.append(static_cast<int16_t>(unzigzag(reader.varint())));
      break;
    case PhysicalKind::kInt32:
      out.append(static_cast<int32_t>(unzigzag(reader.varint())));
      break;
    case PhysicalKind::kInt64:
      out.append(unzigzag(reader.varint()));
      break;
    case PhysicalKind::kFloat32:
      out.append(reader.fixed<uint32_t>());
      break;
    case PhysicalKind::kFloat64:
      out.append(reader.fixed<uint64_t>());
      break;
    case PhysicalKind::kFixed16:
      out.append(reader.fixed<Fixed16>());
      break;
    case PhysicalKind::kBytes:
      out.append_bytes(reader.string());
      break;
  }
  return !reader.failed();
}

}  // namespace

DurableRowCodec::DurableRowCodec(std::span<const PhysicalKind> kinds)
    : kinds_(kinds.begin(), kinds.end()) {}

void DurableRowCodec::append_row(const DeltaBatch& batch, size_t row, std::string& out) const {
  DCHECK(batch.num_columns() == kinds_.size());
  size_t bitmap = out.size();
  out.append((kinds_.size() + 7) / 8, '\0');
  for (size_t i = 0; i < kinds_.size(); ++i) {
    const Column& column = batch.column(i);
    if (column.is_null(row)) {
      out[bitmap + i / 8] = static_cast<char>(out[bitmap + i / 8] | 1 << (i % 8));
    } else {
      append_value(column, row, out);
    }
  }
}

void DurableRowCodec::encode(const DeltaBatch& batch, EncodedRows& out) const {
  std::string bytes;
  std::vector<uint32_t> ends = {0};
  ends.reserve(batch.size() + 1);
  for (size_t row = 0; row < batch.size(); ++row) {
    append_row(batch, row, bytes);
    CHECK_OP(<=, bytes.size(), size_t{UINT32_MAX});
    ends.push_back(static_cast<uint32_t>(bytes.size()));
  }
  char* room = out.reset_variable(ends);
  std::memcpy(room, bytes.data(), bytes.size());
}

Status DurableRowCodec::decode(std::string_view row, BatchBuilder& out) const {
  ByteReader reader(row);
  std::string_view bitmap = reader.bytes((kinds_.size() + 7) / 8);
  if (reader.failed()) return damaged("cut short");
  for (size_t i = 0; i < kinds_.size(); ++i) {
    if ((static_cast<uint8_t>(bitmap[i / 8]) >> (i % 8) & 1) != 0) {
      out.column(i).append_null();
    } else if (!take_value(reader, kinds_[i], out.column(i))) {
      return damaged("cut short");
    }
  }
  if (!reader.at_end()) return damaged("more bytes than columns");
  return {};
}

DurableBlockWriter::DurableBlockWriter(std::span<const PhysicalKind> kinds) : codec_(kinds) {}

void DurableBlockWriter::add_row(std::string_view row, int64_t weight) {
  put_varint(body_, zigzag(weight));
  put_string(body_, row);
  ++num_rows_;
}

void DurableBlockWriter::add(const DeltaBatch& batch) {
  for (size_t row = 0; row < batch.size(); ++row) {
    scratch_.clear();
    codec_.append_row(batch, row, scratch_);
    add_row(scratch_, batch.diff(row));
  }
}

std::string DurableBlockWriter::finish() {
  std::string block;
  block.reserve(body_.size() + 16 + codec_.kinds().size());
  block.push_back(static_cast<char>(kDurableVersion));
  put_varint(block, codec_.kinds().size());
  for (PhysicalKind kind : codec_.kinds()) block.push_back(static_cast<char>(kind));
  put_varint(block, num_rows_);
  block += body_;
  body_.clear();
  num_rows_ = 0;
  return block;
}

Result<DurableBlockReader> DurableBlockReader::open(std::string_view block) {
  ByteReader reader(block);
  uint8_t version = reader.fixed<uint8_t>();
  if (!reader.failed() && version != kDurableVersion) return damaged("unknown version of a block");
  uint64_t num_columns = reader.varint();
  if (num_columns > reader.rest().size()) return damaged("cut short");
  std::vector<PhysicalKind> kinds;
  for (uint64_t i = 0; i < num_columns; ++i) {
    uint8_t kind = reader.fixed<uint8_t>();
    if (kind > static_cast<uint8_t>(PhysicalKind::kBytes)) return damaged("unknown kind");
    kinds.push_back(static_cast<PhysicalKind>(kind));
  }
  uint64_t num_rows = reader.varint();
  if (reader.failed()) return damaged("cut short");
  return DurableBlockReader(DurableRowCodec(kinds), reader.rest(), num_rows);
}

Result<bool> DurableBlockReader::next(Entry& entry) {
  if (left_ == 0) {
    if (!rest_.empty()) return damaged("more bytes than rows");
    return false;
  }
  ByteReader reader(rest_);
  entry.weight = unzigzag(reader.varint());
  entry.row = reader.string();
  if (reader.failed() || entry.weight == 0) return damaged("cut short");
  rest_ = reader.rest();
  --left_;
  return true;
}

Result<bool> DurableBlockReader::read(BatchBuilder& out) {
  bool any = false;
  Entry entry;
  while (!out.full()) {
    ASSIGN_OR_RETURN(bool more, next(entry));
    if (!more) break;
    RETURN_IF_ERROR(codec_.decode(entry.row, out));
    out.append_diff(entry.weight);
    any = true;
  }
  return any;
}

}  // namespace penstock::data
