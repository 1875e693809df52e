// Compiles expressions to nodes and runs them; columns, literals and calls are here, conditional
// evaluation is in conditional_nodes.cc.
#include "expr/evaluator.h"

#include <algorithm>

#include "data/delta_batch.h"
#include "expr/evaluation_node.h"
#include "expr/function_spec.h"
#include "expr/kernel.h"

namespace penstock::expr {
namespace {

using data::Column;
using data::Rows;
using types::Datum;
using types::SqlType;

void intersect_valid(Rows& rows, const Column& column) {
  if (!column.has_nulls()) return;
  if (!column.is_constant()) {
    rows.intersect_words(column.validity()->data());
  } else if (column.is_null(0)) {
    rows = Rows::none(rows.size());
  }
}

class ColumnNode final : public Evaluator::Node {
 public:
  ColumnNode(SqlType type, size_t column) : Node(std::move(type)), column_(column) {}
  EvalResult evaluate(const EvaluationInput& input, const Rows&) override {
    CHECK_OP(<, column_, input.columns.size());
    DCHECK(input.columns[column_].kind() == kind());
    return {input.columns[column_], std::nullopt};
  }

 private:
  size_t column_;
};

class LiteralNode final : public Evaluator::Node {
 public:
  LiteralNode(SqlType type, Datum value) : Node(std::move(type)), value_(std::move(value)) {}
  EvalResult evaluate(const EvaluationInput& input, const Rows&) override {
    if (last_.size() != input.size) last_ = Column::constant(kind(), value_, input.size);
    return {last_, std::nullopt};
  }

 private:
  Datum value_;
  Column last_;
};

class ErrorNode final : public Evaluator::Node {
 public:
  ErrorNode(SqlType type, data::RowError error) : Node(std::move(type)), error_(std::move(error)) {}
  EvalResult evaluate(const EvaluationInput& input, const Rows& active) override {
    EvalErrors errors;
    active.for_each([&](size_t row) { errors.add(row, error_); });
    return {Column::constant(kind(), Datum::null(), input.size), std::move(errors)};
  }

 private:
  data::RowError error_;
};

class CallNode final : public Evaluator::Node {
 public:
  CallNode(SqlType type, const FunctionSpec& function, std::vector<NodeRef> arguments)
      : Node(std::move(type)), function_(function), arguments_(std::move(arguments)) {
    CHECK(function.volatility == Volatility::kImmutable);
    for (const NodeRef& argument : arguments_) argument_types_.push_back(argument->type());
  }

  EvalResult evaluate(const EvaluationInput& input, const Rows& active) override {
    std::vector<Column> arguments;
    arguments.reserve(arguments_.size());
    std::optional<EvalErrors> errors;
    bool constant = true;
    for (const NodeRef& argument : arguments_) {
      EvalResult result = argument->evaluate(input, active);
      constant &= result.values.is_constant();
      if (result.errors) merge(errors, std::move(*result.errors));
      arguments.push_back(std::move(result.values));
    }
    // With a modifier to apply, a cast between like types has work to do after all.
    if (function_.pass_through && type().modifier < 0)
      return {std::move(arguments[0]), std::move(errors)};
    if (constant && !errors) return evaluate_constant(arguments, input.size, active);
    return evaluate_rows(arguments, input.size, active, std::move(errors));
  }

 private:
  static void merge(std::optional<EvalErrors>& into, EvalErrors from) {
    if (into) {
      into->add_all(from);
    } else {
      into = std::move(from);
    }
  }

  // One value for all rows: the arguments are constant columns.
  EvalResult evaluate_constant(std::span<Column> arguments, size_t size, const Rows& active) {
    for (Column& argument : arguments) argument = argument.slice(0, 1);
    EvalResult one = evaluate_rows(arguments, 1, Rows::all(1), std::nullopt);
    if (one.errors) {
      EvalErrors errors;
      active.for_each([&](size_t row) { errors.add(row, *one.errors->error(0)); });
      return {Column::constant(kind(), Datum::null(), size), std::move(errors)};
    }
    return {Column::constant(kind(), one.values.datum(0), size), std::nullopt};
  }

  EvalResult evaluate_rows(std::span<const Column> arguments, size_t size, const Rows& active,
                           std::optional<EvalErrors> errors) {
    bool strict = function_.null_policy == NullPolicy::kStrict;
    bool nulls = strict && std::ranges::any_of(arguments, &Column::has_nulls);
    if (!nulls && !errors) return run_kernel(arguments, size, active, std::nullopt, EvalErrors());
    Rows callable = active;
    std::optional<Rows> null;  // Rows with a NULL argument.
    if (nulls) {
      Rows valid = Rows::all(size);
      for (const Column& argument : arguments) intersect_valid(valid, argument);
      callable.intersect(valid);
      null = Rows::all(size);
      null->subtract(valid);
    }
    EvalErrors all = errors ? std::move(*errors) : EvalErrors();
    all.for_each([&](size_t row, const data::RowError&) { callable.deselect(row); });
    return run_kernel(arguments, size, callable, null, std::move(all));
  }

  EvalResult run_kernel(std::span<const Column> arguments, size_t size, const Rows& rows,
                        const std::optional<Rows>& null, EvalErrors errors) {
    ColumnWriter out(kind(), size);
    if (!rows.is_none()) {
      KernelCall call{.arguments = arguments,
                      .argument_types = argument_types_,
                      .type = type(),
                      .rows = rows,
                      .size = size,
                      .out = out,
                      .errors = errors,
                      .state = state_};
      function_.kernel(call);
    }
    if (null) null->for_each([&](size_t row) { out.clear_to_null(row); });
    Column values = out.finish();
    if (errors.empty()) return {std::move(values), std::nullopt};
    return {std::move(values), std::move(errors)};
  }

  const FunctionSpec& function_;
  std::vector<NodeRef> arguments_;
  std::vector<SqlType> argument_types_;
  std::unique_ptr<KernelState> state_;
};

}  // namespace

NodeRef compile(const ScalarExpr& expression) {
  std::vector<NodeRef> arguments;
  arguments.reserve(expression.arguments.size());
  for (const ScalarRef& argument : expression.arguments) arguments.push_back(compile(*argument));
  const SqlType& type = expression.type.type;
  switch (expression.kind) {
    case ScalarKind::kColumn:
      return std::make_unique<ColumnNode>(type, expression.column);
    case ScalarKind::kLiteral:
      return std::make_unique<LiteralNode>(type, expression.literal);
    case ScalarKind::kErrorLiteral:
      return std::make_unique<ErrorNode>(type, expression.error);
    case ScalarKind::kCall:
      return std::make_unique<CallNode>(type, *expression.function, std::move(arguments));
    case ScalarKind::kAnd:
    case ScalarKind::kOr:
      return make_logic_node(expression.kind == ScalarKind::kAnd, std::move(arguments));
    case ScalarKind::kCase:
      return make_case_node(type, std::move(arguments));
    case ScalarKind::kCoalesce:
      return make_coalesce_node(type, std::move(arguments));
  }
  check_failed(__FILE__, __LINE__, "expression.kind", {});
}

const data::RowError* EvalErrors::error(size_t row) const {
  auto found = errors_.find(row);
  return found == errors_.end() ? nullptr : &found->second;
}

void EvalErrors::add(size_t row, data::RowError error) {
  auto [found, added] = errors_.try_emplace(row, error);
  if (!added && found->second < error) found->second = std::move(error);
}

void EvalErrors::add_all(const EvalErrors& other) {
  for (const auto& [row, error] : other.errors_) add(row, error);
}

Evaluator::Evaluator(ScalarRef expression)
    : expression_(std::move(expression)),
      root_(compile(*expression_)),
      can_fail_(expr::can_fail(*expression_)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

EvalResult Evaluator::evaluate(const data::DeltaBatch& input, const Rows& active) {
  return evaluate(input.columns(), input.size(), active);
}

EvalResult Evaluator::evaluate(std::span<const Column> input, size_t size, const Rows& active) {
  CHECK_OP(==, active.size(), size);
  if (active.is_none()) {
    return {Column::constant(root_->kind(), Datum::null(), size), std::nullopt};
  }
  return root_->evaluate({input, size}, active);
}

Result<Datum> evaluate_row(const ScalarRef& expression, std::span<const Datum> row) {
  if (expression->kind == ScalarKind::kLiteral) return expression->literal;
  std::vector<Column> columns(row.size());
  auto make_column = [&](const ScalarExpr& reference) {
    columns[reference.column] =
        Column::constant(types::physical_kind(reference.type.type), row[reference.column], 1);
  };
  auto visit = [&](const ScalarExpr& e, const auto& self) -> void {
    if (e.kind == ScalarKind::kColumn) make_column(e);
    for (const ScalarRef& argument : e.arguments) self(*argument, self);
  };
  visit(*expression, visit);
  Evaluator evaluator(expression);
  EvalResult result = evaluator.evaluate(columns, 1, Rows::all(1));
  if (result.errors) {
    const data::RowError* error = result.errors->error(0);
    return fail(error->state, error->message);
  }
  return result.values.datum(0);
}

bool can_fail(const ScalarExpr& expression) {
  if (expression.kind == ScalarKind::kErrorLiteral) return true;
  if (expression.function != nullptr && expression.function->can_fail) return true;
  return std::ranges::any_of(expression.arguments, [](const auto& a) { return can_fail(*a); });
}

}  // namespace penstock::expr
