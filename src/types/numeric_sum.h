// The exact sum of numerics with weights: adding and taking away in any order gives the same
// total, so a maintained sum can be retracted from.
//
// Held in 128 bits at the largest scale seen while that is enough, else in 448 bits of units of
// 10^-39 on the heap, which hold 2^63 rows of weight 2^63. NaN and infinities are counted apart.
// Copyable value; one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes_io.h"
#include "types/numeric.h"

namespace penstock::types {

class NumericSum {
 public:
  NumericSum();
  NumericSum(const NumericSum& other);
  NumericSum(NumericSum&& other) noexcept;
  NumericSum& operator=(const NumericSum& other);
  NumericSum& operator=(NumericSum&& other) noexcept;
  ~NumericSum();

  void add(const Numeric& value, int64_t weight);
  void add_integer(int64_t value, int64_t weight);
  void add_unsigned(uint64_t value, int64_t weight);
  void merge(const NumericSum& other);

  // Rounded to 39 digits; NaN when one is in, or infinities of both signs; an infinity when one is
  // in or the total is 10^39 or more.
  Numeric total() const;

 private:
  struct Large;
  __extension__ using Int128 = __int128;

  Large& large();
  void add_small(Int128 term, int scale);

  Int128 total_ = 0;
  int scale_ = 0;
  std::unique_ptr<Large> large_;  // When present, total_ is not used.
};

}  // namespace penstock::types
