// The state is shared with the answer under way, which finds it gone when the cache is.
#include "connect/kafka/auth/token_cache.h"

#include <optional>
#include <utility>
#include <vector>

namespace penstock::connect::kafka {

struct TokenCache::State {
  std::unique_ptr<TokenSource> source;
  std::optional<Token> token;
  int64_t renew_ms = 0;
  std::vector<Done> waiting;  // Not empty while the source is being asked.

  void answered(int64_t asked_ms, AuthResult<Token> answer);
};

void TokenCache::State::answered(int64_t asked_ms, AuthResult<Token> answer) {
  if (answer) {
    token = *answer;
    // A fifth of its life is left for an issuer that is away.
    renew_ms = asked_ms + (token->expires_ms - asked_ms) / 5 * 4;
  } else if (token && asked_ms < token->expires_ms) {
    answer = *token;
  }
  // Whoever is answered may ask again.
  std::vector<Done> answered_now = std::exchange(waiting, {});
  for (Done& done : answered_now) done(answer);
}

TokenCache::TokenCache(std::unique_ptr<TokenSource> source) : state_(std::make_shared<State>()) {
  state_->source = std::move(source);
}

TokenCache::~TokenCache() = default;

void TokenCache::get(int64_t now_ms, Done done) {
  if (state_->token && now_ms < state_->renew_ms) return done(*state_->token);
  state_->waiting.push_back(std::move(done));
  if (state_->waiting.size() > 1) return;
  state_->source->get(now_ms, [weak = std::weak_ptr(state_), now_ms](AuthResult<Token> answer) {
    if (auto state = weak.lock()) state->answered(now_ms, std::move(answer));
  });
}

}  // namespace penstock::connect::kafka
