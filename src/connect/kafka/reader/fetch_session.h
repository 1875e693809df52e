// What a broker remembers of our last Fetch, so that the next one need only name what is different
// (KIP-227): with many partitions, requests and answers about nothing new become small.
//
// A broker may refuse to remember, or forget; then everything is named again. Pure bookkeeping, no
// I/O. One owner thread.
#pragma once

#include <cstdint>
#include <map>

#include "connect/kafka/protocol/messages.h"

namespace penstock::connect::kafka {

class FetchSession {
 public:
  // Of one topic, by their number.
  using Partitions = std::map<int32_t, FetchRequest::FetchPartition>;

  // Fills in what the request has to say about the session and the partitions that are wanted. A
  // partition that the answer does not mention has nothing new. REQUIRES: at most one is under way.
  void fill(FetchRequest& request, const std::string& topic, const Uuid& topic_id,
            const Partitions& wanted);
  // False: the broker knows nothing of the session any more, and the answer says nothing else; to
  // ask at once names everything.
  bool take(const FetchResponse& response);
  // The answer was lost.
  void lost() { epoch_ = kFull; }

 private:
  static constexpr int32_t kFull = 0;

  int32_t id_ = 0;  // 0 = there is none.
  int32_t epoch_ = kFull;
  Uuid topic_id_ = {};
  Partitions known_;  // As they were said last.
};

}  // namespace penstock::connect::kafka
