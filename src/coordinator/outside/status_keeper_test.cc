// Statuses outlive the process: the last entries of what is there, and of what was dropped.
#include "coordinator/outside/status_keeper.h"

#include <gtest/gtest.h>

#include "catalog/catalog_state.h"
#include "storage/storage_fixture_test.h"

namespace penstock::coordinator {
namespace {

constexpr ObjectId kSink{100'007};

class StatusKeeperTest : public storage::StorageTest {
 protected:
  StatusKeeperTest() {
    open();
    begin();
    catalog::CatalogItem sink;
    sink.id = kSink;
    sink.kind = catalog::ItemKind::kSink;
    sink.name = {"d", "s", "sink"};
    with_sink_ = std::make_shared<catalog::CatalogState>();
    with_sink_->apply(catalog::SetSystemParameter{"keep_n_sink_status_history_entries", "3"});
    without_ = std::make_shared<catalog::CatalogState>(*with_sink_);
    with_sink_->apply(catalog::PutItem{std::make_shared<const catalog::CatalogItem>(sink)});
    catalog_ = with_sink_;
  }
  // A process with nothing on its board.
  void begin() {
    keeper_.reset();
    board_ = std::make_unique<StatusBoard>(system_clock(), 50);
    keeper_ = std::make_unique<StatusKeeper>(*storage_, *board_, [this] { return catalog_; });
  }
  void restart() {
    ASSERT_TRUE(keeper_->write());
    sync();
    keeper_.reset();
    crash();
    begin();
    ASSERT_TRUE(keeper_->restore());
  }
  void set(ObjectId object, const std::string& status, const std::string& cause) {
    board_->set(object, status, "kafka", cause, cause.empty() ? "" : "Do something.");
  }
  std::vector<std::string> statuses() const {
    std::vector<std::string> out;
    for (const StatusEntry& entry : board_->history()) out.push_back(entry.status);
    return out;
  }
  using Statuses = std::vector<std::string>;

  std::shared_ptr<catalog::CatalogState> with_sink_;
  std::shared_ptr<catalog::CatalogState> without_;
  CatalogSnapshot catalog_;
  std::unique_ptr<StatusBoard> board_;
  std::unique_ptr<StatusKeeper> keeper_;
};

TEST_F(StatusKeeperTest, TheLastEntriesAreThereAgain) {
  for (const char* status : {"starting", "running", "starting"}) set(kSink, status, "");
  set(kSink, "stalled", "broker \"away\"\xff");
  const StatusEntry last = *board_->current(kSink);
  restart();
  EXPECT_EQ(statuses(), (Statuses{"running", "starting", "stalled"}));
  EXPECT_EQ(board_->current(kSink)->occurred_at_us, last.occurred_at_us);
  EXPECT_EQ(board_->current(kSink)->error, "kafka: broker \"away\"\xef\xbf\xbd");
  set(kSink, "running", "");
  restart();
  EXPECT_EQ(statuses(), (Statuses{"starting", "stalled", "running"}));
  EXPECT_EQ(board_->current(kSink)->error, std::nullopt);
}

TEST_F(StatusKeeperTest, ADroppedSinkIsRememberedAndOthersThatAreGoneAreNot) {
  set(kSink, "running", "");
  set(ObjectId{5}, "running", "");
  board_->drop_sink(kSink);
  catalog_ = without_;
  restart();
  EXPECT_EQ(statuses(), (Statuses{"running", "dropped"}));
  EXPECT_TRUE(board_->is_dropped_sink(kSink));
  EXPECT_EQ(storage_->meta().scan("status/")->size(), 1u);
}

TEST_F(StatusKeeperTest, OfDroppedSinksTheOldestAreForgotten) {
  catalog_ = without_;
  for (uint64_t id = 1; id <= 105; ++id) board_->drop_sink(ObjectId{id});
  restart();
  EXPECT_EQ(board_->history().size(), 100u);
  sync();
  EXPECT_EQ(storage_->meta().scan("status/")->size(), 100u);
}

TEST_F(StatusKeeperTest, NothingIsWrittenWithoutNews) {
  set(kSink, "running", "");
  ASSERT_TRUE(keeper_->write());
  const auto before = storage_->durability().appended();
  ASSERT_TRUE(keeper_->write());
  EXPECT_EQ(storage_->durability().appended(), before);
}

}  // namespace
}  // namespace penstock::coordinator
