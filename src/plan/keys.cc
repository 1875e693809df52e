// See keys.h. The rules are in docs/internals/keys.md.
#include "plan/keys.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "expr/function_spec.h"
#include "plan/predicates.h"
#include "types/compare.h"

namespace penstock::plan {
namespace {

using expr::ScalarExpr;
using expr::ScalarKind;
using expr::ScalarRef;

bool contains(const Key& key, const Key& part) {
  return std::ranges::includes(key, part);
}

Key normalized(Key key) {
  std::ranges::sort(key);
  const auto repeated = std::ranges::unique(key);
  key.erase(repeated.begin(), repeated.end());
  return key;
}

Key with_replaced(const Key& key, size_t old_column, size_t new_column) {
  Key out = key;
  std::ranges::replace(out, old_column, new_column);
  return normalized(std::move(out));
}

// Columns that hold one and the same value: pinned to a literal, or equal to another column.
struct Equalities {
  std::vector<size_t> pinned;
  std::vector<std::pair<size_t, size_t>> pairs;
};

bool is_literal(const ScalarExpr& expression) {
  return expression.kind == ScalarKind::kLiteral;
}

Equalities equalities_of(const std::vector<ScalarRef>& predicates) {
  Equalities out;
  std::vector<ScalarRef> conjuncts;
  for (const ScalarRef& predicate : predicates) append_conjuncts(predicate, conjuncts);
  for (const ScalarRef& conjunct : conjuncts) {
    if (conjunct->kind == ScalarKind::kColumn) {  // A boolean that has to be true.
      out.pinned.push_back(conjunct->column);
      continue;
    }
    if (ScalarRef operand = null_test_operand(*conjunct)) {
      if (operand->kind == ScalarKind::kColumn) out.pinned.push_back(operand->column);
      continue;
    }
    auto sides = equality_sides(*conjunct);
    if (!sides) continue;
    auto [left, right] = *sides;
    if (left->kind != ScalarKind::kColumn) std::swap(left, right);
    if (left->kind != ScalarKind::kColumn) continue;
    if (is_literal(*right)) out.pinned.push_back(left->column);
    if (right->kind == ScalarKind::kColumn) out.pairs.emplace_back(left->column, right->column);
  }
  return out;
}

}  // namespace

void add_key(Keys& keys, Key key) {
  key = normalized(std::move(key));
  for (const Key& known : keys) {
    if (contains(key, known)) return;
  }
  std::erase_if(keys, [&](const Key& known) { return contains(known, key); });
  if (keys.size() < kKeysMax) keys.push_back(std::move(key));
}

bool is_unique(const Keys& keys, const std::vector<size_t>& columns) {
  const Key sorted = normalized(columns);
  return std::ranges::any_of(keys, [&](const Key& key) { return contains(sorted, key); });
}

std::optional<size_t> unique_origin(const ScalarExpr& expression) {
  if (expression.kind == ScalarKind::kColumn) return expression.column;
  if (expression.kind != ScalarKind::kCall || expression.arguments.size() != 1 ||
      !expression.function->preserves_uniqueness) {
    return std::nullopt;
  }
  return unique_origin(*expression.arguments[0]);
}

Keys constant_keys(const types::RelationType& type, const std::vector<ConstantRow>& rows) {
  Keys keys;
  for (const ConstantRow& row : rows) {
    if (row.diff != 1) return keys;
  }
  if (rows.size() <= 1) {
    keys.emplace_back();
    return keys;
  }
  for (size_t column = 0; column < type.columns.size(); ++column) {
    const types::SqlType& column_type = type.columns[column].type.type;
    std::vector<const types::Datum*> values;
    for (const ConstantRow& row : rows) {
      if (!row.values[column].is_null()) values.push_back(&row.values[column]);
    }
    if (values.size() + 1 < rows.size()) continue;  // Several NULLs.
    std::ranges::sort(values, [&](const types::Datum* a, const types::Datum* b) {
      return types::compare_values(column_type, *a, *b) < 0;
    });
    auto repeated =
        std::ranges::adjacent_find(values, [&](const types::Datum* a, const types::Datum* b) {
          return types::compare_values(column_type, *a, *b) == 0;
        });
    if (repeated == values.end()) add_key(keys, {column});
  }
  return keys;
}

Keys projected_keys(const Keys& input, const std::vector<size_t>& projection) {
  Keys keys;
  for (const Key& key : input) {
    Key moved;
    for (size_t column : key) {
      auto found = std::ranges::find(projection, column);
      if (found == projection.end()) break;
      moved.push_back(static_cast<size_t>(found - projection.begin()));
    }
    if (moved.size() == key.size()) add_key(keys, std::move(moved));
  }
  return keys;
}

Keys mapped_keys(const types::RelationType& input, const std::vector<ScalarRef>& expressions) {
  Keys keys = input.keys;
  for (size_t i = 0; i < expressions.size(); ++i) {
    const std::optional<size_t> origin = unique_origin(*expressions[i]);
    if (!origin) continue;
    const Keys before = keys;
    for (const Key& key : before) {
      if (std::ranges::binary_search(key, *origin)) {
        add_key(keys, with_replaced(key, *origin, input.columns.size() + i));
      }
    }
  }
  return keys;
}

Keys filtered_keys(const Keys& input, const std::vector<ScalarRef>& predicates) {
  const Equalities equalities = equalities_of(predicates);
  Keys keys;
  for (Key key : input) {
    std::erase_if(key, [&](size_t column) {
      return std::ranges::find(equalities.pinned, column) != equalities.pinned.end();
    });
    add_key(keys, std::move(key));
  }
  // Either column of a = b stands in for the other, and a key needs only one of them.
  for (size_t round = 0; round < equalities.pairs.size(); ++round) {
    for (const auto& [a, b] : equalities.pairs) {
      const Keys before = keys;
      for (const Key& key : before) {
        if (std::ranges::binary_search(key, a)) add_key(keys, with_replaced(key, a, b));
        if (std::ranges::binary_search(key, b)) add_key(keys, with_replaced(key, b, a));
      }
    }
  }
  return keys;
}

Keys joined_keys(const std::vector<RelRef>& inputs,
                 const std::vector<std::vector<ScalarRef>>& equivalences) {
  if (inputs.empty()) return {{}};
  size_t begin = inputs[0]->type.columns.size();
  for (size_t i = 1; i < inputs.size(); ++i) {
    const size_t end = begin + inputs[i]->type.columns.size();
    // Columns of this input that equal an expression over the inputs before it.
    std::vector<size_t> determined;
    for (const std::vector<ScalarRef>& equivalence : equivalences) {
      const bool known = std::ranges::any_of(equivalence, [&](const ScalarRef& member) {
        bool earlier = true;
        expr::for_each_column(*member, [&](size_t column) { earlier &= column < begin; });
        return earlier;
      });
      if (!known) continue;
      for (const ScalarRef& member : equivalence) {
        if (member->kind == ScalarKind::kColumn && member->column >= begin &&
            member->column < end) {
          determined.push_back(member->column - begin);
        }
      }
    }
    if (!is_unique(inputs[i]->type.keys, determined)) return {};
    begin = end;
  }
  return inputs[0]->type.keys;
}

Keys grouped_keys(const Keys& input, const std::vector<ScalarRef>& expressions) {
  std::vector<size_t> grouped;  // Column of each expression; SIZE_MAX: not a bare column.
  for (const ScalarRef& expression : expressions) {
    grouped.push_back(expression->kind == ScalarKind::kColumn ? expression->column : SIZE_MAX);
  }
  Keys keys = projected_keys(input, grouped);
  if (keys.empty()) {
    Key all(expressions.size());
    std::iota(all.begin(), all.end(), size_t{0});
    add_key(keys, std::move(all));
  }
  return keys;
}

Keys distinct_keys(const types::RelationType& input) {
  if (!input.keys.empty()) return input.keys;
  Key all(input.columns.size());
  std::iota(all.begin(), all.end(), size_t{0});
  return {std::move(all)};
}

Keys limited_keys(const Keys& input, const std::vector<size_t>& group,
                  std::optional<uint64_t> limit) {
  Keys keys = input;
  if (limit && *limit <= 1) add_key(keys, group);
  return keys;
}

}  // namespace penstock::plan
