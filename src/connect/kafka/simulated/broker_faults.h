// What goes wrong in brokers, beside what the network does (NetworkFaults): how often, and how
// often it did. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "connect/kafka/protocol/messages.h"

namespace penstock::connect::kafka {

// Rates are one in so many requests, if nothing else is said; 0 = never.
struct BrokerFaults {
  // The broker dies with this request in its hands: all its links are reset, and it does not listen
  // for a while. What it had received may have been carried out or not.
  uint64_t die_one_in = 0;
  std::chrono::milliseconds down_most{5'000};
  // So long nobody leads what a dead broker led.
  std::chrono::milliseconds election_most{0};
  // A partition's leadership moves to any broker that lives.
  uint64_t move_leader_one_in = 0;
  // The coordinators on one partition of the brokers' own topics move, and load for a while.
  uint64_t move_coordinator_one_in = 0;
  std::chrono::milliseconds load_most{500};
  // The connection ends before the request is carried out, or afterwards and without the answer.
  uint64_t drop_request_one_in = 0;
  uint64_t lose_answer_one_in = 0;
  // So many answers of an API, the next ones, are lost: no rate.
  std::map<ApiKey, uint64_t> lose_next_answers = {};
  // It takes this long until it is carried out, or from then to the answer. What came behind it on
  // the same connection waits.
  uint64_t slow_request_one_in = 0;
  uint64_t slow_answer_one_in = 0;
  std::chrono::milliseconds slow_most{2'000};
  // Carried out, and answered as if it was not sure: Produce with REQUEST_TIMED_OUT or
  // NOT_ENOUGH_REPLICAS_AFTER_APPEND, EndTxn with COORDINATOR_NOT_AVAILABLE.
  uint64_t unsure_answer_one_in = 0;
  // Answered so, and not carried out: whoever took it died, and with it the only copy. Of Produce
  // also NOT_ENOUGH_REPLICAS, with which nothing was ever taken.
  uint64_t unsure_refusal_one_in = 0;
  // The client is told to be silent for a while (KIP-219).
  uint64_t throttle_one_in = 0;
  std::chrono::milliseconds throttle_most{300};
  // Metadata as it was before a partition's last move.
  uint64_t stale_metadata_one_in = 0;
  // The broker forgets one of its readers' sessions.
  uint64_t forget_fetch_session_one_in = 0;
  // One in so many markers comes very late.
  uint64_t slow_marker_one_in = 0;
  std::chrono::milliseconds slow_marker_most{1'000};
};

}  // namespace penstock::connect::kafka
