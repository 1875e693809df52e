// Sort keys; see the header for every byte.
#include "storage/row_format.h"

#include "base/bytes_io.h"
#include "base/check.h"
#include "storage/row_hash.h"

namespace penstock::storage {

namespace {

using data::PhysicalKind;

constexpr size_t kLongKey = 240;
constexpr size_t kLongKeyPrefix = 224;
constexpr size_t kShortRow = 1000;
constexpr size_t kLongRowPrefix = 64;

void put_hash(std::string& out, std::string_view bytes) {
  HashSum hash = hash128(bytes, 0);
  put_fixed(out, hash.low);
  put_fixed(out, hash.high);
}

std::vector<PhysicalKind> kinds_at(std::span<const PhysicalKind> kinds,
                                   const std::vector<size_t>& columns) {
  std::vector<PhysicalKind> out;
  for (size_t column : columns) {
    CHECK_OP(<, column, kinds.size());
    out.push_back(kinds[column]);
  }
  return out;
}

}  // namespace

RowFormat::RowFormat(std::span<const PhysicalKind> kinds, std::vector<size_t> key_columns)
    : rows_(kinds), keys_(kinds_at(kinds, key_columns)), key_columns_(std::move(key_columns)) {}

RowFormat RowFormat::of_rows(const types::RelationType& type) {
  std::vector<size_t> key = type.keys.empty() ? std::vector<size_t>() : type.keys[0];
  return RowFormat(data::physical_kinds(type), std::move(key));
}

RowFormat RowFormat::of_errors() {
  constexpr PhysicalKind kKinds[] = {PhysicalKind::kBytes};
  return RowFormat(kKinds, {});
}

std::optional<data::DeltaBatch> RowFormat::keys_of(const data::DeltaBatch& batch) const {
  if (key_columns_.empty()) return std::nullopt;
  std::vector<data::Column> columns;
  for (size_t column : key_columns_) columns.push_back(batch.column(column));
  return batch.with_columns(std::move(columns));
}

bool RowFormat::encode(const data::DeltaBatch& batch, const std::optional<data::DeltaBatch>& keys,
                       size_t row, std::string& out, std::string& row_bytes) const {
  size_t start = out.size();
  out.push_back(0);
  if (keys) {
    keys_.append_row(*keys, row, out);
    size_t key_size = out.size() - start - 1;
    if (key_size < kLongKey) {
      out[start] = static_cast<char>(key_size);
    } else {
      std::string key = out.substr(start + 1);
      out.resize(start + 1 + kLongKeyPrefix);
      put_hash(out, key);
      out[start] = static_cast<char>(kLongKey);
    }
  }
  row_bytes.clear();
  rows_.append_row(batch, row, row_bytes);
  if (row_bytes.size() <= kShortRow) {
    out.push_back(0);
    out.append(row_bytes);
    return false;
  }
  out.push_back(1);
  out.append(row_bytes, 0, kLongRowPrefix);
  put_hash(out, row_bytes);
  return true;
}

std::string_view RowFormat::row_of(std::string_view sort_key, std::string_view payload) {
  size_t row_part = 1 + static_cast<uint8_t>(sort_key[0]);
  if (row_part >= sort_key.size()) return {};  // Damaged: decode() says so.
  return sort_key[row_part] == 0 ? sort_key.substr(row_part + 1) : payload;
}

Status RowFormat::decode(std::string_view row, int64_t diff, data::BatchBuilder& out) const {
  RETURN_IF_ERROR(rows_.decode(row, out));
  out.append_diff(diff);
  return {};
}

}  // namespace penstock::storage
