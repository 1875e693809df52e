// Rule S5: who retains too much history is warned about, then made to let go, once.
#include "coordinator/outside/retention_watch.h"

#include "storage/storage_fixture_test.h"

namespace penstock::coordinator {
namespace {

// Holders "sink u7" and "cluster 3" of one table whose history grows by about a kibibyte a tick.
class RuleS5 : public storage::StorageTest {
 protected:
  RuleS5() {
    open();
    create(1, spec(10, storage::kInputs));
    hold("sink u7", 1);
    hold("cluster 3", 1);
    watch_ = std::make_unique<RetentionWatch>(
        *storage_, [this] { return catalog_; },
        RetentionWatch::Actions{
            .warn = [this](const Retention& what) { told("warn", what); },
            .calm = [this](const std::string& holder) { told_.push_back("calm " + holder); },
            .release = [this](const Retention& what) { told("release", what); }});
  }
  void told(const std::string& what, const Retention& retention) {
    told_.push_back(what + " " + retention.holder);
    EXPECT_EQ(retention.limit, limit_);
    EXPECT_GT(retention.bytes, limit_ / 2);
  }
  void hold(const std::string& holder, std::optional<uint64_t> tick) {
    storage::TickInput input;
    std::optional<Timestamp> time;
    if (tick) time = Timestamp{*tick};
    input.changes.holds.push_back({holder, CollectionId{10}, time});
    append(++tick_, std::move(input));
  }
  void grow_to(const std::string& holder, uint64_t bytes) {
    int64_t id = 0;
    while (retained(holder) <= bytes) {
      append(++tick_, rows_input(10, {{++id, std::string(1000, 'x')}}));
    }
  }
  uint64_t retained(const std::string& holder) {
    uint64_t bytes = 0;
    for (const storage::HoldInfo& hold : storage_->holds().holds()) {
      if (hold.holder == holder) bytes += hold.retained_bytes;
    }
    return bytes;
  }
  void limit(uint64_t bytes) {
    limit_ = bytes;
    auto next = std::make_shared<catalog::CatalogState>();
    next->apply(catalog::SetSystemParameter{"max_retained_bytes", std::to_string(bytes)});
    catalog_ = next;
  }
  std::vector<std::string> look() {
    told_.clear();
    watch_->look();
    return told_;
  }
  using Told = std::vector<std::string>;

  uint64_t tick_ = 1;
  uint64_t limit_ = 0;
  CatalogSnapshot catalog_;
  std::vector<std::string> told_;
  std::unique_ptr<RetentionWatch> watch_;
};

TEST_F(RuleS5, WarnsAtHalfReleasesBeyondAndCalmsDown) {
  limit(20'000);
  EXPECT_EQ(look(), Told{});
  grow_to("sink u7", 10'000);
  EXPECT_EQ(look(), (Told{"warn cluster 3", "warn sink u7"}));
  EXPECT_EQ(look(), Told{}) << "once";
  hold("cluster 3", tick_);
  EXPECT_EQ(look(), Told{"calm cluster 3"});
  grow_to("sink u7", 20'000);
  EXPECT_EQ(look(), Told{"release sink u7"});
  EXPECT_EQ(look(), Told{}) << "once";
  hold("sink u7", std::nullopt);
  EXPECT_EQ(look(), Told{"calm sink u7"}) << "a holder that is gone";
  EXPECT_EQ(look(), Told{});
}

TEST_F(RuleS5, WhoComesBackIsReleasedAgain) {
  limit(5'000);
  grow_to("sink u7", 5'000);
  EXPECT_EQ(look(),
            (Told{"warn cluster 3", "release cluster 3", "warn sink u7", "release sink u7"}));
  hold("cluster 3", std::nullopt);
  hold("sink u7", tick_);
  EXPECT_EQ(look(), (Told{"calm cluster 3", "calm sink u7"}));
  grow_to("sink u7", 5'000);
  EXPECT_EQ(look(), (Told{"warn sink u7", "release sink u7"}));
}

TEST_F(RuleS5, WhatOneHoldsOnSeveralCollectionsIsAddedUp) {
  limit(20'000);
  create(++tick_, spec(11, storage::kInputs));
  storage::TickInput input;
  input.changes.holds.push_back({"sink u7", CollectionId{11}, Timestamp{tick_}});
  append(++tick_, std::move(input));
  hold("cluster 3", std::nullopt);
  grow_to("sink u7", 6'000);
  EXPECT_EQ(look(), Told{});
  storage::TickInput more = rows_input(11, {{1, std::string(6'000, 'y')}});
  append(++tick_, std::move(more));
  EXPECT_EQ(look(), Told{"warn sink u7"});
}

TEST_F(RuleS5, TheLimitIsReadAtEveryLook) {
  limit(20'000);
  hold("cluster 3", std::nullopt);
  grow_to("sink u7", 9'000);
  EXPECT_EQ(look(), Told{});
  limit(8'000);
  EXPECT_EQ(look(), (Told{"warn sink u7", "release sink u7"}));
  limit(100'000);
  EXPECT_EQ(look(), Told{"calm sink u7"});
}

}  // namespace
}  // namespace penstock::coordinator
