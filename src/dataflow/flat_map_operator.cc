// Running the table function row by row, pushing whenever a chunk is full.
#include "dataflow/flat_map_operator.h"

#include "data/rows.h"
#include "dataflow/map_filter_project.h"
#include "dataflow/table_function.h"

namespace penstock::dataflow {

using data::DeltaBatch;

FlatMapOperator::FlatMapOperator(const plan::FlatMapNode& node,
                                 const std::vector<types::ColumnType>& input)
    : function_(node.function),
      with_ordinality_(node.with_ordinality),
      input_kinds_(data::physical_kinds(input)),
      appended_kinds_(data::physical_kinds(node.columns)) {
  for (const expr::ScalarRef& argument : node.arguments) {
    arguments_.emplace_back(argument);
    argument_types_.push_back(argument->type.type);
  }
}

// Output rows: the numbers of the input rows, and the appended values.
class FlatMapOperator::Output {
 public:
  Output(const FlatMapOperator& owner, const DeltaBatch& chunk, Emitter& out)
      : chunk_(chunk), out_(out), appended_(owner.appended_kinds_) {}

  void add(uint32_t row, std::span<const types::Datum> values) {
    rows_.push_back(row);
    appended_.append_row(values, chunk_.diff(row));
    if (appended_.full()) push();
  }
  void push() {
    if (rows_.empty()) return;
    DeltaBatch appended = appended_.finish();
    std::vector<data::Column> columns;
    for (const data::Column& column : chunk_.columns()) columns.push_back(column.gather(rows_));
    columns.insert(columns.end(), appended.columns().begin(), appended.columns().end());
    rows_.clear();
    out_.push(appended.with_columns(std::move(columns)));
  }

 private:
  const DeltaBatch& chunk_;
  Emitter& out_;
  std::vector<uint32_t> rows_;
  data::BatchBuilder appended_;
};

void FlatMapOperator::accept(Port, const DeltaBatch& chunk, Emitter& out) {
  ErrorRows errors;
  data::Rows rows = data::Rows::all(chunk.size());
  std::vector<data::Column> arguments;
  for (expr::Evaluator& argument : arguments_) {
    expr::EvalResult result = argument.evaluate(chunk, rows);
    if (result.errors) drop_failed(*result.errors, chunk, rows, errors);
    arguments.push_back(std::move(result.values));
  }
  Output output(*this, chunk, out);
  std::vector<types::Datum> values(arguments.size());
  rows.for_each([&](size_t row) {
    if (out.step().abandoned()) return;
    for (size_t i = 0; i < arguments.size(); ++i) values[i] = arguments[i].datum(row);
    auto number = static_cast<uint32_t>(row);
    int64_t ordinality = 0;
    std::vector<types::Datum> numbered;
    std::optional<data::RowError> error = for_each_table_row(
        function_, argument_types_, values, [&](std::span<const types::Datum> appended) {
          if (!with_ordinality_) return output.add(number, appended);
          numbered.assign(appended.begin(), appended.end());
          numbered.push_back(types::Datum::integer(++ordinality));
          output.add(number, numbered);
        });
    if (error) errors.add(*error, chunk.diff(row));
  });
  output.push();
  errors.push_to(out);
}

}  // namespace penstock::dataflow
