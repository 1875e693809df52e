// The reader against a simulated cluster: what it says of logs that change under it.
#include "connect/kafka/reader/native_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "connect/kafka/producer/native_producer.h"
#include "connect/kafka/simulated/simulated_cluster.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

class NativeReaderTest : public testing::Test {
 protected:
  NativeReaderTest() {
    simulated_.create_topic("t", 1);
    topic_ = producer_.open_topic("t");
    EXPECT_TRUE(finish([&] { return producer_.fence(milliseconds(100)); }));
    EXPECT_TRUE(reader_.assign(0, 0));
  }
  ClientOptions options() const {
    ClientOptions made;
    made.bootstrap = {simulated_.address(0)};
    return made;
  }
  template <typename Call>
  static bool finish(Call call) {
    auto done = call();
    while (done && *done == CallState::kPending) done = call();
    return done.has_value();
  }
  void commit(const std::string& value) {
    EXPECT_TRUE(producer_.begin());
    EXPECT_TRUE(producer_.send({.topic = topic_, .value = value}));
    EXPECT_TRUE(finish([&] { return producer_.commit(milliseconds(100)); }));
    // The markers follow.
    for (int i = 0; i < 10; ++i) producer_.serve(milliseconds(10));
  }
  // The next value, or the code of the error, or "" when there is none.
  std::string next() {
    const auto end = loop_.now() + milliseconds(3'000);
    while (loop_.now() < end) {
      auto record = reader_.poll(milliseconds(100));
      if (!record) {
        said_ = record.error().message;
        return record.error().code;
      }
      if (*record) return std::string((*record)->value.value());
    }
    return "";
  }

  SimulatedLoop loop_{1};
  SimulatedCluster simulated_{loop_, {}};
  Cluster writing_{loop_, options(), nullptr, 1};
  Cluster reading_{loop_, options(), nullptr, 2};
  NativeProducer producer_{writing_, {.transactional_id = "w", .linger = milliseconds(0)}, {}};
  NativeReader reader_{reading_, {.topic = "t"}, milliseconds(5'000)};
  int topic_ = 0;
  std::string said_;
};

TEST_F(NativeReaderTest, ALogThatLostWhatWasReadIsAnError) {
  commit("a");
  commit("b");
  EXPECT_EQ(next(), "a");
  EXPECT_EQ(next(), "b");
  EXPECT_EQ(next(), "");
  const int64_t position = reader_.position(0);
  EXPECT_EQ(position, 4);
  simulated_.elect_uncleanly("t", 0, 2);
  // Another history, and soon as long as the one that was read.
  commit("c");
  commit("d");
  EXPECT_EQ(next(), "OFFSET_OUT_OF_RANGE");
  EXPECT_NE(said_.find("cut off at offset 2"), std::string::npos) << said_;
  EXPECT_EQ(reader_.position(0), position);
  // Whoever knows what to make of it goes on.
  ASSERT_TRUE(reader_.assign(0, 2));
  EXPECT_EQ(next(), "c");
  EXPECT_EQ(next(), "d");
}

TEST_F(NativeReaderTest, ItTellsThatNoBrokerAnswers) {
  commit("a");
  EXPECT_EQ(next(), "a");
  EXPECT_EQ(reader_.last_trouble(), "");
  for (int32_t broker = 0; broker < 3; ++broker) simulated_.kill(broker, milliseconds(20'000));
  EXPECT_EQ(next(), "");
  EXPECT_EQ(reader_.last_trouble().find("broker broker-"), 0u) << reader_.last_trouble();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(next(), "");
  EXPECT_EQ(reader_.last_trouble(), "");
}

TEST_F(NativeReaderTest, ALeaderThatKeptEverythingIsReadOn) {
  commit("a");
  EXPECT_EQ(next(), "a");
  simulated_.move_leader("t", 0, (simulated_.leader("t", 0) + 1) % 3);
  commit("b");
  EXPECT_EQ(next(), "b");
}

}  // namespace
}  // namespace penstock::connect::kafka
