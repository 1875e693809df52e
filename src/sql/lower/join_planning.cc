// See join_planning.h.
#include "sql/lower/join_planning.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/check.h"
#include "expr/function_catalogue.h"
#include "plan/keys.h"
#include "plan/predicates.h"

namespace penstock::sql {

using expr::ScalarKind;
using expr::ScalarRef;
using plan::RelRef;
using types::SqlType;
using types::TypeId;

ScalarRef same_value(const ScalarRef& a, const ScalarRef& b) {
  const SqlType boolean = SqlType::of(TypeId::kBool);
  ScalarRef different = expr::call(
      expr::function_of("is_distinct_from", {expr::kAnyCompatible, expr::kAnyCompatible}), {a, b},
      {boolean, false});
  return expr::call(expr::function_of("not", {TypeId::kBool}), {std::move(different)},
                    {boolean, false});
}

namespace {

// Where each input's columns begin among those of all.
std::vector<size_t> offsets_of(const std::vector<RelRef>& inputs) {
  std::vector<size_t> out = {0};
  for (const RelRef& input : inputs) out.push_back(out.back() + input->type.columns.size());
  return out;
}

size_t input_of(const std::vector<size_t>& offsets, size_t column) {
  const auto next = std::ranges::upper_bound(offsets, column);
  return static_cast<size_t>(next - offsets.begin()) - 1;
}

// The only input an expression looks at; nothing when it looks at none or several.
std::optional<size_t> only_input(const ScalarRef& expression, const std::vector<size_t>& offsets) {
  std::optional<size_t> found;
  bool several = false;
  expr::for_each_column(*expression, [&](size_t column) {
    const size_t input = input_of(offsets, column);
    several |= found.has_value() && *found != input;
    found = input;
  });
  return several ? std::nullopt : found;
}

// A member of an equivalence: a column of one input, counted within it; or any other expression.
struct Member {
  std::optional<size_t> input;
  size_t column = 0;
  ScalarRef expression;
};

}  // namespace

ColumnJoin column_join(const plan::RelExpr& join) {
  ColumnJoin out;
  const std::vector<size_t> offsets = offsets_of(join.inputs);
  std::vector<std::vector<ScalarRef>> added(join.inputs.size());
  std::vector<std::vector<Member>> classes;
  for (const std::vector<ScalarRef>& equivalence : join.equivalences) {
    std::vector<Member>& members = classes.emplace_back();
    for (const ScalarRef& expression : equivalence) {
      Member member{only_input(expression, offsets), 0, expression};
      if (member.input) {
        const size_t offset = offsets[*member.input];
        if (expression->kind == ScalarKind::kColumn) {
          member.column = expression->column - offset;
        } else {
          std::vector<size_t> local(offsets.back());
          for (size_t i = offset; i < offsets[*member.input + 1]; ++i) local[i] = i - offset;
          member.column =
              join.inputs[*member.input]->type.columns.size() + added[*member.input].size();
          added[*member.input].push_back(expr::renumber(expression, local));
        }
      }
      members.push_back(std::move(member));
    }
  }
  for (size_t i = 0; i < join.inputs.size(); ++i) {
    out.inputs.push_back(added[i].empty() ? join.inputs[i] : plan::map(join.inputs[i], added[i]));
  }
  const std::vector<size_t> new_offsets = offsets_of(out.inputs);
  std::vector<size_t> moved;
  for (size_t i = 0; i < join.inputs.size(); ++i) {
    for (size_t c = 0; c < join.inputs[i]->type.columns.size(); ++c) {
      moved.push_back(new_offsets[i] + c);
    }
  }
  out.projection = moved;
  for (const std::vector<Member>& members : classes) {
    std::vector<size_t> columns;  // One per input.
    std::vector<bool> taken(out.inputs.size(), false);
    ScalarRef first;  // What every other member that is no such column has to equal.
    std::vector<ScalarRef> others;
    for (const Member& member : members) {
      ScalarRef expression = expr::renumber(member.expression, moved);
      if (member.input) {
        const size_t column = new_offsets[*member.input] + member.column;
        expression = expr::column_ref(column, member.expression->type);
        if (!taken[*member.input]) {
          taken[*member.input] = true;
          columns.push_back(column);
          first = expression;
          continue;
        }
      }
      others.push_back(std::move(expression));
    }
    for (size_t i = 0; i < others.size(); ++i) {
      if (!first) {
        first = others[i];
        continue;
      }
      out.conditions.push_back(same_value(first, others[i]));
    }
    if (columns.size() > 1) out.classes.push_back(std::move(columns));
  }
  return out;
}

namespace {

// 2: at most one row; 1: rows where a column equals a literal; 0: nothing is known.
int selectivity(const RelRef& rel) {
  if (plan::is_unique(rel->type.keys, {})) return 2;
  switch (rel->kind) {
    case plan::RelKind::kProject:
    case plan::RelKind::kMap:
      return selectivity(rel->inputs[0]);
    case plan::RelKind::kFilter:
      for (const ScalarRef& predicate : rel->expressions) {
        const auto sides = plan::equality_sides(*predicate);
        if (sides && (sides->first->kind == ScalarKind::kLiteral ||
                      sides->second->kind == ScalarKind::kLiteral)) {
          return 1;
        }
      }
      return selectivity(rel->inputs[0]);
    default:
      return 0;
  }
}

}  // namespace

std::vector<size_t> join_order(const ColumnJoin& join) {
  const size_t count = join.inputs.size();
  const std::vector<size_t> offsets = offsets_of(join.inputs);
  std::vector<size_t> order;
  std::vector<bool> joined(count, false);
  // How good it is to take the input next: unique on the equal columns, how many there are.
  auto score = [&](size_t input) {
    std::vector<size_t> equal;
    for (const std::vector<size_t>& columns : join.classes) {
      std::optional<size_t> own;
      bool known = false;
      for (size_t column : columns) {
        const size_t of = input_of(offsets, column);
        if (of == input) own = column - offsets[input];
        known |= joined[of];
      }
      if (own && known) equal.push_back(*own);
    }
    const bool unique = !equal.empty() && plan::is_unique(join.inputs[input]->type.keys, equal);
    return std::tuple(!equal.empty(), selectivity(join.inputs[input]), unique, equal.size());
  };
  auto take = [&](size_t input) {
    joined[input] = true;
    order.push_back(input);
  };
  // One that nothing is equal to multiplies what is there: better at the end, all the same.
  auto as_first = [&](size_t input) {
    const bool connected = std::ranges::any_of(join.classes, [&](const auto& columns) {
      return std::ranges::any_of(columns,
                                 [&](size_t column) { return input_of(offsets, column) == input; });
    });
    return connected ? selectivity(join.inputs[input]) + 1 : 0;
  };
  size_t first = 0;
  for (size_t i = 1; i < count; ++i) {
    if (as_first(i) > as_first(first)) first = i;
  }
  if (count > 0) take(first);
  while (order.size() < count) {
    size_t best = count;
    for (size_t i = 0; i < count; ++i) {
      if (!joined[i] && (best == count || score(i) > score(best))) best = i;
    }
    take(best);
  }
  return order;
}

// --- the chain ---

JoinChain::JoinChain(const ColumnJoin& join, std::vector<bool> wanted)
    : join_(join),
      offsets_(offsets_of(join.inputs)),
      wanted_(std::move(wanted)),
      position_(offsets_.back(), MfpBuilder::kNowhere),
      pending_(join.conditions) {}

plan::JoinNode JoinChain::extend(size_t input, const std::vector<types::ColumnType>& left,
                                 const std::vector<types::ColumnType>& right) {
  plan::JoinNode made;
  for (const std::vector<size_t>& columns : join_.classes) {
    size_t left_key = MfpBuilder::kNowhere;
    size_t right_key = MfpBuilder::kNowhere;
    for (size_t column : columns) {
      if (left_key == MfpBuilder::kNowhere) left_key = position_[column];
      if (input_of(offsets_, column) == input) right_key = column - offsets_[input];
    }
    if (left_key == MfpBuilder::kNowhere || right_key == MfpBuilder::kNowhere) continue;
    made.left_key.push_back(left_key);
    made.right_key.push_back(right_key);
    made.nulls_match |= left[left_key].nullable && right[right_key].nullable;
  }
  for (size_t i = 0; i < right.size(); ++i) position_[offsets_[input] + i] = width_ + i;
  width_ += right.size();
  return made;
}

void JoinChain::add_ready_conditions(MfpBuilder& mfp) {
  std::vector<ScalarRef> ready;
  std::erase_if(pending_, [&](const ScalarRef& condition) {
    bool there = true;
    expr::for_each_column(
        *condition, [&](size_t column) { there &= position_[column] != MfpBuilder::kNowhere; });
    if (there) ready.push_back(expr::renumber(condition, position_));
    return there;
  });
  mfp.filter(ready);
}

MfpBuilder JoinChain::residual() {
  MfpBuilder out(width_);
  add_ready_conditions(out);
  std::vector<bool> kept = wanted_;
  for (const ScalarRef& condition : pending_) {
    expr::for_each_column(*condition, [&](size_t column) { kept[column] = true; });
  }
  // Of columns that are equal to one still to come, one is enough.
  for (const std::vector<size_t>& columns : join_.classes) {
    auto is_there = [&](size_t column) { return position_[column] != MfpBuilder::kNowhere; };
    const auto first = std::ranges::find_if(columns, is_there);
    if (first != columns.end() && !std::ranges::all_of(columns, is_there)) kept[*first] = true;
  }
  std::vector<size_t> projection;
  for (size_t column = 0; column < position_.size(); ++column) {
    if (position_[column] == MfpBuilder::kNowhere) continue;
    if (!kept[column]) {
      position_[column] = MfpBuilder::kNowhere;
      continue;
    }
    projection.push_back(position_[column]);
    position_[column] = projection.size() - 1;
  }
  width_ = projection.size();
  out.project(projection);
  return out;
}

MfpBuilder JoinChain::last_residual() {
  MfpBuilder out(width_);
  add_ready_conditions(out);
  out.project(position_);
  out.project(join_.projection);
  return out;
}

}  // namespace penstock::sql
