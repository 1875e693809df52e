// Keeps a source's token until four fifths of its life are over, so that the connections to a
// cluster's brokers ask the issuer once together and not once each. One owner thread.
#pragma once

#include <cstdint>
#include <memory>

#include "connect/kafka/auth/token_source.h"

namespace penstock::connect::kafka {

class TokenCache final : public TokenSource {
 public:
  explicit TokenCache(std::unique_ptr<TokenSource> source);
  ~TokenCache() override;

  // Those who ask while the source is being asked wait for the same answer. When the source fails,
  // the old token serves until it expires.
  void get(int64_t now_ms, Done done) override;

 private:
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace penstock::connect::kafka
