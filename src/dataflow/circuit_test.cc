// The laws of circuits, over random plans and random changes: what came out so far is what a
// recomputation gives, after every step, for any chunking, page size and hash function.
#include "dataflow/circuit.h"

#include <gtest/gtest.h>

#include "dataflow/random_plan_test.h"

namespace penstock::dataflow {
namespace {

// Adds up what comes out; checks that a step's parts are consolidated.
class SumSink final : public ExportSink {
 public:
  void take_rows(CollectionId collection, const data::BatchRef& rows) override {
    collections[collection.value].rows.add(*rows);
    for (int64_t diff : rows->diffs()) EXPECT_NE(diff, 0);
    step_rows += rows->size();
  }
  void take_errors(CollectionId collection, const data::BatchRef& errors) override {
    for (size_t i = 0; i < errors->size(); ++i) {
      add_error(collections[collection.value].errors, errors->row(i)[0].as_bytes(),
                errors->diff(i));
    }
  }
  std::map<uint64_t, Collection> collections;
  size_t step_rows = 0;
};

struct Change {
  uint64_t collection;
  Row row;
  int64_t diff;
};

class Driver {
 public:
  Driver(const RandomPlan& random, const CircuitOptions& options)
      : random_(random), circuit_(Circuit::build(random.plan, options, sink)) {}

  void feed(std::span<const Change> changes) {
    for (size_t i = 0; i < random_.import_types.size(); ++i) {
      data::BatchBuilder builder(data::physical_kinds(random_.import_types[i]));
      for (const Change& change : changes) {
        if (change.collection == i + 1) builder.append_row(change.row, change.diff);
      }
      if (!builder.empty()) circuit_->feed(CollectionId{i + 1}, builder.finish());
    }
  }
  void finish() { circuit_->finish_step(); }
  Circuit& circuit() { return *circuit_; }
  SumSink sink;

 private:
  const RandomPlan& random_;
  std::unique_ptr<Circuit> circuit_;
};

// A step's changes: never a row deleted more often than it is there.
std::vector<Change> random_changes(Rng& rng, const RandomPlan& random,
                                   std::map<uint64_t, Collection>& imports) {
  std::vector<Change> out;
  for (size_t i = 0; i < random.import_types.size(); ++i) {
    Bag& bag = imports[i + 1].rows;
    const Types& types = random.import_types[i];
    for (size_t n = rng.below(8); n > 0; --n) {
      Change change{i + 1, {}, 1};
      if (rng.one_in(2) && !bag.entries().empty()) {
        auto entry = bag.entries().begin();
        std::advance(entry, static_cast<long>(rng.below(bag.entries().size())));
        change.row = entry->second.row;
        change.diff = rng.one_in(2) ? -1 : -entry->second.weight;
      } else {
        for (const types::ColumnType& type : types) change.row.push_back(random_value(rng, type));
        change.diff = static_cast<int64_t>(rng.below(2)) + 1;
      }
      bag.add(types, change.row, change.diff);
      out.push_back(std::move(change));
    }
  }
  return out;
}

void expect_recomputed(const RandomPlan& random, const std::map<uint64_t, Collection>& imports,
                       SumSink& sink, uint64_t seed, const std::string& which) {
  Reference reference(random.plan, imports);
  for (const plan::PlanExport& target : random.plan.exports) {
    Collection expected = reference.result(target);
    Collection& got = sink.collections[target.collection.value];
    ASSERT_EQ(got.rows.weights(), expected.rows.weights())
        << "seed " << seed << " " << which << "\n"
        << plan::explain(random.plan, {});
    ASSERT_EQ(got.errors, expected.errors) << "seed " << seed << " " << which << "\n"
                                           << plan::explain(random.plan, {});
  }
}

bool too_large(const RandomPlan& random, const std::map<uint64_t, Collection>& imports) {
  Reference reference(random.plan, imports);
  for (size_t node = 0; node < random.plan.nodes.size(); ++node) {
    if (reference.rows_of(node).entries().size() > 400) return true;
  }
  return false;
}

CircuitOptions options_of(size_t chunk_rows, size_t page_bytes, data::HashMode mode) {
  CircuitOptions options;
  options.chunk_rows = chunk_rows;
  options.state = {page_bytes, mode};
  return options;
}

class CircuitLaws : public testing::TestWithParam<uint64_t> {};

INSTANTIATE_TEST_SUITE_P(Seeds, CircuitLaws, testing::Range<uint64_t>(0, 40));

TEST_P(CircuitLaws, IncrementalIsRecomputeAndSubtract) {
  constexpr uint64_t kPerSuite = 12;
  for (uint64_t i = 0; i < kPerSuite; ++i) {
    uint64_t seed = GetParam() * kPerSuite + i;
    Rng rng(seed);
    RandomPlan random(rng, 1 + rng.below(2));
    CircuitOptions large = options_of(2048, 256 << 10, data::HashMode::kNormal);
    large.export_limit_bytes = rng.one_in(3) ? 200 : 64 << 20;
    Driver one_row(random, options_of(1, 64, data::HashMode::kConstant));
    Driver seven(random, options_of(7, 64, data::HashMode::kNormal));
    Driver whole(random, large);
    Driver one_step(random, large);
    std::map<uint64_t, Collection> imports;
    for (int step = 0; step < 5; ++step) {
      std::map<uint64_t, Collection> next = imports;
      std::vector<Change> changes = random_changes(rng, random, next);
      if (too_large(random, next)) break;
      imports = next;
      for (Driver* driver : {&one_row, &seven, &whole}) {
        driver->feed(changes);
        driver->finish();
      }
      one_step.feed(changes);
      expect_recomputed(random, imports, one_row.sink, seed, "one row a chunk, constant hash");
      expect_recomputed(random, imports, seven.sink, seed, "seven rows a chunk");
      expect_recomputed(random, imports, whole.sink, seed, "whole chunks");
      if (testing::Test::HasFatalFailure()) return;
    }
    one_step.finish();
    if (one_row.circuit().steps() == 0) continue;
    expect_recomputed(random, imports, one_step.sink, seed, "all in one step");
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST_P(CircuitLaws, DeletingEverythingLeavesNoRowAndNoState) {
  uint64_t seed = GetParam() + 10000;
  Rng rng(seed);
  RandomPlan random(rng, 1 + rng.below(2));
  Driver driver(random, options_of(5, 256, data::HashMode::kNormal));
  std::map<uint64_t, Collection> imports;
  std::vector<Change> changes = random_changes(rng, random, imports);
  if (too_large(random, imports)) return;
  driver.finish();
  std::vector<size_t> rows_before;
  for (const OperatorStats& stats : driver.circuit().stats()) rows_before.push_back(stats.rows);
  driver.feed(changes);
  driver.finish();
  for (Change& change : changes) change.diff = -change.diff;
  driver.feed(changes);
  driver.finish();
  expect_recomputed(random, {}, driver.sink, seed, "after deleting everything");
  std::vector<size_t> rows_after;
  for (const OperatorStats& stats : driver.circuit().stats()) rows_after.push_back(stats.rows);
  EXPECT_EQ(rows_after, rows_before) << "seed " << seed;
}

}  // namespace
}  // namespace penstock::dataflow
