// Snapshots encoded ahead: the same messages as without a thread, within a bound, until stopped.
#include "sinks/snapshot_encoder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "sinks/simulated_directory_test.h"

namespace penstock::sinks {
namespace {

constexpr size_t kRowsPerChunk = 10;

// Rows as a storage has them; what happened to it is told to other threads, too.
class Rows final : public data::OrderedRows {
 public:
  struct Story {
    std::atomic<size_t> chunks_read = 0;
    std::latch* wait_for = nullptr;
  };
  Rows(size_t chunks, Story& story, bool breaks = false)
      : chunks_(chunks), story_(story), breaks_(breaks) {}

  Result<std::optional<Chunk>> next() override {
    if (story_.wait_for != nullptr) story_.wait_for->wait();
    if (chunk_ == chunks_) {
      if (breaks_) return fail(sql_state::kIoError, "could not read");
      return std::nullopt;
    }
    data::BatchBuilder builder(data::physical_kinds(simulated::relation()));
    for (size_t row = 0; row < kRowsPerChunk; ++row) {
      const size_t number = chunk_ * kRowsPerChunk + row;
      const types::Datum values[] = {
          types::Datum::bytes("key " + std::to_string(number) + std::string(100, 'k')),
          types::Datum::integer(static_cast<int64_t>(number))};
      builder.append_row(values, 1 + static_cast<int64_t>(number % 2));
    }
    ++chunk_;
    ++story_.chunks_read;
    return Chunk{std::make_shared<const data::DeltaBatch>(builder.finish()),
                 std::to_string(chunk_)};
  }

 private:
  const size_t chunks_;
  Story& story_;
  const bool breaks_;
  size_t chunk_ = 0;
};

class EncodeAheadTest : public ::testing::Test {
 protected:
  std::unique_ptr<EncodeAhead> over(std::unique_ptr<Rows> rows, size_t most_bytes) {
    return std::make_unique<EncodeAhead>(
        std::make_unique<SnapshotEncoder>(config_, MessageHeads{}, std::move(rows),
                                          SnapshotPlace{Timestamp{1}}),
        most_bytes);
  }
  // Everything that a chunk says, as text.
  static std::string told(EncodedChunk& chunk) {
    std::string out = chunk.position + (chunk.at_end ? " end" : "");
    if (chunk.trouble) out += " " + chunk.trouble->cause;
    for (size_t row = 0; row < chunk.size(); ++row) {
      const SinkMessage message = chunk.message(row);
      out += "\n" + std::string(message.key.value_or("-")) + " " +
             std::string(message.value.value_or("-")) + " " + std::to_string(message.copies) + " " +
             std::to_string(message.partition_hash) + " " + std::to_string(chunk.row(row).changes) +
             std::string(chunk.violation(row));
    }
    return out;
  }
  std::vector<std::string> all(EncodeAhead& ahead) {
    std::vector<std::string> out;
    while (true) {
      EncodedChunk* chunk = ahead.next(stop_);
      if (chunk == nullptr) return out;
      out.push_back(told(*chunk));
      if (chunk->at_end || chunk->trouble) return out;
    }
  }

  SinkConfig config_ = simulated::config();
  Rows::Story story_;
  StopToken stop_;
};

TEST_F(EncodeAheadTest, AThreadTellsWhatIsToldWithoutOne) {
  const std::vector<std::string> here = all(*over(std::make_unique<Rows>(20, story_), 0));
  ASSERT_EQ(here.size(), 21u);
  EXPECT_EQ(here.back(), " end");
  EXPECT_NE(here[0].find(R"(key {"k":"key 1kk)"), std::string::npos) << here[0];
  for (size_t bytes : {1, 10'000, 1 << 20}) {
    EXPECT_EQ(all(*over(std::make_unique<Rows>(20, story_), bytes)), here) << bytes;
  }
}

TEST_F(EncodeAheadTest, NoMoreIsReadThanTheBoundAllows) {
  constexpr size_t kMostBytes = 40'000;
  auto ahead = over(std::make_unique<Rows>(200, story_), kMostBytes);
  const EncodedChunk* first = ahead->next(stop_);
  ASSERT_NE(first, nullptr);
  // Besides those that wait, one is taken and one is about to be added.
  const size_t most = kMostBytes / (kRowsPerChunk * 200) + 2;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (story_.chunks_read < kMostBytes / first->bytes() &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_GE(story_.chunks_read, kMostBytes / first->bytes());
  for (int i = 0; i < 10'000; ++i) {
    std::this_thread::yield();
    ASSERT_LE(story_.chunks_read, most);
  }
  EXPECT_EQ(all(*ahead).back(), " end");
  EXPECT_EQ(story_.chunks_read, 200u);
}

TEST_F(EncodeAheadTest, AnErrorComesBehindTheRowsBeforeIt) {
  const auto rows = all(*over(std::make_unique<Rows>(3, story_, true), 1 << 20));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows.back(), " internal: could not read");
}

TEST_F(EncodeAheadTest, AFullQueueKeepsNobodyFromEnding) {
  auto ahead = over(std::make_unique<Rows>(100, story_), 1);
  ASSERT_NE(ahead->next(stop_), nullptr);
  ahead.reset();
  EXPECT_LE(story_.chunks_read, 4u);
}

TEST_F(EncodeAheadTest, AStopIsHeardWhileNothingIsReady) {
  std::latch open(1);
  story_.wait_for = &open;
  auto ahead = over(std::make_unique<Rows>(1, story_), 1 << 20);
  std::thread other([&] { stop_.stop(); });
  EXPECT_EQ(ahead->next(stop_), nullptr);
  other.join();
  open.count_down();
}

}  // namespace
}  // namespace penstock::sinks
