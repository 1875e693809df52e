// Grouping and pairing.
#include "sinks/pairing.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bytes_io.h"

namespace penstock::sinks {
namespace {

// Rows of one sign, taken off in order, several copies at a time.
class Side {
 public:
  Side(const std::vector<GroupRow>& rows, bool deletions) : rows_(rows), deletions_(deletions) {
    skip();
  }
  uint64_t total() const {
    uint64_t sum = 0;
    for (const GroupRow& row : rows_) sum += belongs(row) ? count(row) : 0;
    return sum;
  }
  uint64_t left() const { return left_; }
  size_t handle() const { return rows_[at_].handle; }
  void take(uint64_t copies) {
    left_ -= copies;
    if (left_ == 0) {
      ++at_;
      skip();
    }
  }

 private:
  bool belongs(const GroupRow& row) const { return deletions_ ? row.diff < 0 : row.diff > 0; }
  static uint64_t count(const GroupRow& row) {
    return row.diff < 0 ? ~static_cast<uint64_t>(row.diff) + 1 : static_cast<uint64_t>(row.diff);
  }
  void skip() {
    while (at_ < rows_.size() && !belongs(rows_[at_])) ++at_;
    left_ = at_ < rows_.size() ? count(rows_[at_]) : 0;
  }

  const std::vector<GroupRow>& rows_;
  const bool deletions_;
  size_t at_ = 0;
  uint64_t left_ = 0;
};

void add_up_equal(std::vector<GroupRow>& rows) {
  size_t kept = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (kept > 0 && rows[kept - 1].row_bytes == rows[i].row_bytes) {
      rows[kept - 1].diff += rows[i].diff;
    } else {
      rows[kept++] = rows[i];
    }
  }
  rows.resize(kept);
}

}  // namespace

bool row_bytes_less(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

void append_row_bytes(const data::DeltaBatch& batch, size_t row, std::string& out) {
  for (const data::Column& column : batch.columns()) {
    bool null = column.is_null(row);
    out.push_back(static_cast<char>(null));
    if (null) continue;
    if (column.kind() == types::PhysicalKind::kBytes) {
      put_string(out, column.bytes(row));
    } else {
      size_t size = types::physical_size(column.kind());
      size_t index = column.is_constant() ? 0 : row;
      switch (size) {
        case 1:
          out.append(reinterpret_cast<const char*>(column.values<uint8_t>() + index), size);
          break;
        case 2:
          out.append(reinterpret_cast<const char*>(column.values<uint16_t>() + index), size);
          break;
        case 4:
          out.append(reinterpret_cast<const char*>(column.values<uint32_t>() + index), size);
          break;
        case 8:
          out.append(reinterpret_cast<const char*>(column.values<uint64_t>() + index), size);
          break;
        default:
          out.append(column.values<types::Fixed16>()[index].data(), size);
      }
    }
  }
}

void pair_group(std::vector<GroupRow>& rows, std::vector<Pair>& out) {
  out.clear();
  std::sort(rows.begin(), rows.end(), [](const GroupRow& a, const GroupRow& b) {
    return row_bytes_less(a.row_bytes, b.row_bytes);
  });
  add_up_equal(rows);
  Side befores(rows, true);
  Side afters(rows, false);
  uint64_t deletions = befores.total();
  uint64_t insertions = afters.total();
  uint64_t surplus = deletions > insertions ? deletions - insertions : 0;
  while (surplus > 0) {
    uint64_t copies = std::min(surplus, befores.left());
    out.push_back({befores.handle(), std::nullopt, copies});
    befores.take(copies);
    surplus -= copies;
  }
  while (befores.left() > 0) {
    uint64_t copies = std::min(befores.left(), afters.left());
    out.push_back({befores.handle(), afters.handle(), copies});
    befores.take(copies);
    afters.take(copies);
  }
  while (afters.left() > 0) {
    uint64_t copies = afters.left();
    out.push_back({std::nullopt, afters.handle(), copies});
    afters.take(copies);
  }
}

uint64_t count_changes(std::span<const Pair> pairs) {
  uint64_t sum = 0;
  for (const Pair& pair : pairs) sum += pair.copies;
  return sum;
}

void Pairing::load(std::span<const data::BatchRef> batches) {
  keys_.clear();
  key_ends_.assign(1, 0);
  rows_.clear();
  next_ = 0;
  for (size_t b = 0; b < batches.size(); ++b) {
    const data::DeltaBatch& batch = *batches[b];
    for (size_t row = 0; row < batch.size(); ++row) {
      append_key_(batch, row, keys_);
      key_ends_.push_back(keys_.size());
      rows_.push_back({&batch, b, row});
    }
  }
  sort();
}

void Pairing::sort() {
  order_.clear();
  order_.reserve(rows_.size());
  if (rows_.empty()) return;
  size_t shared = key(0).size();
  for (size_t i = 1; i < rows_.size(); ++i) {
    std::string_view a = key(i - 1);
    std::string_view b = key(i);
    shared = std::min({shared, a.size(), b.size()});
    shared = static_cast<size_t>(
        std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(shared), b.begin()).first -
        a.begin());
  }
  for (size_t i = 0; i < rows_.size(); ++i) {
    std::string_view rest = key(i).substr(shared);
    uint64_t word = 0;
    std::memcpy(&word, rest.data(), std::min<size_t>(rest.size(), 8));
    order_.push_back({std::byteswap(word), static_cast<uint32_t>(i)});
  }
  std::sort(order_.begin(), order_.end(), [this](const Entry& a, const Entry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return key(a.index) < key(b.index);
  });
}

std::optional<Pairing::Group> Pairing::next_group() {
  while (next_ < order_.size()) {
    size_t begin = next_;
    std::string_view group_key = key(order_[begin].index);
    while (next_ < order_.size() && key(order_[next_].index) == group_key) ++next_;
    if (next_ - begin == 1) {
      pair_single(order_[begin].index);
    } else {
      pair_many(begin, next_);
    }
    if (!pairs_.empty()) return Group{group_key, pairs_};
  }
  return std::nullopt;
}

void Pairing::pair_single(size_t index) {
  int64_t diff = rows_[index].batch->diff(rows_[index].row);
  pairs_.resize(1);
  if (diff > 0) {
    pairs_[0] = {std::nullopt, index, static_cast<uint64_t>(diff)};
  } else {
    pairs_[0] = {index, std::nullopt, ~static_cast<uint64_t>(diff) + 1};
  }
}

void Pairing::pair_many(size_t begin, size_t end) {
  group_bytes_.clear();
  group_ends_.assign(1, 0);
  group_.clear();
  for (size_t i = begin; i < end; ++i) {
    const TickRow& at = rows_[order_[i].index];
    append_row_bytes(*at.batch, at.row, group_bytes_);
    group_ends_.push_back(group_bytes_.size());
  }
  for (size_t i = begin; i < end; ++i) {
    const TickRow& at = rows_[order_[i].index];
    size_t place = i - begin;
    std::string_view bytes(group_bytes_);
    group_.push_back({bytes.substr(group_ends_[place], group_ends_[place + 1] - group_ends_[place]),
                      at.batch->diff(at.row), order_[i].index});
  }
  pair_group(group_, pairs_);
}

}  // namespace penstock::sinks
