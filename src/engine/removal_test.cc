// Stopping views and indexes, whatever they are doing: it returns soon, and nothing is exported any
// more.
#include "engine/engine_fixture_test.h"

namespace penstock::engine {
namespace {

class Removal : public EngineTest {
 protected:
  void stop_view(uint64_t id) {
    within("stop_view", [&] { engine_->stop_view(CollectionId{id}); });
    views_.erase(id);
    EXPECT_EQ(state(id), std::nullopt);
  }
  // View u20, which takes long over table u10, has begun.
  void start_hydrating() {
    start();
    create_table(10);
    write(10, many_rows(60'000));
    create_view(20, kOne, pairs_plan(10, 20));
    ASSERT_TRUE(eventually([&] { return state(20) == ViewState::kHydrating; }));
  }
};

TEST_F(Removal, OfAViewThatHydrates) {
  start_hydrating();
  create_view(21, kOne, copy_plan(10, 21));
  stop_view(20);
  await_published(21);
  EXPECT_FALSE(info(20).publication);
}

TEST_F(Removal, StoppingGivesUpAViewThatHydrates) {
  start_hydrating();
  close();
}

TEST_F(Removal, OfAViewThatWaits) {
  start();
  storage::TickInput unpublished;
  unpublished.changes.create.push_back(spec_of(10, storage::kInputs));
  submit(std::move(unpublished));
  create_view(20, kOne, copy_plan(10, 20));
  EXPECT_EQ(state(20), ViewState::kWaiting);
  stop_view(20);
}

TEST_F(Removal, OfARunningViewNothingIsExportedAfterwards) {
  start();
  create_table(10);
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, copy_plan(10, 21));
  create_index(30, kOne, copy_plan(10, 30));
  await_all();
  Timestamp first = write(10, {{1, "a"}});
  EXPECT_EQ(rows_at(20, first).size(), 1u);
  stop_view(20);
  within("stop_index", [&] { engine_->stop_index(ObjectId{30}); });
  EXPECT_EQ(state(30), std::nullopt);
  Timestamp second = write(10, {{2, "b"}});
  EXPECT_EQ(rows_at(21, second).size(), 2u);
  EXPECT_TRUE(changes(20, first).empty());
  auto found = peek(index_request(30, std::nullopt, second));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().state, sql_state::kObjectNotInState);
  for (const storage::HoldInfo& hold : storage_->holds().holds()) {
    EXPECT_FALSE(hold.holder == cluster_holder(kOne) && hold.collection.value == 20);
  }
}

// Everything beside everything of one tick: longer than anybody waits for a DROP.
TEST_F(Removal, InTheMiddleOfALongStep) {
  start();
  create_table(10);
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, pairs_plan(20, 21));
  create_index(30, kOne, pairs_plan(20, 30));
  create_view(22, kOne, copy_plan(20, 22));
  await_all();
  Timestamp large;
  until_a_step_begins([&] { large = write(10, many_rows(120'000)); });
  for (uint64_t id : {30, 21}) engine_->tell_to_stop(CollectionId{id});
  within("stop_index", [&] { engine_->stop_index(ObjectId{30}); });
  stop_view(21);
  EXPECT_EQ(rows_at(22, large).size(), 120'000u);
  EXPECT_TRUE(changes(21, Timestamp{}).empty());
  Timestamp next = write(10, {{-1, "b"}});
  EXPECT_EQ(rows_at(20, next), rows_at(10, next));
  EXPECT_EQ(rows_at(22, next), rows_at(10, next));
}

TEST_F(Removal, OfUpstreamBeforeDownstream) {
  start();
  create_table(10);
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, copy_plan(20, 21));
  create_view(24, kTwo, copy_plan(20, 24));
  create_view(25, kTwo, copy_plan(10, 25));
  await_all();
  Timestamp first = write(10, {{1, "a"}});
  EXPECT_EQ(rows_at(24, first).size(), 1u);
  EXPECT_EQ(rows_at(21, first).size(), 1u);
  stop_view(20);
  Timestamp second = write(10, {{2, "b"}});
  EXPECT_EQ(rows_at(21, second).size(), 1u);
  EXPECT_EQ(rows_at(24, second).size(), 1u);
  EXPECT_EQ(rows_at(25, second).size(), 2u);
  stop_view(21);
  stop_view(24);
  stop_view(25);
  within("drop_cluster", [&] { engine_->drop_cluster(kOne); });
  within("drop_cluster", [&] { engine_->drop_cluster(kTwo); });
  write(10, {{3, "c"}});
  EXPECT_EQ(engine_->failure(), std::nullopt);
}

}  // namespace
}  // namespace penstock::engine
