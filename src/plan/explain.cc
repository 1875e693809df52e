// EXPLAIN's text: logical plans as an indented tree, dataflow plans as numbered lines.
#include <algorithm>

#include "base/check.h"
#include "plan/dataflow_plan.h"
#include "plan/scalar_text.h"
#include "types/type_name.h"

namespace penstock::plan {
namespace {

using expr::AggregateExpr;
using expr::ScalarRef;

std::string columns_text(const std::vector<size_t>& columns) {
  std::string out = "(";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ", ";
    out += "#" + std::to_string(columns[i]);
  }
  return out + ")";
}

std::string list_text(const std::vector<ScalarRef>& expressions, const char* separator) {
  std::string out;
  for (size_t i = 0; i < expressions.size(); ++i) {
    if (i > 0) out += separator;
    out += scalar_text(*expressions[i]);
  }
  return out;
}

const char* aggregate_name(expr::AggregateKind kind) {
  switch (kind) {
    case expr::AggregateKind::kCount:
      return "count";
    case expr::AggregateKind::kMin:
      return "min";
    case expr::AggregateKind::kMax:
      return "max";
    case expr::AggregateKind::kBoolAnd:
      return "bool_and";
    case expr::AggregateKind::kBoolOr:
      return "bool_or";
    case expr::AggregateKind::kArrayAgg:
      return "array_agg";
    case expr::AggregateKind::kListAgg:
      return "list_agg";
    case expr::AggregateKind::kMapAgg:
      return "map_agg";
    default:
      return "sum";
  }
}

// " order by f2 desc, f3": the fields of a gathering aggregate's record that its order is about.
std::string order_text(const AggregateExpr& aggregate) {
  std::string out;
  size_t field = expr::gathered_fields(aggregate.kind);
  for (const expr::AggregateOrder& order : aggregate.order) {
    out += (out.empty() ? " order by f" : ", f") + std::to_string(++field);
    if (order.descending) out += " desc";
    if (order.nulls_first != order.descending) {
      out += order.nulls_first ? " nulls first" : " nulls last";
    }
  }
  return out;
}

std::string aggregates_text(const std::vector<AggregateExpr>& aggregates) {
  std::string out;
  for (const AggregateExpr& aggregate : aggregates) {
    if (!out.empty()) out += ", ";
    out += std::string(aggregate_name(aggregate.kind)) + "(";
    if (aggregate.distinct) out += "distinct ";
    out += scalar_text(*aggregate.argument) + order_text(aggregate) + ")";
    if (aggregate.filter) out += " where " + scalar_text(*aggregate.filter);
  }
  return out;
}

const char* function_name(TableFunction function) {
  switch (function) {
    case TableFunction::kGenerateSeriesInt8:
    case TableFunction::kGenerateSeriesInt4:
    case TableFunction::kGenerateSeriesTimestamp:
    case TableFunction::kGenerateSeriesTimestampTz:
      return "generate_series";
    case TableFunction::kJsonbArrayElements:
      return "jsonb_array_elements";
    case TableFunction::kJsonbArrayElementsText:
      return "jsonb_array_elements_text";
    case TableFunction::kJsonbEach:
      return "jsonb_each";
    case TableFunction::kJsonbEachText:
      return "jsonb_each_text";
    case TableFunction::kJsonbObjectKeys:
      return "jsonb_object_keys";
    case TableFunction::kUnnestArray:
    case TableFunction::kUnnestList:
    case TableFunction::kUnnestMap:
      return "unnest";
  }
  return "?";
}

std::string top_k_text(const std::vector<size_t>& group, const std::vector<SortColumn>& order,
                       const std::optional<uint64_t>& limit, uint64_t offset) {
  std::string out = "TopK";
  if (!group.empty()) out += " group=" + columns_text(group);
  if (!order.empty()) {
    out += " order=(";
    for (size_t i = 0; i < order.size(); ++i) {
      if (i > 0) out += ", ";
      out += "#" + std::to_string(order[i].column) + (order[i].descending ? " desc" : " asc");
      out += order[i].nulls_first ? " nulls first" : " nulls last";
    }
    out += ")";
  }
  if (limit) out += " limit=" + std::to_string(*limit);
  if (offset > 0) out += " offset=" + std::to_string(offset);
  return out;
}

std::string reduce_text(const std::string& keys, const std::vector<AggregateExpr>& aggregates) {
  std::string out = "Reduce";
  if (!keys.empty()) out += " group=(" + keys + ")";
  if (!aggregates.empty()) out += " aggregates=(" + aggregates_text(aggregates) + ")";
  return out;
}

std::string collection_text(CollectionId id, const CollectionNames& names) {
  for (const auto& [known, name] : names) {
    if (known == id) return name;
  }
  return "u" + std::to_string(id.value);
}

std::string flat_map_text(TableFunction function, const std::vector<ScalarRef>& arguments,
                          bool with_ordinality) {
  return std::string("FlatMap ") + function_name(function) + "(" + list_text(arguments, ", ") +
         ")" + (with_ordinality ? " with ordinality" : "");
}

std::string row_text(const ConstantRow& row, const std::vector<types::ColumnType>& columns) {
  std::string out = "(";
  for (size_t i = 0; i < row.values.size(); ++i) {
    if (i > 0) out += ", ";
    out += literal_text(row.values[i], columns[i].type);
  }
  out += ")";
  return row.diff == 1 ? out : out + " x " + std::to_string(row.diff);
}

std::string constant_text(const std::vector<ConstantRow>& rows,
                          const std::optional<data::RowError>& error,
                          const std::vector<types::ColumnType>& columns) {
  if (error) return "Constant error: " + error->message;
  if (rows.empty()) return "Constant <empty>";
  std::string out = "Constant";
  constexpr size_t kShown = 20;
  for (size_t i = 0; i < std::min(rows.size(), kShown); ++i) {
    out += (i == 0 ? " " : ", ") + row_text(rows[i], columns);
  }
  if (rows.size() > kShown) out += ", ... " + std::to_string(rows.size()) + " rows";
  return out;
}

std::string join_text(const RelExpr& join) {
  std::string out = join.equivalences.empty() ? "CrossJoin" : "Join on=(";
  for (size_t i = 0; i < join.equivalences.size(); ++i) {
    if (i > 0) out += " and ";
    out += list_text(join.equivalences[i], " = ");
  }
  return join.equivalences.empty() ? out : out + ")";
}

std::string line_of(const RelExpr& rel, const CollectionNames& names) {
  switch (rel.kind) {
    case RelKind::kConstant:
      return constant_text(rel.rows, rel.error, rel.type.column_types());
    case RelKind::kGet:
      return "Get " + collection_text(rel.collection, names);
    case RelKind::kLocalGet:
      return "Get l" + std::to_string(rel.local);
    case RelKind::kLet:
      return "Let l" + std::to_string(rel.local);
    case RelKind::kProject:
      return "Project " + columns_text(rel.projection);
    case RelKind::kMap:
      return "Map (" + list_text(rel.expressions, ", ") + ")";
    case RelKind::kFilter:
      return "Filter " + list_text(rel.expressions, " and ");
    case RelKind::kJoin:
      return join_text(rel);
    case RelKind::kReduce:
      return reduce_text(list_text(rel.expressions, ", "), rel.aggregates);
    case RelKind::kDistinct:
      return "Distinct";
    case RelKind::kTopK:
      return top_k_text(rel.group_columns, rel.order, rel.limit, rel.offset);
    case RelKind::kNegate:
      return "Negate";
    case RelKind::kThreshold:
      return "Threshold";
    case RelKind::kUnion:
      return "Union";
    case RelKind::kFlatMap:
      return flat_map_text(rel.table_function, rel.expressions, rel.with_ordinality);
  }
  return "?";
}

void append_tree(const RelExpr& rel, const CollectionNames& names, size_t depth, std::string& out) {
  out += std::string(depth * 2, ' ') + line_of(rel, names) + "\n";
  for (const RelRef& input : rel.inputs) append_tree(*input, names, depth + 1, out);
}

std::string mfp_text(const MapFilterProject& mfp) {
  std::string out;
  if (!mfp.map.empty()) out += " map=(" + list_text(mfp.map, ", ") + ")";
  if (!mfp.predicates.empty()) out += " filter=(" + list_text(mfp.predicates, " and ") + ")";
  return out + " project=" + columns_text(mfp.projection);
}

// The text of each kind of node, without its number and inputs.
struct NodeText {
  const PlanNode& node;
  const CollectionNames& names;

  std::string operator()(const ImportNode& import) const {
    return "Import " + collection_text(import.collection, names);
  }
  std::string operator()(const ConstantNode& constant) const {
    return constant_text(constant.rows, constant.error, node.columns);
  }
  std::string operator()(const MfpNode& mfp) const { return "Mfp" + mfp_text(mfp.mfp); }
  std::string operator()(const JoinNode& join) const {
    return "Join left=" + columns_text(join.left_key) + " right=" + columns_text(join.right_key) +
           (join.nulls_match ? " nulls match" : "") + mfp_text(join.residual);
  }
  std::string operator()(const ReduceNode& reduce) const {
    std::string keys = columns_text(reduce.key);
    keys = keys.substr(1, keys.size() - 2);
    return reduce_text(keys, reduce.aggregates);
  }
  std::string operator()(const DistinctNode&) const { return "Distinct"; }
  std::string operator()(const ThresholdNode&) const { return "Threshold"; }
  std::string operator()(const TopKNode& top_k) const {
    return top_k_text(top_k.group, top_k.order, top_k.limit, top_k.offset) +
           (top_k.monotonic ? " monotonic" : "");
  }
  std::string operator()(const NegateNode&) const { return "Negate"; }
  std::string operator()(const UnionNode&) const { return "Union"; }
  std::string operator()(const FlatMapNode& flat_map) const {
    return flat_map_text(flat_map.function, flat_map.arguments, flat_map.with_ordinality);
  }
};

}  // namespace

std::string explain(const DataflowPlan& plan, const CollectionNames& names) {
  std::string out;
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    const PlanNode& node = plan.nodes[i];
    out += std::to_string(i) + ": " + std::visit(NodeText{node, names}, node.op);
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      out += (k == 0 ? " <- " : ", ") + std::to_string(node.inputs[k]);
    }
    out += "\n";
  }
  for (const PlanExport& exported : plan.exports) {
    out += "export " + collection_text(exported.collection, names) + " <- " +
           std::to_string(exported.node) + "\n";
  }
  return out;
}

std::string explain(const RelRef& plan, const CollectionNames& names) {
  std::string out;
  append_tree(*plan, names, 0, out);
  return out;
}

}  // namespace penstock::plan
