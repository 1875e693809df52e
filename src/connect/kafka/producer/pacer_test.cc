// The pause between transactions follows what the first batches took.
#include "connect/kafka/producer/pacer.h"

#include <gtest/gtest.h>

namespace penstock::connect::kafka {
namespace {

using std::chrono::microseconds;

TEST(Pacer, GrowsWhenFirstBatchesAreHeldBackAndShrinksAgain) {
  Pacer pacer;
  pacer.first_batch_took(microseconds(800));
  const auto least = pacer.pause();
  pacer.first_batch_took(microseconds(21'000));
  EXPECT_EQ(pacer.pause(), 2 * least);
  for (int i = 0; i < 10; ++i) pacer.first_batch_took(microseconds(21'000));
  const auto most = pacer.pause();
  EXPECT_LE(most, microseconds(10'000));
  for (int i = 0; i < 10'000; ++i) pacer.first_batch_took(microseconds(800));
  EXPECT_LE(pacer.pause(), least + microseconds(128));
}

TEST(Pacer, ASlowBrokerIsNotATrap) {
  Pacer pacer;
  const auto least = pacer.pause();
  for (int i = 0; i < 100; ++i) pacer.first_batch_took(microseconds(20'000));
  EXPECT_EQ(pacer.pause(), least);
}

TEST(Pacer, TheNextTransactionWaitsFromTheEndOfTheLast) {
  Pacer pacer;
  const EventLoop::Time now{std::chrono::hours(1)};
  pacer.ended(now);
  EXPECT_EQ(pacer.earliest(), now + pacer.pause());
}

}  // namespace
}  // namespace penstock::connect::kafka
