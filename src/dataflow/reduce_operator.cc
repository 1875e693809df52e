// Absorbing chunks into groups, and pushing the differences.
#include "dataflow/reduce_operator.h"

#include <algorithm>
#include <cstring>

#include "dataflow/map_filter_project.h"

namespace penstock::dataflow {

using data::Column;
using data::DeltaBatch;
using data::Rows;

namespace {

// Groups whose results are built together; an output chunk has at most two rows of each.
constexpr size_t kBlockGroups = data::kChunkRows / 2;
constexpr size_t kMaxTouched = size_t{1} << 20;

std::vector<types::ColumnType> types_of(const std::vector<types::ColumnType>& types,
                                        std::span<const size_t> columns) {
  std::vector<types::ColumnType> out;
  for (size_t column : columns) out.push_back(types[column]);
  return out;
}

uint64_t head_of(const char* payload) {
  uint64_t word;
  std::memcpy(&word, payload, sizeof(word));
  return word;
}
void set_head(char* payload, uint64_t word) {
  std::memcpy(payload, &word, sizeof(word));
}

// Whether two rows of one column are equal, both NULL included, bit for bit.
bool same_value(const Column& column, size_t a, size_t b) {
  if (column.is_null(a) || column.is_null(b)) return column.is_null(a) && column.is_null(b);
  switch (types::physical_size(column.kind())) {
    case 1:
      return column.value<uint8_t>(a) == column.value<uint8_t>(b);
    case 2:
      return column.value<uint16_t>(a) == column.value<uint16_t>(b);
    case 4:
      return column.value<uint32_t>(a) == column.value<uint32_t>(b);
    case 8:
      return column.value<uint64_t>(a) == column.value<uint64_t>(b);
    default:
      if (column.kind() == data::PhysicalKind::kBytes) return column.bytes(a) == column.bytes(b);
      return column.value<data::Fixed16>(a) == column.value<data::Fixed16>(b);
  }
}

}  // namespace

ReduceOperator::ReduceOperator(const plan::ReduceNode& node,
                               const std::vector<types::ColumnType>& input,
                               const std::vector<types::ColumnType>& output,
                               const StateOptions& options)
    : key_columns_(node.key),
      key_codec_(types_of(input, node.key)),
      output_kinds_(data::physical_kinds(output)),
      options_(options),
      arena_(options.page_bytes),
      graveyard_(arena_),
      negatives_("an aggregate") {
  CHECK_OP(==, output_kinds_.size(), node.key.size() + node.aggregates.size());
  for (const expr::AggregateExpr& aggregate : node.aggregates) {
    Aggregate made;
    if (aggregate.filter) made.filter = input_for(aggregate.filter, std::nullopt);
    made.argument = input_for(aggregate.argument, made.filter);
    bool extreme =
        aggregate.kind == expr::AggregateKind::kMin || aggregate.kind == expr::AggregateKind::kMax;
    if (aggregate.distinct && !extreme) {
      std::vector<types::ColumnType> types = types_of(input, node.key);
      types.push_back(aggregate.argument->type);
      made.distinct = std::make_unique<DistinctValues>(std::move(types), options, negatives_);
    }
    made.accumulator = make_accumulator(aggregate, {arena_, graveyard_, negatives_});
    made.accumulator->place(payload_bytes_);
    payload_bytes_ += made.accumulator->state_bytes();
    made.kind = output_kinds_[node.key.size() + aggregates_.size()];
    aggregates_.push_back(std::move(made));
  }
  index_.emplace(payload_bytes_, key_codec_.layout(), options.hash_mode, arena_);
}

ReduceOperator::~ReduceOperator() {
  index_->for_each([&](char* payload) {
    for (Aggregate& aggregate : aggregates_) aggregate.accumulator->release(payload);
  });
}

size_t ReduceOperator::input_for(const expr::ScalarRef& expression, std::optional<size_t> filter) {
  // What cannot fail is computed for every row, whatever the filter, and shared.
  if (!expr::can_fail(*expression)) filter.reset();
  for (size_t i = 0; i < inputs_.size(); ++i) {
    bool same = expr::equal(*inputs_[i].evaluator.expression(), *expression);
    if (same && inputs_[i].filter == filter) return i;
  }
  inputs_.push_back({expr::Evaluator(expression), filter});
  return inputs_.size() - 1;
}

std::vector<Column> ReduceOperator::evaluate(const DeltaBatch& chunk,
                                             std::optional<expr::EvalErrors>& failed) {
  std::vector<Column> values;
  values.reserve(inputs_.size());
  for (Input& input : inputs_) {
    Rows rows = Rows::all(chunk.size());
    if (input.filter) keep_true(values[*input.filter], rows);
    expr::EvalResult result = input.evaluator.evaluate(chunk, rows);
    values.push_back(std::move(result.values));
    if (!result.errors) continue;
    if (!failed) failed.emplace();
    failed->add_all(*result.errors);
  }
  return values;
}

void ReduceOperator::accept(Port, const DeltaBatch& chunk, Emitter& out) {
  std::optional<expr::EvalErrors> failed;
  std::vector<Column> values = evaluate(chunk, failed);
  if (!failed) {
    absorb(chunk, values);
  } else {
    ErrorRows errors;
    Rows sound = Rows::all(chunk.size());
    drop_failed(*failed, chunk, sound, errors);
    errors.push_to(out);
    std::vector<uint32_t> rows = sound.indices();
    for (Column& column : values) column = column.gather(rows);
    absorb(chunk.gather(rows), values);
  }
  if (touched_.size() >= kMaxTouched) {
    out.step().partial = true;
    push_differences(out);
  }
}

// Finds the groups of the rows, saves those touched for the first time, and counts rows.
void ReduceOperator::touch(const DeltaBatch& chunk) {
  std::vector<Column> keys;
  keys.reserve(key_columns_.size());
  for (size_t column : key_columns_) keys.push_back(chunk.column(column));
  key_codec_.encode(keys, chunk.size(), keys_);
  data::hash_rows(keys_, options_.hash_mode, hashes_);
  payloads_.resize(chunk.size());
  index_->find_or_insert(keys_, hashes_, payloads_);
  size_t first_saved = saved_.size() / payload_bytes_;
  size_t num_saved = first_saved;
  for (size_t row = 0; row < payloads_.size(); ++row) {
    char* payload = payloads_[row];
    uint64_t head = head_of(payload);
    if ((head & 1) == 0) {
      if (head == 0) {
        touched_.push_back({payload, kNew});
      } else {
        touched_.push_back({payload, num_saved++});
        saved_.insert(saved_.end(), payload, payload + payload_bytes_);
      }
      head |= 1;
    }
    set_head(payload, head + static_cast<uint64_t>(chunk.diff(row)) * 2);
  }
  if (num_saved == first_saved) return;
  std::vector<char*> copies(num_saved - first_saved);
  for (size_t i = 0; i < copies.size(); ++i) {
    copies[i] = saved_.data() + (first_saved + i) * payload_bytes_;
  }
  for (Aggregate& aggregate : aggregates_) aggregate.accumulator->freeze(copies);
}

void ReduceOperator::absorb(const DeltaBatch& chunk, const std::vector<Column>& values) {
  touch(chunk);
  for (Aggregate& aggregate : aggregates_) {
    Rows rows = Rows::all(chunk.size());
    if (aggregate.filter) keep_true(values[*aggregate.filter], rows);
    const Column& argument = values[aggregate.argument];
    if (aggregate.distinct) {
      std::vector<Column> columns;
      for (size_t column : key_columns_) columns.push_back(chunk.column(column));
      columns.push_back(argument);
      aggregate.distinct->add(columns, rows, chunk.diffs());
      aggregate.accumulator->update(
          {payloads_, argument, aggregate.distinct->changed(), aggregate.distinct->diffs()});
    } else {
      aggregate.accumulator->update({payloads_, argument, rows, chunk.diffs()});
    }
  }
}

// Results that cannot be shown: the group has an error instead of a row.
class ReduceOperator::Failures final : public FinalErrors {
 public:
  Failures(size_t num_old, size_t num_rows) : num_old_(num_old), failed_(num_rows, false) {}
  void fail(size_t row, const data::RowError& error) override {
    failed_[row] = true;
    errors.add(error, row < num_old_ ? -1 : 1);
  }
  bool failed(size_t row) const { return failed_[row]; }
  ErrorRows errors;

 private:
  size_t num_old_;
  std::vector<bool> failed_;
};

// The rows of a block: the old results, then the new ones.
struct ReduceOperator::BlockRows {
  std::vector<const char*> payloads;  // Frozen.
  std::vector<const char*> keys;
  std::vector<uint32_t> old_row;  // Of each group; kNoRow without one.
  std::vector<uint32_t> new_row;
  size_t num_old = 0;
  std::vector<char> copies;  // Of the new payloads.

  static constexpr uint32_t kNoRow = ~uint32_t{0};
};

void ReduceOperator::collect_block(std::span<const Touched> block, BlockRows& rows) {
  rows.old_row.assign(block.size(), BlockRows::kNoRow);
  rows.new_row.assign(block.size(), BlockRows::kNoRow);
  rows.copies.resize(block.size() * payload_bytes_);
  for (size_t i = 0; i < block.size(); ++i) {
    const char* payload = block[i].payload;
    const char* saved =
        block[i].saved == kNew ? nullptr : saved_.data() + block[i].saved * payload_bytes_;
    int64_t before = saved ? group_rows(saved) : 0;
    negatives_.change(before, group_rows(payload));
    if (before <= 0) continue;
    rows.old_row[i] = static_cast<uint32_t>(rows.payloads.size());
    rows.payloads.push_back(saved);
    rows.keys.push_back(index_->key(payload));
  }
  rows.num_old = rows.payloads.size();
  std::vector<char*> fresh;
  fresh.reserve(block.size());
  for (size_t i = 0; i < block.size(); ++i) {
    const char* payload = block[i].payload;
    if (group_rows(payload) <= 0) continue;
    char* copy = rows.copies.data() + i * payload_bytes_;
    std::memcpy(copy, payload, payload_bytes_);
    fresh.push_back(copy);
    rows.new_row[i] = static_cast<uint32_t>(rows.payloads.size());
    rows.payloads.push_back(copy);
    rows.keys.push_back(index_->key(payload));
  }
  for (Aggregate& aggregate : aggregates_) aggregate.accumulator->freeze(fresh);
}

std::vector<Column> ReduceOperator::block_columns(const BlockRows& rows, Failures& failures) const {
  std::vector<Column> columns;
  columns.reserve(output_kinds_.size());
  for (size_t field = 0; field < key_columns_.size(); ++field) {
    data::ColumnBuilder builder(output_kinds_[field]);
    builder.reserve(rows.keys.size());
    key_codec_.layout().decode(rows.keys, field, builder);
    columns.push_back(builder.finish());
  }
  for (const Aggregate& aggregate : aggregates_) {
    data::ColumnBuilder builder(aggregate.kind);
    builder.reserve(rows.payloads.size());
    aggregate.accumulator->finalize(rows.payloads, builder, failures);
    columns.push_back(builder.finish());
  }
  return columns;
}

void ReduceOperator::push_block(std::span<const Touched> block, Emitter& out) {
  BlockRows rows;
  collect_block(block, rows);
  Failures failures(rows.num_old, rows.payloads.size());
  std::vector<Column> columns = block_columns(rows, failures);
  failures.errors.push_to(out);

  std::vector<uint32_t> kept;
  std::vector<int64_t> diffs;
  kept.reserve(rows.payloads.size());
  diffs.reserve(rows.payloads.size());
  auto keep = [&](uint32_t row, int64_t diff) {
    if (row == BlockRows::kNoRow || failures.failed(row)) return;
    kept.push_back(row);
    diffs.push_back(diff);
  };
  std::span<const Column> results = std::span(columns).subspan(key_columns_.size());
  for (size_t i = 0; i < block.size(); ++i) {
    uint32_t old_row = rows.old_row[i];
    uint32_t new_row = rows.new_row[i];
    bool both = old_row != BlockRows::kNoRow && new_row != BlockRows::kNoRow;
    bool same = both && failures.failed(old_row) == failures.failed(new_row) &&
                std::ranges::all_of(results, [&](const Column& column) {
                  return same_value(column, old_row, new_row);
                });
    if (same) continue;
    keep(old_row, -1);
    keep(new_row, 1);
  }
  bool insert_only = rows.num_old == 0;
  for (Column& column : columns) column = column.gather(kept);
  out.push(DeltaBatch(std::move(columns), std::move(diffs),
                      {.consolidated = true, .insert_only = insert_only}));
}

void ReduceOperator::forget(std::span<const Touched> block) {
  for (const Touched& touched : block) {
    uint64_t head = head_of(touched.payload) & ~uint64_t{1};
    set_head(touched.payload, head);
    if (head != 0) continue;
    for (Aggregate& aggregate : aggregates_) aggregate.accumulator->release(touched.payload);
    index_->erase(touched.payload);
  }
}

void ReduceOperator::push_differences(Emitter& out) {
  for (size_t begin = 0; begin < touched_.size(); begin += kBlockGroups) {
    size_t count = std::min(kBlockGroups, touched_.size() - begin);
    std::span<const Touched> block = std::span(touched_).subspan(begin, count);
    push_block(block, out);
    forget(block);
  }
  touched_.clear();
  saved_.clear();
  graveyard_.clear();
}

void ReduceOperator::flush(Emitter& out) {
  push_differences(out);
  negatives_.push_to(out);
}

OperatorStats ReduceOperator::stats() const {
  OperatorStats stats{.name = "reduce",
                      .rows = index_->size(),
                      .used_bytes = arena_.used_bytes() + index_->memory_bytes(),
                      .reserved_bytes = arena_.reserved_bytes() + index_->memory_bytes(),
                      .negative_rows = negatives_.present()};
  for (const Aggregate& aggregate : aggregates_) {
    size_t heap = aggregate.accumulator->heap_bytes();
    stats.used_bytes += heap;
    stats.reserved_bytes += heap;
    if (!aggregate.distinct) continue;
    stats.used_bytes += aggregate.distinct->used_bytes();
    stats.reserved_bytes += aggregate.distinct->reserved_bytes();
  }
  return stats;
}

}  // namespace penstock::dataflow
