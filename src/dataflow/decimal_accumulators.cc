// Sums of floats and of numerics: exact totals, rounded when they are read.
#include <cstring>

#include "dataflow/accumulator.h"
#include "dataflow/float_sum.h"
#include "types/numeric_sum.h"

namespace penstock::dataflow {

namespace {

using data::ColumnBuilder;
using data::PhysicalKind;

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

// [i64 values][FloatSum]; frozen: [i64 values][the result as a double, exact for a float].
class FloatTotal final : public Accumulator {
 public:
  FloatTotal(PhysicalKind kind, RowArena& arena)
      : single_(kind == PhysicalKind::kFloat32), sum_(arena) {}
  size_t state_bytes() const override { return 8 + FloatSum::kStateBytes; }

  void update(const AccumulatorInput& input) override {
    for_each_value(input, [&](size_t row) {
      char* state = input.payloads[row] + offset();
      double value = single_ ? static_cast<double>(input.values.value<float>(row))
                             : input.values.value<double>(row);
      store(state, load<int64_t>(state) + input.diffs[row]);
      sum_.add(state + 8, value, input.diffs[row]);
    });
  }
  void freeze(std::span<char* const> payloads) const override {
    for (char* payload : payloads) {
      char* sum = payload + offset() + 8;
      store(sum, single_ ? static_cast<double>(sum_.to_float(sum)) : sum_.to_double(sum));
    }
  }
  void finalize(std::span<const char* const> payloads, ColumnBuilder& out,
                FinalErrors&) const override {
    for (const char* payload : payloads) {
      const char* state = payload + offset();
      if (load<int64_t>(state) == 0) {
        out.append_null();
      } else if (single_) {
        out.append(static_cast<float>(load<double>(state + 8)));
      } else {
        out.append(load<double>(state + 8));
      }
    }
  }
  void release(char* payload) override { sum_.release(payload + offset() + 8); }

 private:
  bool single_;
  FloatSum sum_;
};

// [i64 values][address of a NumericSum, or 0][16 bytes]; frozen, behind the values: [u8 length][the
// result's bytes, at most 18].
class NumericTotal final : public Accumulator {
 public:
  size_t state_bytes() const override { return 32; }

  void update(const AccumulatorInput& input) override {
    for_each_value(input, [&](size_t row) {
      char* state = input.payloads[row] + offset();
      int64_t diff = input.diffs[row];
      store(state, load<int64_t>(state) + diff);
      auto* sum = load<types::NumericSum*>(state + 8);
      if (sum == nullptr) {
        sum = new types::NumericSum();
        ++num_sums_;
        store(state + 8, sum);
      }
      sum->add(types::Numeric::decode(input.values.bytes(row)), diff);
    });
  }
  void freeze(std::span<char* const> payloads) const override {
    for (char* payload : payloads) {
      char* state = payload + offset();
      const auto* sum = load<types::NumericSum*>(state + 8);
      std::string bytes = (sum == nullptr ? types::Numeric() : sum->total()).encoded();
      CHECK_OP(<=, bytes.size(), size_t{18});
      state[8] = static_cast<char>(bytes.size());
      std::memcpy(state + 9, bytes.data(), bytes.size());
    }
  }
  void finalize(std::span<const char* const> payloads, ColumnBuilder& out,
                FinalErrors&) const override {
    for (const char* payload : payloads) {
      const char* state = payload + offset();
      if (load<int64_t>(state) == 0) {
        out.append_null();
      } else {
        out.append_bytes({state + 9, static_cast<size_t>(state[8])});
      }
    }
  }
  void release(char* payload) override {
    std::unique_ptr<types::NumericSum> sum(load<types::NumericSum*>(payload + offset() + 8));
    if (sum) --num_sums_;
  }
  size_t heap_bytes() const override { return num_sums_ * (sizeof(types::NumericSum) + 16); }

 private:
  size_t num_sums_ = 0;
};

}  // namespace

std::unique_ptr<Accumulator> make_float_sum(PhysicalKind kind, RowArena& arena) {
  return std::make_unique<FloatTotal>(kind, arena);
}

std::unique_ptr<Accumulator> make_numeric_sum() {
  return std::make_unique<NumericTotal>();
}

}  // namespace penstock::dataflow
