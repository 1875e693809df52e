// Groups as ordered multisets, and the differences of their windows.
//
// A group's payload: [OrderedSets head, 16 bytes][u64 1 while it is on the list of those touched].
#include "dataflow/top_k_operator.h"

#include <algorithm>
#include <cstring>

namespace penstock::dataflow {

using data::DeltaBatch;

namespace {

constexpr size_t kPayloadBytes = OrderedSets::kHeadBytes + 8;
constexpr size_t kMaxTouched = size_t{1} << 18;

bool is_touched(const char* payload) {
  return payload[OrderedSets::kHeadBytes] != 0;
}
void set_touched(char* payload, bool touched) {
  payload[OrderedSets::kHeadBytes] = touched ? 1 : 0;
}

}  // namespace

TopKOperator::TopKOperator(const plan::TopKNode& node, const std::vector<types::ColumnType>& types,
                           const StateOptions& options)
    : node_(node),
      codec_(types, node.group, node.order),
      hash_mode_(options.hash_mode),
      arena_(options.page_bytes),
      graveyard_(arena_),
      sets_(codec_.fixed_bytes(), arena_, graveyard_),
      index_(kPayloadBytes, codec_.group_codec().layout(), hash_mode_, arena_),
      negatives_("a LIMIT within groups") {
  if (node_.offset != 0 || !node_.limit) node_.monotonic = false;
}

void TopKOperator::append_window(const char* payload, std::vector<char>& out) const {
  uint64_t skip = node_.offset;
  uint64_t left = node_.limit.value_or(UINT64_MAX);
  size_t bytes = sets_.element_bytes();
  sets_.for_each(payload, [&](const char* element) {
    if (left == 0) return false;
    int64_t signed_weight = sets_.weight(element);
    if (signed_weight <= 0) return true;
    auto weight = static_cast<uint64_t>(signed_weight);
    uint64_t skipped = std::min(skip, weight);
    skip -= skipped;
    weight = std::min(weight - skipped, left);
    if (weight == 0) return true;
    left -= weight;
    out.insert(out.end(), element, element + bytes);
    std::memcpy(out.data() + out.size() - 8, &weight, sizeof(weight));
    return left != 0;
  });
}

void TopKOperator::accept(Port, const DeltaBatch& chunk, Emitter& out) {
  std::vector<data::Column> keys;
  for (size_t column : node_.group) keys.push_back(chunk.column(column));
  codec_.group_codec().encode(keys, chunk.size(), keys_);
  data::hash_rows(keys_, hash_mode_, hashes_);
  payloads_.resize(chunk.size());
  index_.find_or_insert(keys_, hashes_, payloads_);
  codec_.encode(chunk, rows_);
  size_t element_bytes = sets_.element_bytes();
  constexpr size_t kAhead = 8;
  for (size_t row = 0; row < chunk.size(); ++row) {
    if (row + kAhead < chunk.size()) sets_.prefetch(payloads_[row + kAhead]);
    char* payload = payloads_[row];
    if (!is_touched(payload)) {
      set_touched(payload, true);
      size_t begin = saved_.size() / element_bytes;
      append_window(payload, saved_);
      touched_.push_back({payload, begin, saved_.size() / element_bytes});
    }
    num_rows_ -= OrderedSets::size(payload);
    OrderedSets::Change change = sets_.add(payload, rows_.row(row), chunk.diff(row));
    negatives_.change(change.before, change.after);
    if (node_.monotonic && OrderedSets::size(payload) > *node_.limit * 4 + 64) {
      sets_.truncate(payload, *node_.limit);
    }
    num_rows_ += OrderedSets::size(payload);
  }
  if (touched_.size() >= kMaxTouched) {
    out.step().partial = true;
    push_differences(out);
  }
}

// Both windows are in order: rows that are in one only, or with another weight, come out.
void TopKOperator::append_difference(const Touched& touched, const std::vector<char>& window) {
  size_t bytes = sets_.element_bytes();
  const char* before = saved_.data() + touched.saved_begin * bytes;
  const char* before_end = saved_.data() + touched.saved_end * bytes;
  const char* after = window.data();
  const char* after_end = window.data() + window.size();
  const char* key = index_.key(touched.payload);
  auto put = [&](const char* element, int64_t diff) {
    if (diff == 0) return;
    out_strings_.push_back(sets_.string(element));
    out_keys_.push_back(key);
    out_diffs_.push_back(diff);
  };
  while (before != before_end || after != after_end) {
    int order = before == before_end ? 1 : after == after_end ? -1 : sets_.compare(before, after);
    if (order < 0) {
      put(before, -sets_.weight(before));
      before += bytes;
    } else if (order > 0) {
      put(after, sets_.weight(after));
      after += bytes;
    } else {
      put(after, sets_.weight(after) - sets_.weight(before));
      before += bytes;
      after += bytes;
    }
  }
}

void TopKOperator::push_rows(Emitter& out) {
  for (size_t begin = 0; begin < out_diffs_.size(); begin += data::kChunkRows) {
    size_t count = std::min(data::kChunkRows, out_diffs_.size() - begin);
    std::vector<int64_t> diffs(out_diffs_.begin() + static_cast<ptrdiff_t>(begin),
                               out_diffs_.begin() + static_cast<ptrdiff_t>(begin + count));
    bool insert_only = std::ranges::all_of(diffs, [](int64_t diff) { return diff > 0; });
    out.push(DeltaBatch(codec_.decode(std::span(out_strings_).subspan(begin, count),
                                      std::span(out_keys_).subspan(begin, count)),
                        std::move(diffs), {.consolidated = true, .insert_only = insert_only}));
  }
  out_strings_.clear();
  out_keys_.clear();
  out_diffs_.clear();
}

void TopKOperator::push_differences(Emitter& out) {
  // Strings of fixed size point into the windows, so those of a whole block must stay.
  constexpr size_t kBlock = 256;
  std::vector<std::vector<char>> windows(kBlock);
  for (size_t begin = 0; begin < touched_.size(); begin += kBlock) {
    size_t count = std::min(kBlock, touched_.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      const Touched& touched = touched_[begin + i];
      windows[i].clear();
      append_window(touched.payload, windows[i]);
      append_difference(touched, windows[i]);
    }
    push_rows(out);
    for (size_t i = 0; i < count; ++i) {
      char* payload = touched_[begin + i].payload;
      set_touched(payload, false);
      if (node_.monotonic && OrderedSets::size(payload) > *node_.limit) {
        num_rows_ -= OrderedSets::size(payload) - *node_.limit;
        sets_.truncate(payload, *node_.limit);
      }
      if (OrderedSets::size(payload) != 0) continue;
      sets_.clear(payload);
      index_.erase(payload);
    }
  }
  touched_.clear();
  saved_.clear();
  graveyard_.clear();
}

void TopKOperator::flush(Emitter& out) {
  push_differences(out);
  negatives_.push_to(out);
}

OperatorStats TopKOperator::stats() const {
  return {.name = "top-k",
          .rows = num_rows_,
          .used_bytes = arena_.used_bytes() + index_.memory_bytes(),
          .reserved_bytes = arena_.reserved_bytes() + index_.memory_bytes(),
          .negative_rows = negatives_.present()};
}

}  // namespace penstock::dataflow
