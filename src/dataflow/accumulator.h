// What a group keeps for one aggregate: some bytes after the group's key, updated chunk by chunk.
//
// All accumulators are functions of the group's multiset alone, never of the order of changes, and
// exact under retraction: adding and taking away again leaves nothing behind.
//
// A state that is about to change is saved by copying its bytes and freezing the copy: a frozen
// state needs nothing but its own bytes (and blocks that the reduce keeps until its flush) to be
// finalised. One owner thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "data/delta_batch.h"
#include "data/rows.h"
#include "dataflow/graveyard.h"
#include "dataflow/row_arena.h"
#include "expr/aggregate.h"

namespace penstock::dataflow {

// A group's payload begins with its number of rows times two, plus one while the group is on the
// list of those touched in this step.
inline int64_t group_rows(const char* payload) {
  int64_t word;
  std::memcpy(&word, payload, sizeof(word));
  return word >> 1;
}

// A chunk's rows for one aggregate.
struct AccumulatorInput {
  std::span<char* const> payloads;  // Of each row's group.
  const data::Column& values;       // The argument.
  const data::Rows& rows;           // Those that count; NULL arguments are still among them.
  std::span<const int64_t> diffs;   // Of every row.
};

class NegativeRows;

class FinalErrors {
 public:
  virtual ~FinalErrors() = default;
  virtual void fail(size_t group, const data::RowError& error) = 0;
};

class Accumulator {
 public:
  virtual ~Accumulator() = default;
  // A multiple of 8; all zeros is the state of no rows.
  virtual size_t state_bytes() const = 0;
  // Where in the payload the state lies; said once, before anything else.
  void place(size_t offset) { offset_ = offset; }

  virtual void update(const AccumulatorInput& input) = 0;
  // `payload` is a copy.
  virtual void freeze(std::span<char* const> payloads) const { static_cast<void>(payloads); }
  // Appends the result of every frozen group.
  virtual void finalize(std::span<const char* const> payloads, data::ColumnBuilder& out,
                        FinalErrors& errors) const = 0;
  // Gives back what the state holds beside its bytes.
  virtual void release(char* payload) { static_cast<void>(payload); }
  // Bytes beside the payloads that are not the arena's.
  virtual size_t heap_bytes() const { return 0; }

 protected:
  size_t offset() const { return offset_; }

 private:
  size_t offset_ = 0;
};

// What accumulators keep beside the payloads, and whom they tell of negative multiplicities.
struct AccumulatorContext {
  RowArena& arena;
  Graveyard& graveyard;
  NegativeRows& negatives;
};

// `distinct` is the reduce's business.
std::unique_ptr<Accumulator> make_accumulator(const expr::AggregateExpr& aggregate,
                                              AccumulatorContext context);

// Of the kinds that make_accumulator() puts together.
std::unique_ptr<Accumulator> make_linear_accumulator(const expr::AggregateExpr& aggregate);
std::unique_ptr<Accumulator> make_numeric_sum();
std::unique_ptr<Accumulator> make_float_sum(types::PhysicalKind kind, RowArena& arena);
std::unique_ptr<Accumulator> make_extreme(const expr::AggregateExpr& aggregate,
                                          AccumulatorContext context);

std::unique_ptr<Accumulator> make_gathering(const expr::AggregateExpr& aggregate,
                                            AccumulatorContext context);

// Whether every row of the group has a value for the aggregate, so that the group's number of rows
// is its number of values.
inline bool counts_every_row(const expr::AggregateExpr& aggregate) {
  return !aggregate.filter && !aggregate.distinct && !aggregate.argument->type.nullable;
}

// Calls visit(row) for the rows that count and whose argument is not NULL.
template <typename Visit>
void for_each_value(const AccumulatorInput& input, const Visit& visit) {
  if (!input.values.has_nulls()) {
    if (input.rows.is_range()) {
      for (size_t row = input.rows.begin(); row < input.rows.end(); ++row) visit(row);
    } else {
      input.rows.for_each(visit);
    }
    return;
  }
  input.rows.for_each([&](size_t row) {
    if (!input.values.is_null(row)) visit(row);
  });
}

}  // namespace penstock::dataflow
