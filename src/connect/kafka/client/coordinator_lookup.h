// Where the coordinator of a group or of a transactional id is, for those who wait for its answer
// (questions.h).
//
// Owned by the thread of the cluster's loop. May go while it is being looked for.
#pragma once

#include <memory>
#include <string>

#include "connect/kafka/acl.h"
#include "connect/kafka/client/questions.h"

namespace penstock::connect::kafka {

class CoordinatorLookup {
 public:
  // `owner`: a group or a transactional id. `cluster` must outlive the object.
  CoordinatorLookup(Cluster& cluster, AclResource owner);

  // Whom to ask; tells `questions` if that is refused, and looks anew after each attempt of theirs
  // that came to nothing. Both must outlive the questions.
  Questions::Whom whom(Questions& questions);
  // The broker that was asked last; -1 before.
  int32_t broker() const;

 private:
  struct State;

  BrokerConnection* find();
  void look();
  static void take(Cluster& cluster, const AclResource& owner, State& state,
                   CallResult<FindCoordinatorResponse> result);

  Cluster& cluster_;
  const AclResource owner_;
  std::shared_ptr<State> state_;  // Shared with the request under way.
};

}  // namespace penstock::connect::kafka
