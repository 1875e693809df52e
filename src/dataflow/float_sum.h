// The exact sum of doubles with integer weights, so that what was added can be taken away: a
// fixed-point number wide enough for every double (a superaccumulator: Kulisch, "Computer
// Arithmetic and Validity"), of which most sums need only the middle four words.
//
// A state is 40 bytes, all zeros = no sum:
//
//   [4 words: two's complement, units of 2^-128][u64 address of the wide form, or 0]
//
// Values that reach outside, and NaN and infinities, move the sum to its wide form: 35 words in
// units of 2^-1088, and three counters. The result is the sum rounded once, to nearest even; NaN
// when a NaN or infinities of both signs are in. One owner thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataflow/row_arena.h"

namespace penstock::dataflow {

class FloatSum {
 public:
  static constexpr size_t kStateBytes = 40;

  explicit FloatSum(RowArena& arena) : arena_(arena) {}

  void add(char* state, double value, int64_t weight);
  double to_double(const char* state) const;
  float to_float(const char* state) const;
  void release(char* state);

 private:
  template <typename Float>
  Float total(const char* state) const;
  uint64_t* widen(char* state);

  RowArena& arena_;
};

}  // namespace penstock::dataflow
