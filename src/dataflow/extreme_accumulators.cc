// min and max: an ordered multiset of the values' sort keys per group, so that the next one is
// there when the extreme is retracted.
//
// State: [OrderedSets head, 16 bytes][u64 0]; frozen: [the key, or its element's first 16 bytes]
// [u64 1 if there is a value].
#include <algorithm>
#include <cstring>

#include "data/sort_key_codec.h"
#include "dataflow/accumulator.h"
#include "dataflow/negative_rows.h"
#include "dataflow/ordered_sets.h"

namespace penstock::dataflow {

namespace {

using data::ColumnBuilder;

class Extreme final : public Accumulator {
 public:
  Extreme(const types::SqlType& type, bool maximum, AccumulatorContext context)
      : maximum_(maximum),
        codec_({{.type = {type, false}}}),
        stride_(codec_.is_fixed() ? (codec_.size() + 7) / 8 * 8 : 0),
        sets_(stride_, context.arena, context.graveyard),
        negatives_(context.negatives) {}
  size_t state_bytes() const override { return 24; }

  void update(const AccumulatorInput& input) override {
    rows_.clear();
    for_each_value(input, [&](size_t row) { rows_.push_back(static_cast<uint32_t>(row)); });
    bool every_row = rows_.size() == input.values.size();
    data::Column values = every_row ? input.values : input.values.gather(rows_);
    codec_.encode(std::span(&values, 1), rows_.size(), keys_);
    constexpr size_t kAhead = 8;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (i + kAhead < rows_.size()) sets_.prefetch(input.payloads[rows_[i + kAhead]] + offset());
      char* head = input.payloads[rows_[i]] + offset();
      OrderedSets::Change change = sets_.add(head, keys_.row(i), input.diffs[rows_[i]]);
      negatives_.change(change.before, change.after);
    }
  }

  void freeze(std::span<char* const> payloads) const override {
    for (char* payload : payloads) {
      char* head = payload + offset();
      uint64_t present = OrderedSets::size(head) != 0 ? 1 : 0;
      if (present != 0) {
        const char* element = maximum_ ? sets_.last(head) : sets_.first(head);
        std::memcpy(head, element, std::min(sets_.element_bytes() - 8, size_t{16}));
      } else {
        std::memset(head, 0, 16);
      }
      std::memcpy(head + 16, &present, sizeof(present));
    }
  }

  void finalize(std::span<const char* const> payloads, ColumnBuilder& out,
                FinalErrors&) const override {
    if (codec_.is_fixed()) {
      std::vector<const char*> keys(payloads.size());
      for (size_t i = 0; i < payloads.size(); ++i) keys[i] = payloads[i] + offset();
      size_t first = out.size();
      codec_.decode_fixed(keys, 0, out);
      for (size_t i = 0; i < payloads.size(); ++i) {
        if (!is_present(payloads[i])) out.set_null(first + i);
      }
      return;
    }
    for (const char* payload : payloads) {
      if (!is_present(payload)) {
        out.append_null();
        continue;
      }
      std::string_view key = sets_.string(payload + offset());
      codec_.take(std::span(&key, 1), 0, &out);
    }
  }
  void release(char* payload) override { sets_.clear(payload + offset()); }

 private:
  bool is_present(const char* payload) const {
    uint64_t present;
    std::memcpy(&present, payload + offset() + 16, sizeof(present));
    return present != 0;
  }

  bool maximum_;
  data::SortKeyCodec codec_;
  size_t stride_;
  OrderedSets sets_;
  NegativeRows& negatives_;
  std::vector<uint32_t> rows_;  // Scratch.
  data::EncodedRows keys_;
};

}  // namespace

std::unique_ptr<Accumulator> make_extreme(const expr::AggregateExpr& aggregate,
                                          AccumulatorContext context) {
  return std::make_unique<Extreme>(aggregate.argument->type.type,
                                   aggregate.kind == expr::AggregateKind::kMax, context);
}

}  // namespace penstock::dataflow
