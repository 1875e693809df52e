// A queue of callbacks by log position.
#include "engine/durable_callbacks.h"

#include <utility>
#include <vector>

namespace penstock::engine {

DurableCallbacks::DurableCallbacks(storage::Durability& durability)
    : durability_(durability),
      ticket_(durability.observe([this](storage::LogPosition synced) { announce(synced); })) {}

DurableCallbacks::~DurableCallbacks() {
  durability_.unobserve(ticket_);
}

void DurableCallbacks::add(storage::LogPosition position, std::function<void()> callback) {
  {
    std::lock_guard lock(mutex_);
    waiting_.emplace_back(position, std::move(callback));
  }
  // The sync may have happened between the append and this call.
  announce(durability_.synced());
}

void DurableCallbacks::announce(storage::LogPosition synced) {
  std::vector<std::function<void()>> ready;
  {
    std::lock_guard lock(mutex_);
    while (!waiting_.empty() && waiting_.front().first <= synced) {
      ready.push_back(std::move(waiting_.front().second));
      waiting_.pop_front();
    }
  }
  for (std::function<void()>& callback : ready) callback();
}

}  // namespace penstock::engine
