// array_agg, list_agg and map_agg: per group the ordered multiset of what its rows give. A group
// that is touched makes its whole result anew.
//
// An element of the set: [order key][what is gathered, as elements][u32 length of the order key].
// The order key ends with the gathered fields, so that equal keys mean equal values.
//
// State: [OrderedSets head, 16 bytes][u64 0]; frozen: [u64 address of u64 size, result][u64 0]
// [u64 1 if there is a row]. The result's block is the graveyard's, so it stays until the flush.
#include <cstring>
#include <string>
#include <vector>

#include "base/bytes_io.h"
#include "data/key_codec.h"
#include "data/ordered_value.h"
#include "dataflow/accumulator.h"
#include "dataflow/negative_rows.h"
#include "dataflow/ordered_sets.h"
#include "types/nested_value.h"

namespace penstock::dataflow {

namespace {

using data::ColumnBuilder;
using expr::AggregateKind;
using types::Datum;

constexpr size_t kMaxResultBytes = 268435455;
constexpr uint64_t kTooLarge = ~uint64_t{0};  // In the place of a size.
constexpr size_t kSizeBytes = sizeof(uint64_t);

// The bytes of a value whose memcmp order is the wanted one; NULLs where they belong.
void append_order(const types::SqlType& type, const Datum& value, expr::AggregateOrder order,
                  std::string& out) {
  constexpr char kNullFirst = 0x00;
  constexpr char kValue = 0x01;
  constexpr char kNullLast = 0x02;
  if (value.is_null()) return out.push_back(order.nulls_first ? kNullFirst : kNullLast);
  out.push_back(kValue);
  size_t begin = out.size();
  data::append_ordered(type, value, out);
  for (size_t i = begin; order.descending && i < out.size(); ++i) {
    out[i] = static_cast<char>(~out[i]);
  }
}

class Gathering final : public Accumulator {
 public:
  Gathering(const expr::AggregateExpr& aggregate, AccumulatorContext context)
      : kind_(aggregate.kind),
        num_gathered_(expr::gathered_fields(aggregate.kind)),
        type_(aggregate.argument->type.type),
        fields_(*type_.fields),
        distinct_(aggregate.distinct),
        order_(aggregate.order),
        arena_(context.arena),
        graveyard_(context.graveyard),
        negatives_(context.negatives),
        sets_(0, context.arena, context.graveyard) {
    gathered_.assign(fields_.begin(), fields_.begin() + static_cast<ptrdiff_t>(num_gathered_));
  }
  size_t state_bytes() const override { return 24; }

  void update(const AccumulatorInput& input) override {
    // Of values that are equal, DISTINCT hands on any one, and may take away another.
    data::Column values = distinct_ ? data::canonical_column(type_, input.values) : input.values;
    for_each_value(input, [&](size_t row) {
      encode(values.bytes(row));
      char* head = input.payloads[row] + offset();
      OrderedSets::Change change = sets_.add(head, element_, input.diffs[row]);
      negatives_.change(change.before, change.after);
    });
  }

  void freeze(std::span<char* const> payloads) const override {
    for (char* payload : payloads) {
      char* head = payload + offset();
      uint64_t address = 0;
      uint64_t present = 0;
      if (OrderedSets::size(head) != 0) {
        std::string result;
        bool fits = append_result(head, result, present);
        if (present != 0) address = reinterpret_cast<uint64_t>(kept(result, fits));
      }
      std::memcpy(head, &address, sizeof(address));
      std::memset(head + 8, 0, 8);
      std::memcpy(head + 16, &present, sizeof(present));
    }
  }

  void finalize(std::span<const char* const> payloads, ColumnBuilder& out,
                FinalErrors& errors) const override {
    for (size_t i = 0; i < payloads.size(); ++i) {
      const char* state = payloads[i] + offset();
      if (load(state + 16) == 0) {
        out.append_null();
        continue;
      }
      const char* block = reinterpret_cast<const char*>(load(state));
      uint64_t size = load(block);
      if (size == kTooLarge) {
        errors.fail(i, {sql_state::kProgramLimitExceeded,
                        "result of an aggregate exceeds the maximum allowed (268435455 bytes)"});
        out.append_null();
      } else {
        out.append_bytes({block + kSizeBytes, size});
      }
    }
  }
  void release(char* payload) override { sets_.clear(payload + offset()); }

 private:
  static uint64_t load(const char* at) {
    uint64_t value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }

  // Makes element_ of a record.
  void encode(std::string_view record) {
    std::vector<Datum> values = types::decode_record(fields_, record);
    element_.clear();
    for (size_t i = 0; i < order_.size(); ++i) {
      size_t field = num_gathered_ + i;
      append_order(fields_[field].type.type, values[field], order_[i], element_);
    }
    for (size_t i = 0; i < num_gathered_; ++i) {
      append_order(fields_[i].type.type, values[i], {}, element_);
    }
    auto key_size = static_cast<uint32_t>(element_.size());
    element_ += types::encode_record(gathered_, std::span(values).first(num_gathered_));
    put_fixed(element_, key_size);
  }
  // What encode() put behind the order key: the gathered fields as a record.
  static std::string_view gathered(std::string_view element) {
    uint32_t key_size;
    element.copy(reinterpret_cast<char*>(&key_size), sizeof(key_size),
                 element.size() - sizeof(key_size));
    element.remove_suffix(sizeof(key_size));
    return element.substr(key_size);
  }

  // The list or map; false when it is too large. `count`: rows of positive weight.
  bool append_result(const char* head, std::string& out, uint64_t& count) const {
    size_t bytes = 0;
    sets_.for_each(head, [&](const char* element) {
      int64_t weight = sets_.weight(element);
      if (weight <= 0) return true;
      count += static_cast<uint64_t>(weight);
      size_t all = 0;
      bool huge = __builtin_mul_overflow(gathered(sets_.string(element)).size(),
                                         static_cast<size_t>(weight), &all);
      bytes = huge || all > kMaxResultBytes ? kMaxResultBytes + 1 : bytes + all;
      return bytes <= kMaxResultBytes;
    });
    if (bytes > kMaxResultBytes) return false;
    if (kind_ == AggregateKind::kMapAgg) {
      append_map(head, out);
    } else {
      append_values(head, count, out);
    }
    return true;
  }
  // The forms of lists and of arrays of one dimension differ in their beginning only.
  void append_values(const char* head, uint64_t count, std::string& out) const {
    if (kind_ == AggregateKind::kArrayAgg) put_varint(out, 1);
    put_varint(out, count);
    if (kind_ == AggregateKind::kArrayAgg) put_fixed<int32_t>(out, 1);
    sets_.for_each(head, [&](const char* element) {
      std::string_view value = gathered(sets_.string(element));
      for (int64_t left = sets_.weight(element); left > 0; --left) out += value;
      return true;
    });
  }
  void append_map(const char* head, std::string& out) const {
    std::vector<types::MapEntry> entries;
    sets_.for_each(head, [&](const char* element) {
      if (sets_.weight(element) <= 0) return true;
      std::vector<Datum> pair = types::decode_record(gathered_, gathered(sets_.string(element)));
      if (!pair[0].is_null()) entries.emplace_back(pair[0].as_bytes(), std::move(pair[1]));
      return true;
    });
    out = types::encode_map(gathered_[1].type.type, std::move(entries));
  }

  // A block of the result that lives until the flush.
  char* kept(const std::string& result, bool fits) const {
    size_t bytes = kSizeBytes + result.size();
    char* block = arena_.allocate(bytes);
    uint64_t size = fits ? result.size() : kTooLarge;
    std::memcpy(block, &size, kSizeBytes);
    std::memcpy(block + kSizeBytes, result.data(), result.size());
    graveyard_.bury(block, bytes);
    return block;
  }

  AggregateKind kind_;
  size_t num_gathered_;
  types::SqlType type_;  // Of the argument.
  const types::RecordFields& fields_;
  bool distinct_;
  std::vector<expr::AggregateOrder> order_;
  RowArena& arena_;
  Graveyard& graveyard_;
  NegativeRows& negatives_;
  OrderedSets sets_;
  types::RecordFields gathered_;  // The first of fields_.
  std::string element_;           // Scratch.
};

}  // namespace

std::unique_ptr<Accumulator> make_gathering(const expr::AggregateExpr& aggregate,
                                            AccumulatorContext context) {
  return std::make_unique<Gathering>(aggregate, context);
}

}  // namespace penstock::dataflow
