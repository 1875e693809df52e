// count, sums of integers, bool_and and bool_or: counters and 128-bit sums under addition.
#include <cstring>
#include <string>

#include "base/check.h"
#include "dataflow/accumulator.h"
#include "types/numeric.h"

namespace penstock::dataflow {

namespace {

using data::ColumnBuilder;
using data::PhysicalKind;
using expr::AggregateKind;
__extension__ using Int128 = __int128;

template <typename T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}
template <typename T>
void store(char* at, T value) {
  std::memcpy(at, &value, sizeof(value));
}
void add_to(char* at, int64_t value) {
  store(at, load<int64_t>(at) + value);
}

// [i64 values], or nothing when every row has a value.
class Count final : public Accumulator {
 public:
  explicit Count(bool every_row) : every_row_(every_row) {}
  size_t state_bytes() const override { return every_row_ ? 0 : 8; }

  void update(const AccumulatorInput& input) override {
    if (every_row_) return;
    for_each_value(input,
                   [&](size_t row) { add_to(input.payloads[row] + offset(), input.diffs[row]); });
  }
  void finalize(std::span<const char* const> payloads, ColumnBuilder& out,
                FinalErrors&) const override {
    int64_t* values = out.append_uninitialized<int64_t>(payloads.size());
    for (size_t i = 0; i < payloads.size(); ++i) {
      values[i] = every_row_ ? group_rows(payloads[i]) : load<int64_t>(payloads[i] + offset());
    }
  }

 private:
  bool every_row_;
};

// [i128 sum][i64 values, unless every row has one].
class IntegerSum final : public Accumulator {
 public:
  IntegerSum(PhysicalKind kind, bool is_unsigned, bool to_numeric, bool every_row)
      : kind_(kind), unsigned_(is_unsigned), to_numeric_(to_numeric), every_row_(every_row) {}
  size_t state_bytes() const override { return every_row_ ? 16 : 24; }

  void update(const AccumulatorInput& input) override {
    switch (kind_) {
      case PhysicalKind::kInt16:
        return unsigned_ ? update_as<uint16_t>(input) : update_as<int16_t>(input);
      case PhysicalKind::kInt32:
        return unsigned_ ? update_as<uint32_t>(input) : update_as<int32_t>(input);
      case PhysicalKind::kInt64:
        return unsigned_ ? update_as<uint64_t>(input) : update_as<int64_t>(input);
      default:
        CHECK(false);
    }
  }

  void finalize(std::span<const char* const> payloads, ColumnBuilder& out,
                FinalErrors& errors) const override {
    for (size_t i = 0; i < payloads.size(); ++i) {
      const char* state = payloads[i] + offset();
      auto sum = load<Int128>(state);
      int64_t values = every_row_ ? group_rows(payloads[i]) : load<int64_t>(state + 16);
      if (values == 0) {
        out.append_null();
      } else if (unsigned_ && sum < 0) {
        errors.fail(i, {sql_state::kInternalError,
                        "invalid data in source: the sum of unsigned values is negative"});
        out.append_null();
      } else if (to_numeric_) {
        append_numeric(sum, out);
      } else {
        out.append(static_cast<int64_t>(sum));
      }
    }
  }

 private:
  template <typename T>
  void update_as(const AccumulatorInput& input) {
    const T* values = input.values.values<T>();
    size_t step = input.values.is_constant() ? 0 : 1;
    for_each_value(input, [&](size_t row) {
      char* state = input.payloads[row] + offset();
      int64_t diff = input.diffs[row];
      store(state, load<Int128>(state) + static_cast<Int128>(values[row * step]) * diff);
      if (!every_row_) add_to(state + 16, diff);
    });
  }

  static void append_numeric(Int128 sum, ColumnBuilder& out) {
    if (sum == static_cast<int64_t>(sum)) {
      out.append_bytes(types::Numeric::from_int64(static_cast<int64_t>(sum)).encoded());
      return;
    }
    std::string big_endian(16, '\0');
    for (size_t i = 0; i < 16; ++i) big_endian[15 - i] = static_cast<char>(sum >> (8 * i));
    out.append_bytes(types::Numeric::from_unscaled(big_endian, 0).value().encoded());
  }

  PhysicalKind kind_;
  bool unsigned_;
  bool to_numeric_;
  bool every_row_;
};

// [i64 values that are true][i64 values that are false].
class BoolFold final : public Accumulator {
 public:
  explicit BoolFold(bool all) : all_(all) {}
  size_t state_bytes() const override { return 16; }

  void update(const AccumulatorInput& input) override {
    for_each_value(input, [&](size_t row) {
      bool value = input.values.value<uint8_t>(row) != 0;
      add_to(input.payloads[row] + offset() + (value ? 0 : 8), input.diffs[row]);
    });
  }
  void finalize(std::span<const char* const> payloads, ColumnBuilder& out,
                FinalErrors&) const override {
    for (const char* payload : payloads) {
      auto trues = load<int64_t>(payload + offset());
      auto falses = load<int64_t>(payload + offset() + 8);
      if (trues == 0 && falses == 0) {
        out.append_null();
      } else {
        out.append(static_cast<uint8_t>(all_ ? falses == 0 : trues != 0));
      }
    }
  }

 private:
  bool all_;
};

}  // namespace

std::unique_ptr<Accumulator> make_linear_accumulator(const expr::AggregateExpr& aggregate) {
  PhysicalKind kind = types::physical_kind(aggregate.argument->type.type);
  bool every_row = counts_every_row(aggregate);
  switch (aggregate.kind) {
    case AggregateKind::kCount:
      return std::make_unique<Count>(every_row);
    case AggregateKind::kSumInt:
      return std::make_unique<IntegerSum>(kind, false, false, every_row);
    case AggregateKind::kSumUInt:
      return std::make_unique<IntegerSum>(kind, true, false, every_row);
    case AggregateKind::kSumInt8:
      return std::make_unique<IntegerSum>(kind, false, true, every_row);
    case AggregateKind::kSumUInt8:
      return std::make_unique<IntegerSum>(kind, true, true, every_row);
    case AggregateKind::kBoolAnd:
      return std::make_unique<BoolFold>(true);
    case AggregateKind::kBoolOr:
      return std::make_unique<BoolFold>(false);
    default:
      CHECK(false);
  }
  return nullptr;
}

std::unique_ptr<Accumulator> make_accumulator(const expr::AggregateExpr& aggregate,
                                              AccumulatorContext context) {
  switch (aggregate.kind) {
    case AggregateKind::kSumFloat4:
    case AggregateKind::kSumFloat8:
      return make_float_sum(types::physical_kind(aggregate.argument->type.type), context.arena);
    case AggregateKind::kSumNumeric:
      return make_numeric_sum();
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return make_extreme(aggregate, context);
    case AggregateKind::kArrayAgg:
    case AggregateKind::kListAgg:
    case AggregateKind::kMapAgg:
      return make_gathering(aggregate, context);
    default:
      return make_linear_accumulator(aggregate);
  }
}

}  // namespace penstock::dataflow
