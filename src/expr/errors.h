// Errors of rows that several functions share, each with its one text.
#pragma once

#include "base/error.h"

namespace penstock::expr {

inline Error division_by_zero() {
  return {sql_state::kDivisionByZero, "division by zero"};
}
inline Error numeric_field_overflow() {
  return {sql_state::kNumericOutOfRange, "numeric field overflow"};
}
inline Error value_overflow() {
  return {sql_state::kNumericOutOfRange, "value out of range: overflow"};
}
inline Error value_underflow() {
  return {sql_state::kNumericOutOfRange, "value out of range: underflow"};
}
inline Error timestamp_out_of_range() {
  return {sql_state::kDatetimeOverflow, "timestamp out of range"};
}
inline Error date_out_of_range() {
  return {sql_state::kDatetimeOverflow, "date out of range"};
}

}  // namespace penstock::expr
