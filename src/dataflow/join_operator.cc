// Turning matches into output rows, a chunk at a time.
#include "dataflow/join_operator.h"

#include <numeric>

namespace penstock::dataflow {

using data::Column;
using data::DeltaBatch;

void ArrangeOperator::accept(Port, const DeltaBatch& chunk, Emitter& out) {
  arrangement_->stage(chunk);
  out.push(chunk);
  arrangement_->fold();
}

OperatorStats ArrangeOperator::stats() const {
  MemoryUse memory = arrangement_->memory();
  return {.name = "arrange",
          .rows = memory.rows,
          .used_bytes = memory.used_bytes,
          .reserved_bytes = memory.reserved_bytes};
}

JoinOperator::JoinOperator(Side left, Side right, const plan::MapFilterProject& residual)
    : sides_{std::move(left), std::move(right)},
      residual_(residual, sides_[0].kinds.size() + sides_[1].kinds.size()) {}

// Builds the output of one probing chunk from its matches.
class JoinOperator::Sink final : public MatchSink {
 public:
  Sink(JoinOperator& join, size_t probe_side, const DeltaBatch& chunk, Emitter& out)
      : join_(join), probe_side_(probe_side), chunk_(chunk), out_(out) {}

  void take(const Matches& matches) override {
    if (out_.step().abandoned()) return;
    const std::vector<bool>& needed = join_.residual_.needed_columns();
    std::vector<Column> columns;
    columns.reserve(needed.size());
    bool every_row = is_every_row(matches);
    for (size_t side = 0; side < 2; ++side) {
      const Side& source = join_.sides_[side];
      for (size_t i = 0; i < source.kinds.size(); ++i) {
        if (!needed[columns.size()]) {
          columns.emplace_back();
        } else if (side == probe_side_) {
          columns.push_back(every_row ? chunk_.column(i)
                                      : chunk_.column(i).gather(matches.probe_rows));
        } else {
          data::ColumnBuilder builder(source.kinds[i]);
          builder.reserve(matches.size());
          source.arrangement->decode(matches, i, builder);
          columns.push_back(builder.finish());
        }
      }
    }
    ErrorRows errors;
    DeltaBatch result = join_.residual_.apply(columns, diffs(matches), errors);
    errors.push_to(out_);
    out_.push(result);
  }

 private:
  bool is_every_row(const Matches& matches) const {
    if (matches.size() != chunk_.size()) return false;
    for (size_t i = 0; i < matches.size(); ++i) {
      if (matches.probe_rows[i] != i) return false;
    }
    return true;
  }
  DeltaBatch diffs(const Matches& matches) const {
    std::vector<int64_t> diffs(matches.size());
    bool insert_only = true;
    for (size_t i = 0; i < diffs.size(); ++i) {
      diffs[i] = chunk_.diff(matches.probe_rows[i]) * matches.weights[i];
      insert_only &= diffs[i] > 0;
    }
    return DeltaBatch({}, std::move(diffs), {.consolidated = false, .insert_only = insert_only});
  }

  JoinOperator& join_;
  size_t probe_side_;
  const DeltaBatch& chunk_;
  Emitter& out_;
};

void JoinOperator::accept(Port port, const DeltaBatch& chunk, Emitter& out) {
  size_t own = port.index;
  const Arrangement& own_arrangement = *sides_[own].arrangement;
  seen_[own] = own_arrangement.sequence();
  Sink sink(*this, own, chunk, out);
  sides_[1 - own].arrangement->lookup(own_arrangement.staged_keys(), seen_[1 - own], sink);
}

}  // namespace penstock::dataflow
