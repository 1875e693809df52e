// What the answers of a coordinator mean, also those that make no sense.
#include "connect/kafka/producer/coordinator_errands.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock::connect::kafka {
namespace {

// Asked for partitions 0 and 1 of topic "t".
Judgement judged(const std::vector<ErrorCode>& answers) {
  AddPartitionsToTxnRequest request;
  request.v3_and_below_topics.push_back({"t", {0, 1}});
  AddPartitionsToTxnResponse response;
  auto& topic = response.results_by_topic_v3_and_below.emplace_back();
  topic.name = "t";
  for (const ErrorCode code : answers)
    topic.results_by_partition.push_back(
        {static_cast<int32_t>(topic.results_by_partition.size()), code});
  return judge_partitions(request, response);
}

TEST(CoordinatorJudgement, OfPartitionsIsTheWorstOfAll) {
  constexpr auto kNone = ErrorCode::kNone;
  EXPECT_EQ(judged({kNone, kNone}).verdict, Verdict::kDone);
  EXPECT_EQ(judged({ErrorCode::kNotCoordinator, kNone}).verdict, Verdict::kMoved);
  EXPECT_EQ(judged({ErrorCode::kConcurrentTransactions, ErrorCode::kProducerFenced}).code,
            ErrorCode::kProducerFenced);
  const std::vector<ErrorCode> refused = {ErrorCode::kTopicAuthorizationFailed,
                                          ErrorCode::kOperationNotAttempted};
  for (const auto& answers : {refused, std::vector(refused.rbegin(), refused.rend())}) {
    EXPECT_EQ(judged(answers).verdict, Verdict::kFailed);
    EXPECT_EQ(judged(answers).code, ErrorCode::kTopicAuthorizationFailed);
    EXPECT_EQ(judged(answers).said, "topic t");
  }
}

TEST(CoordinatorJudgement, APartitionThatIsNotSpokenOfWasNotAdded) {
  EXPECT_EQ(judged({ErrorCode::kNone}).verdict, Verdict::kFailed);
  EXPECT_EQ(judged({}).verdict, Verdict::kFailed);
  EXPECT_EQ(judge_partitions({}, {}).verdict, Verdict::kDone);
}

TEST(CoordinatorJudgement, NobodyIsNoIdentity) {
  EXPECT_EQ(judge_identity(ErrorCode::kNone, 7, 0).verdict, Verdict::kDone);
  EXPECT_EQ(judge_identity(ErrorCode::kNone, -1, 0).verdict, Verdict::kFailed);
  EXPECT_EQ(judge_identity(ErrorCode::kNone, 7, -1).verdict, Verdict::kFailed);
  EXPECT_EQ(judge_identity(ErrorCode::kConcurrentTransactions, -1, -1).verdict, Verdict::kBusy);
}

}  // namespace
}  // namespace penstock::connect::kafka
