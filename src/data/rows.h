// A selection of the rows of a batch: a range, thinned by a bitmap when not all of it is selected.
// "All" and "none" cost nothing; iteration goes word by word.
//
// Invariants: no row outside [begin, end) is selected; `words_` is empty (everything in the range
// is selected) or covers size() rows. Plain value.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"

namespace penstock::data {

class Rows {
 public:
  static Rows all(size_t size) { return Rows(size, 0, size); }
  static Rows none(size_t size) { return Rows(size, 0, 0); }
  static Rows range(size_t size, size_t begin, size_t end) { return Rows(size, begin, end); }
  // Bit set = selected. REQUIRES: a word for every 64 rows.
  static Rows from_words(size_t size, std::vector<uint64_t> words) {
    CHECK_OP(>=, words.size(), (size + 63) / 64);
    Rows rows(size, 0, size);
    rows.words_ = std::move(words);
    rows.clear_outside();
    return rows;
  }

  size_t size() const { return size_; }  // Of the batch, not of the selection.
  size_t begin() const { return begin_; }
  size_t end() const { return end_; }
  bool is_all() const {
    return (begin_ == 0 && end_ == size_ && words_.empty()) || count() == size_;
  }
  bool is_none() const { return count() == 0; }
  // Every row of [begin(), end()).
  bool is_range() const { return words_.empty(); }
  size_t count() const {
    if (words_.empty()) return end_ - begin_;
    size_t count = 0;
    for (uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
    return count;
  }
  bool contains(size_t row) const {
    if (row < begin_ || row >= end_) return false;
    return words_.empty() || (words_[row >> 6] >> (row & 63) & 1) != 0;
  }

  // Calls visit(row) in ascending order.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    if (words_.empty()) {
      for (size_t row = begin_; row < end_; ++row) visit(row);
      return;
    }
    for (size_t index = begin_ >> 6; index < (end_ + 63) >> 6; ++index) {
      for (uint64_t word = words_[index]; word != 0; word &= word - 1) {
        visit((index << 6) + static_cast<size_t>(std::countr_zero(word)));
      }
    }
  }
  std::vector<uint32_t> indices() const {
    std::vector<uint32_t> out;
    out.reserve(count());
    for_each([&](size_t row) { out.push_back(static_cast<uint32_t>(row)); });
    return out;
  }

  void select(size_t row) {
    DCHECK(row < size_);
    materialize();
    words_[row >> 6] |= uint64_t{1} << (row & 63);
    if (begin_ == end_) begin_ = end_ = row;
    begin_ = std::min(begin_, row);
    end_ = std::max(end_, row + 1);
  }
  void deselect(size_t row) {
    if (!contains(row)) return;
    materialize();
    words_[row >> 6] &= ~(uint64_t{1} << (row & 63));
  }
  // REQUIRES, of the three: of one size.
  void intersect(const Rows& other) {
    DCHECK(size_ == other.size_);
    if (!other.words_.empty()) {
      materialize();
      for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    }
    begin_ = std::max(begin_, other.begin_);
    end_ = std::max(begin_, std::min(end_, other.end_));
    clear_outside();
  }
  void unite(const Rows& other) {
    DCHECK(size_ == other.size_);
    if (other.begin_ == other.end_) return;
    if (begin_ == end_) {
      *this = other;
      return;
    }
    materialize();
    Rows copy = other;
    copy.materialize();
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= copy.words_[i];
    begin_ = std::min(begin_, other.begin_);
    end_ = std::max(end_, other.end_);
  }
  void subtract(const Rows& other) {
    DCHECK(size_ == other.size_);
    if (other.begin_ == other.end_) return;
    materialize();
    Rows copy = other;
    copy.materialize();
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= ~copy.words_[i];
  }
  // Keeps the rows whose bit is set in `words`, which cover size() rows.
  void intersect_words(const uint64_t* words) {
    materialize();
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= words[i];
  }

  friend bool operator==(const Rows& a, const Rows& b) {
    return a.size_ == b.size_ && a.indices() == b.indices();
  }

 private:
  Rows(size_t size, size_t begin, size_t end) : size_(size), begin_(begin), end_(end) {
    DCHECK(begin <= end && end <= size);
  }
  void materialize() {
    if (!words_.empty() || size_ == 0) return;
    words_.assign((size_ + 63) / 64, ~uint64_t{0});
    clear_outside();
  }
  void clear_outside() {
    if (words_.empty()) return;
    for (size_t i = 0; i < words_.size(); ++i) {
      words_[i] &= mask_from(i * 64, begin_) & ~mask_from(i * 64, end_);
    }
  }
  // Ones for the rows first, first + 1, ... first + 63 that are >= limit.
  static uint64_t mask_from(size_t first, size_t limit) {
    if (limit <= first) return ~uint64_t{0};
    return limit - first >= 64 ? 0 : ~uint64_t{0} << (limit - first);
  }

  size_t size_;
  size_t begin_;
  size_t end_;
  std::vector<uint64_t> words_;
};

}  // namespace penstock::data
