// AND, OR, CASE and COALESCE: evaluation by narrowing the rows that still need an answer.
#include <algorithm>

#include "expr/column_writer.h"
#include "expr/evaluation_node.h"

namespace penstock::expr {
namespace {

using data::Column;
using data::Rows;
using types::SqlType;
using types::TypeId;

// Takes the rows where `column` is NULL out of `rows`.
void keep_valid(Rows& rows, const Column& column) {
  if (!column.has_nulls()) return;
  if (!column.is_constant()) {
    rows.intersect_words(column.validity()->data());
  } else if (column.is_null(0)) {
    rows = Rows::none(rows.size());
  }
}

// A conjunction looks for false and a disjunction for true: the deciding value settles a row
// whatever the other arguments do, errors among them.
class LogicNode final : public Evaluator::Node {
 public:
  LogicNode(bool conjunction, std::vector<NodeRef> arguments)
      : Node(SqlType::of(TypeId::kBool)),
        deciding_(!conjunction),
        arguments_(std::move(arguments)) {}

  EvalResult evaluate(const EvaluationInput& input, const Rows& active) override {
    Rows open = active;  // Rows no argument has decided.
    Rows null = Rows::none(input.size);
    EvalErrors errors;
    ColumnWriter out(kind(), input.size);
    bool* values = out.values<bool>();
    std::fill_n(values, input.size, !deciding_);
    for (size_t i = 0; i < arguments_.size(); ++i) {
      Rows rows = open;  // As it stands; the results narrow `open`.
      if (rows.is_none()) break;
      EvalResult result = arguments_[i]->evaluate(input, rows);
      absorb(result, rows, values, open, null);
      if (result.errors) errors.add_all(*result.errors);
    }
    Rows failed = Rows::none(input.size);
    EvalErrors kept;
    errors.for_each([&](size_t row, const data::RowError& error) {
      if (!open.contains(row)) return;
      failed.select(row);
      kept.add(row, error);
      values[row] = false;
    });
    null.intersect(open);
    null.subtract(failed);
    null.for_each([&](size_t row) {
      values[row] = false;
      out.set_null(row);
    });
    if (kept.empty()) return {out.finish(), std::nullopt};
    return {out.finish(), std::move(kept)};
  }

 private:
  void absorb(const EvalResult& result, const Rows& rows, bool* values, Rows& open,
              Rows& null) const {
    const Column& column = result.values;
    const EvalErrors* errors = result.errors ? &*result.errors : nullptr;
    const bool* arguments = column.values<bool>();
    size_t step = column.is_constant() ? 0 : 1;
    bool plain = errors == nullptr && !column.has_nulls();
    rows.for_each([&](size_t row) {
      if (!plain) {
        if (errors != nullptr && errors->failed(row)) return;
        if (column.is_null(row)) {
          null.select(row);
          return;
        }
      }
      if (arguments[row * step] == deciding_) {
        values[row] = deciding_;
        open.deselect(row);
      }
    });
  }

  bool deciding_;
  std::vector<NodeRef> arguments_;
};

// Collects the values of branches, each over its own rows, into one column.
class BranchMerger {
 public:
  BranchMerger(types::PhysicalKind kind, size_t size, const Rows& active)
      : kind_(kind), size_(size), active_(active) {}

  // `result` was evaluated over `rows`, disjoint from all earlier ones.
  void take(EvalResult result, const Rows& rows) {
    if (result.errors) errors_.add_all(*result.errors);
    if (rows.count() == active_.count()) {
      whole_ = std::move(result.values);
      return;
    }
    if (!out_) out_.emplace(kind_, size_);
    out_->keep_buffers(result.values);
    rows.for_each([&](size_t row) {
      if (!errors_.failed(row)) out_->copy_value(row, result.values, row);
    });
  }
  void add_errors(const EvalErrors& errors) { errors_.add_all(errors); }

  EvalResult finish() {
    Column values;
    if (whole_) {
      values = std::move(*whole_);
    } else {
      if (!out_) out_.emplace(kind_, size_);
      values = out_->finish();
    }
    if (errors_.empty()) return {std::move(values), std::nullopt};
    return {std::move(values), std::move(errors_)};
  }

 private:
  types::PhysicalKind kind_;
  size_t size_;
  const Rows& active_;
  std::optional<Column> whole_;  // One branch had every row: its column is the answer.
  std::optional<ColumnWriter> out_;
  EvalErrors errors_;
};

class CaseNode final : public Evaluator::Node {
 public:
  CaseNode(SqlType type, std::vector<NodeRef> arguments)
      : Node(std::move(type)), arguments_(std::move(arguments)) {}

  EvalResult evaluate(const EvaluationInput& input, const Rows& active) override {
    BranchMerger merger(kind(), input.size, active);
    Rows open = active;
    for (size_t i = 0; i + 1 < arguments_.size(); i += 2) {
      if (open.is_none()) return merger.finish();
      EvalResult condition = arguments_[i]->evaluate(input, open);
      if (condition.errors) {
        merger.add_errors(*condition.errors);
        condition.errors->for_each([&](size_t row, const data::RowError&) { open.deselect(row); });
      }
      Rows taken = Rows::none(input.size);
      const bool* values = condition.values.values<bool>();
      size_t step = condition.values.is_constant() ? 0 : 1;
      open.for_each([&](size_t row) {
        if (!condition.values.is_null(row) && values[row * step]) taken.select(row);
      });
      if (taken.is_none()) continue;
      open.subtract(taken);
      merger.take(arguments_[i + 1]->evaluate(input, taken), taken);
    }
    if (!open.is_none()) merger.take(arguments_.back()->evaluate(input, open), open);
    return merger.finish();
  }

 private:
  std::vector<NodeRef> arguments_;
};

class CoalesceNode final : public Evaluator::Node {
 public:
  CoalesceNode(SqlType type, std::vector<NodeRef> arguments)
      : Node(std::move(type)), arguments_(std::move(arguments)) {}

  EvalResult evaluate(const EvaluationInput& input, const Rows& active) override {
    BranchMerger merger(kind(), input.size, active);
    Rows open = active;
    for (size_t i = 0; i < arguments_.size(); ++i) {
      if (open.is_none()) break;
      EvalResult result = arguments_[i]->evaluate(input, open);
      Rows settled = open;  // Has a value or failed; all rows at the last argument.
      if (i + 1 < arguments_.size()) {
        keep_valid(settled, result.values);
        if (result.errors) {
          result.errors->for_each([&](size_t row, const data::RowError&) { settled.select(row); });
        }
      }
      if (settled.is_none()) continue;
      open.subtract(settled);
      merger.take(std::move(result), settled);
    }
    return merger.finish();
  }

 private:
  std::vector<NodeRef> arguments_;
};

}  // namespace

NodeRef make_logic_node(bool conjunction, std::vector<NodeRef> arguments) {
  return std::make_unique<LogicNode>(conjunction, std::move(arguments));
}
NodeRef make_case_node(SqlType type, std::vector<NodeRef> arguments) {
  return std::make_unique<CaseNode>(std::move(type), std::move(arguments));
}
NodeRef make_coalesce_node(SqlType type, std::vector<NodeRef> arguments) {
  return std::make_unique<CoalesceNode>(std::move(type), std::move(arguments));
}

}  // namespace penstock::expr
