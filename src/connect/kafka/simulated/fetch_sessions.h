// What brokers remember of their readers' fetches (KIP-227).
//
// A session belongs to the broker that made it, and is gone when that dies.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "connect/kafka/protocol/messages.h"

namespace penstock::connect::kafka {

class FetchSessions {
 public:
  struct Opened {
    ErrorCode error = ErrorCode::kNone;
    int32_t id = 0;            // 0 = none.
    bool incremental = false;  // Only news are answered.
  };
  // Puts in the partitions that an incremental request stands for.
  Opened open(int32_t broker, FetchRequest& request);
  // Whether this is news to the session's reader, who is told now.
  bool tell(int32_t broker, int32_t id, const FetchResponse::FetchableTopicResponse& topic,
            const FetchResponse::PartitionData& data);

  void forget_one(int32_t broker);
  void forget_all(int32_t broker);

 private:
  using Place = std::pair<std::pair<std::string, Uuid>, int32_t>;
  struct Told {
    int64_t high_watermark = -1;
    int64_t start_offset = -1;
    bool operator==(const Told&) const = default;
  };
  struct Session {
    int32_t epoch = 0;  // Of the next request.
    std::map<Place, FetchRequest::FetchPartition> partitions = {};
    std::map<Place, Told> told = {};
  };

  static void update(Session& session, const FetchRequest& request);

  std::map<std::pair<int32_t, int32_t>, Session> sessions_;  // By broker and id.
  int32_t next_id_ = 1;
};

}  // namespace penstock::connect::kafka
