// Why a step of a sink did not get through, in terms of what to do next.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"
#include "connect/kafka/kafka_error.h"

namespace penstock::sinks {

struct Trouble {
  enum class Kind {
    kStopped,  // We were told to stop.
    kRetry,    // May pass by itself: try again soon, say so after a while.
    kRefused,  // Somebody must change something: say so at once, try again seldom.
    kHalt,     // Never again before the sink is altered.
  };
  Kind kind = Kind::kRetry;
  std::string cause;  // "kafka: ..." or "internal: ..."
  std::string remedy;
};

template <typename T>
using Step = std::expected<T, Trouble>;

inline std::unexpected<Trouble> trouble(Trouble::Kind kind, std::string cause, std::string remedy) {
  return std::unexpected(Trouble{kind, std::move(cause), std::move(remedy)});
}
inline std::unexpected<Trouble> stopped() {
  return trouble(Trouble::Kind::kStopped, "", "");
}

// `doing` comes first in the text: "Transaction error".
std::unexpected<Trouble> kafka_trouble(const std::string& doing, const connect::KafkaError& error);
std::unexpected<Trouble> storage_trouble(const Error& error);

}  // namespace penstock::sinks
