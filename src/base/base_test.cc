// Tests of the vocabulary: queues bounded in bytes, failpoints, byte readers, backoff.
#include <gtest/gtest.h>

#include <thread>

#include "base/backoff.h"
#include "base/bounded_queue.h"
#include "base/bytes_io.h"
#include "base/check.h"
#include "base/failpoint.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/secret_string.h"
#include "base/stop_token.h"
#include "base/timestamp.h"

namespace penstock {
namespace {

TEST(BoundedQueue, RefusesBeyondItsBytes) {
  BoundedQueue<int> queue(10);
  int item = 1;
  EXPECT_TRUE(queue.try_push(item, 6));
  EXPECT_FALSE(queue.try_push(item, 6));
  EXPECT_TRUE(queue.try_push(item, 4));
  EXPECT_EQ(queue.size_bytes(), 10u);
  EXPECT_EQ(queue.try_pop(), 1);
  EXPECT_EQ(queue.size_bytes(), 4u);
}

TEST(BoundedQueue, LetsOneOversizedItemIn) {
  BoundedQueue<int> queue(10);
  int item = 1;
  EXPECT_TRUE(queue.try_push(item, 100));
  EXPECT_FALSE(queue.try_push(item, 1));
}

TEST(BoundedQueue, PushWaitsForRoomAndCloseWakes) {
  BoundedQueue<int> queue(1);
  EXPECT_TRUE(queue.push(1, 1));
  std::thread producer([&] { EXPECT_TRUE(queue.push(2, 1)); });
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
  producer.join();
  std::thread consumer([&] { EXPECT_EQ(queue.pop(), std::nullopt); });
  queue.close();
  consumer.join();
  EXPECT_FALSE(queue.push(3, 1));
}

TEST(Failpoint, FiresOnlyAtItsCount) {
  arm_failpoints("a=error@2;b=error");
  EXPECT_FALSE(failpoint("a"));
  EXPECT_TRUE(failpoint("a"));
  EXPECT_FALSE(failpoint("a"));
  EXPECT_TRUE(failpoint("b"));
  EXPECT_TRUE(failpoint("b"));
  EXPECT_FALSE(failpoint("c"));
  arm_failpoints("");
  EXPECT_FALSE(failpoint("b"));
}

TEST(BytesIo, RoundTripsAndNeverReadsPastTheEnd) {
  std::string bytes;
  put_fixed<uint32_t>(bytes, 7);
  put_varint(bytes, 300);
  put_string(bytes, "abc");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.fixed<uint32_t>(), 7u);
  EXPECT_EQ(reader.varint(), 300u);
  EXPECT_EQ(reader.string(), "abc");
  EXPECT_TRUE(reader.at_end());
  EXPECT_FALSE(reader.failed());
  EXPECT_EQ(reader.fixed<uint64_t>(), 0u);
  EXPECT_TRUE(reader.failed());
}

TEST(Backoff, DoublesToItsLimitAndResets) {
  Backoff backoff(std::chrono::milliseconds(10), std::chrono::milliseconds(35));
  EXPECT_EQ(backoff.next().count(), 10);
  EXPECT_EQ(backoff.next().count(), 20);
  EXPECT_EQ(backoff.next().count(), 35);
  EXPECT_EQ(backoff.next().count(), 35);
  backoff.reset();
  EXPECT_EQ(backoff.next().count(), 10);
}

Result<int> half(int value) {
  if (value % 2 != 0) return fail(sql_state::kDataException, "odd");
  return value / 2;
}
Result<int> quarter(int value) {
  ASSIGN_OR_RETURN(int once, half(value));
  return half(once);
}

TEST(Result, CarriesTheFirstError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_EQ(quarter(6).error().state.view(), "22000");
}

TEST(Check, AbortsWithBothValues) {
  EXPECT_DEATH(CHECK_OP(==, 1 + 1, 3), "CHECK failed: 1 \\+ 1 == 3: 2 and 3");
}

TEST(StopToken, WakesAWaiter) {
  StopToken token;
  std::thread waiter([&] { EXPECT_TRUE(token.wait_for(std::chrono::seconds(60))); });
  token.stop();
  waiter.join();
  EXPECT_TRUE(token.stopped());
}

TEST(Metrics, AppearInTheText) {
  metric_counter("penstock_test_total", "a test", {{"kind", "x"}}).add(2);
  metric_counter("penstock_test_total", "a test", {{"kind", "x"}}).add(1);
  EXPECT_NE(metrics_text().find("penstock_test_total{kind=\"x\"} 3"), std::string::npos);
  metric_gauge("penstock_test_level", "A test", {{"kind", "x"}, {"part", "1"}}).set(5);
  metric_counter("penstock_test_total", "A test", {{"kind", "y"}}).add(1);
  {
    MetricsRefresh refresh([] { metric_gauge("penstock_test_level", "A test", {}).set(6); });
    EXPECT_NE(metrics_text().find("penstock_test_level 6"), std::string::npos);
    metric_gauge("penstock_test_level", "A test", {}).set(7);
    EXPECT_NE(metrics_text().find("penstock_test_level 6"), std::string::npos);
  }
  metric_gauge("penstock_test_level", "A test", {}).set(7);
  EXPECT_NE(metrics_text().find("penstock_test_level 7"), std::string::npos);
  remove_metrics("kind", "x");
  EXPECT_EQ(metrics_text().find("kind=\"x\""), std::string::npos);
  EXPECT_NE(metrics_text().find("penstock_test_total{kind=\"y\"} 1"), std::string::npos);
  metric_counter("penstock_test_total", "A test", {{"kind", "x"}}).add(2);
  EXPECT_NE(metrics_text().find("penstock_test_total{kind=\"x\"} 2"), std::string::npos);
}

TEST(Rng, RepeatsFromItsSeed) {
  Rng a(1);
  Rng b(1);
  EXPECT_EQ(a.next(), b.next());
  EXPECT_LT(a.below(10), 10u);
}

}  // namespace
}  // namespace penstock
