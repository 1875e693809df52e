// Generators and plans of the workloads.
#include "bench/operator_workloads.h"

#include "base/check.h"
#include "expr/function_catalogue.h"

namespace penstock::bench {

namespace {

using expr::AggregateKind;
using types::ColumnType;
using types::Datum;
using types::SqlType;
using types::TypeId;

ColumnType int8() {
  return {SqlType::of(TypeId::kInt8), false};
}
ColumnType int4() {
  return {SqlType::of(TypeId::kInt4), false};
}

expr::ScalarRef column(size_t i) {
  return expr::column_ref(i, int8());
}
expr::ScalarRef number(int64_t value) {
  return expr::literal(Datum::integer(value), SqlType::of(TypeId::kInt8));
}
expr::ScalarRef call(std::string_view name, expr::ScalarRef a, expr::ScalarRef b, TypeId result) {
  const expr::FunctionSpec& function = expr::function_of(name, {TypeId::kInt8, TypeId::kInt8});
  return expr::call(function, {std::move(a), std::move(b)}, {SqlType::of(result), false});
}
expr::AggregateExpr aggregate(AggregateKind kind, expr::ScalarRef argument, ColumnType type) {
  return {.kind = kind,
          .argument = std::move(argument),
          .filter = nullptr,
          .distinct = false,
          .type = type,
          .order = {}};
}
expr::AggregateExpr count_star() {
  return aggregate(AggregateKind::kCount,
                   expr::literal(Datum::boolean(true), SqlType::of(TypeId::kBool)), int8());
}
ColumnType nullable(ColumnType type) {
  type.nullable = true;
  return type;
}

class PlanMaker {
 public:
  template <typename Op>
  size_t add(Op op, std::vector<size_t> inputs, std::vector<ColumnType> columns) {
    plan.nodes.push_back({std::move(op), std::move(inputs), std::move(columns)});
    return plan.nodes.size() - 1;
  }
  size_t import(uint64_t id, size_t columns) {
    return add(plan::ImportNode{CollectionId{id}}, {}, std::vector<ColumnType>(columns, int8()));
  }
  plan::DataflowPlan finish() {
    plan.exports.push_back({CollectionId{100}, plan.nodes.size() - 1});
    return std::move(plan);
  }
  plan::DataflowPlan plan;
};

FlatRow row(std::initializer_list<uint64_t> values) {
  FlatRow out;
  size_t i = 0;
  for (uint64_t value : values) out.columns[i++] = static_cast<int64_t>(value);
  return out;
}
FlatRow of_input(uint32_t input, FlatRow row) {
  row.input = input;
  return row;
}
FlatRow removed(FlatRow row) {
  row.diff = -1;
  return row;
}

Phase bids(int64_t net, uint64_t sum) {
  Phase phase{.name = "load", .events = 10'000'000, .expected_net = net, .expected_sum = sum};
  phase.rows.reserve(phase.events);
  for (uint64_t i = 0; i < phase.events; ++i) {
    phase.rows.push_back(row({random_at(i, 1) % 1'000'000, random_at(i, 2) % 1'000'000,
                              1 + random_at(i, 3) % 1'000'000, 1'700'000'000'000 + i / 10}));
  }
  return phase;
}

Workload map_workload() {
  PlanMaker maker;
  size_t import = maker.import(1, 4);
  plan::MapFilterProject mfp;
  mfp.map = {
      call("/", call("*", column(2), number(908), TypeId::kInt8), number(1000), TypeId::kInt8)};
  mfp.projection = {0, 1, 4, 3};
  maker.add(plan::MfpNode{mfp}, {import}, std::vector<ColumnType>(4, int8()));
  return {"map",
          maker.finish(),
          {std::vector<ColumnType>(4, int8())},
          {bids(10'000'000, 0x30aba26f8c57a185)}};
}

Workload filter_workload() {
  PlanMaker maker;
  size_t import = maker.import(1, 4);
  plan::MapFilterProject mfp;
  mfp.predicates = {
      call("=", call("%", column(0), number(123), TypeId::kInt8), number(0), TypeId::kBool)};
  mfp.predicate_after = {0};
  mfp.projection = {0, 2};
  maker.add(plan::MfpNode{mfp}, {import}, std::vector<ColumnType>(2, int8()));
  return {"filter",
          maker.finish(),
          {std::vector<ColumnType>(4, int8())},
          {bids(81'450, 0x9fc5332e273751ae)}};
}

Workload join_max_avg_workload() {
  PlanMaker maker;
  size_t auctions = maker.import(1, 2);
  size_t all_bids = maker.import(2, 2);
  plan::JoinNode join{.left_key = {0}, .right_key = {0}, .residual = {}};
  join.residual.projection = {0, 1, 3};
  size_t joined = maker.add(join, {auctions, all_bids}, std::vector<ColumnType>(3, int8()));
  plan::ReduceNode highest{.key = {0, 1},
                           .aggregates = {aggregate(AggregateKind::kMax, column(2), int8())}};
  size_t maxima = maker.add(highest, {joined}, std::vector<ColumnType>(3, int8()));
  plan::ReduceNode total{
      .key = {1},
      .aggregates = {aggregate(AggregateKind::kSumInt, column(2), int8()), count_star()}};
  size_t totals = maker.add(total, {maxima}, std::vector<ColumnType>(3, int8()));
  plan::MapFilterProject mfp;
  mfp.map = {call("/", column(1), column(2), TypeId::kInt8)};
  mfp.projection = {0, 3};
  maker.add(plan::MfpNode{mfp}, {totals}, std::vector<ColumnType>(2, int8()));

  Phase phase{
      .name = "load", .events = 5'000'000, .expected_net = 10, .expected_sum = 0x319cb57c860cbdbb};
  for (uint64_t e = 0; e < phase.events; ++e) {
    uint64_t m = e / 16;
    if (e % 16 == 0) {
      phase.rows.push_back(row({m, 10 + random_at(m, 4) % 10}));
    } else {
      uint64_t auction = m - random_at(e, 5) % std::min<uint64_t>(m + 1, 1000);
      phase.rows.push_back(of_input(1, row({auction, 1 + random_at(e, 6) % 1'000'000})));
    }
  }
  return {"join-max-avg",
          maker.finish(),
          {std::vector<ColumnType>(2, int8()), std::vector<ColumnType>(2, int8())},
          {std::move(phase)}};
}

Workload aggregate_workload() {
  PlanMaker maker;
  size_t import = maker.add(plan::ImportNode{CollectionId{1}}, {}, {int8(), int4()});
  plan::ReduceNode reduce{
      .key = {0},
      .aggregates = {count_star(), aggregate(AggregateKind::kSumInt, expr::column_ref(1, int4()),
                                             nullable(int8()))}};
  maker.add(reduce, {import}, {int8(), int8(), nullable(int8())});
  auto value = [](uint64_t i, uint64_t s) {
    return row({random_at(i, 7) % 100'000, random_at(i, s) % 1000});
  };
  Phase load{.name = "load",
             .events = 10'000'000,
             .expected_net = 100'000,
             .expected_sum = 0xdbf8b1723e98b75d};
  for (uint64_t i = 0; i < load.events; ++i) load.rows.push_back(value(i, 8));
  Phase update{.name = "update",
               .events = 1'000'000,
               .rows_per_event = 2,
               .expected_net = 100'000,
               .expected_sum = 0x15d83209b18c3670};
  for (uint64_t j = 0; j < update.events; ++j) {
    update.rows.push_back(removed(value(j, 8)));
    update.rows.push_back(value(j, 9));
  }
  return {"aggregate", maker.finish(), {{int8(), int4()}}, {std::move(load), std::move(update)}};
}

Workload join_workload() {
  PlanMaker maker;
  size_t left = maker.import(1, 2);
  size_t right = maker.import(2, 2);
  plan::JoinNode join{.left_key = {0}, .right_key = {0}, .residual = {}};
  join.residual.projection = {0, 1, 3};
  maker.add(join, {left, right}, std::vector<ColumnType>(3, int8()));
  constexpr uint64_t kRows = 1'000'000;
  auto left_row = [](uint64_t i) {
    uint64_t k = i * 7919 % kRows;
    return row({k, random_at(k, 10)});
  };
  // A step takes as many of either side; half a step of each comes first.
  Phase load{.name = "load",
             .events = 2 * kRows,
             .expected_net = 1'000'000,
             .expected_sum = 0x07686e5bdc3a778b};
  for (uint64_t i = 0; i < kRows; ++i) {
    load.rows.push_back(left_row(i));
    uint64_t k = i * 104'729 % kRows;
    load.rows.push_back(of_input(1, row({k, random_at(k, 12)})));
  }
  Phase update{.name = "update",
               .events = kRows,
               .rows_per_event = 2,
               .expected_net = 1'000'000,
               .expected_sum = 0xf7579eb2891a9d89};
  for (uint64_t i = 0; i < kRows; ++i) {
    uint64_t k = i * 15'485'863 % kRows;
    update.rows.push_back(removed(row({k, random_at(k, 10)})));
    update.rows.push_back(row({k, random_at(k, 11)}));
  }
  return {"join",
          maker.finish(),
          {std::vector<ColumnType>(2, int8()), std::vector<ColumnType>(2, int8())},
          {std::move(load), std::move(update)}};
}

Workload distinct_workload() {
  PlanMaker maker;
  size_t import = maker.import(1, 2);
  maker.add(plan::DistinctNode{}, {import}, std::vector<ColumnType>(2, int8()));
  Phase load{.name = "load",
             .events = 5'000'000,
             .expected_net = 4'500'000,
             .expected_sum = 0xcf69213294f8a0b8};
  for (uint64_t i = 0; i < load.events; ++i) {
    uint64_t j = i;
    if (i % 10 == 9) {
      j = random_at(i, 14) % i;
      if (j % 10 == 9) --j;
    }
    uint64_t x = random_at(j, 13);
    load.rows.push_back(row({x, x % 1000}));
  }
  return {"distinct", maker.finish(), {std::vector<ColumnType>(2, int8())}, {std::move(load)}};
}

Workload top3_workload() {
  PlanMaker maker;
  size_t import = maker.import(1, 3);
  plan::TopKNode top{.group = {0}, .order = {{1, true, false}, {2, true, false}}, .limit = 3};
  maker.add(top, {import}, std::vector<ColumnType>(3, int8()));
  auto value = [](uint64_t i, uint64_t s) {
    return row({random_at(i, 15) % 100'000, random_at(i, s) % 1'000'000'000, i});
  };
  Phase load{.name = "load",
             .events = 2'000'000,
             .expected_net = 300'000,
             .expected_sum = 0x3b67d01ac5b1fa5b};
  for (uint64_t i = 0; i < load.events; ++i) load.rows.push_back(value(i, 16));
  Phase update{.name = "update",
               .events = 200'000,
               .rows_per_event = 2,
               .expected_net = 300'000,
               .expected_sum = 0x4d69904eff67a7a8};
  for (uint64_t j = 0; j < update.events; ++j) {
    update.rows.push_back(removed(value(10 * j, 16)));
    update.rows.push_back(value(10 * j, 17));
  }
  return {"top3",
          maker.finish(),
          {std::vector<ColumnType>(3, int8())},
          {std::move(load), std::move(update)}};
}

}  // namespace

std::vector<std::string> workload_names() {
  return {"map", "filter", "join-max-avg", "aggregate", "join", "distinct", "top3"};
}

Workload make_workload(const std::string& name) {
  if (name == "map") return map_workload();
  if (name == "filter") return filter_workload();
  if (name == "join-max-avg") return join_max_avg_workload();
  if (name == "aggregate") return aggregate_workload();
  if (name == "join") return join_workload();
  if (name == "distinct") return distinct_workload();
  CHECK_OP(==, name, std::string("top3"));
  return top3_workload();
}

}  // namespace penstock::bench
