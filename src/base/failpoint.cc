// The failpoint registry: one of the two allowed globals.
#include "base/failpoint.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace penstock {
namespace {

enum class Action { kKill, kError, kDelay };

struct Armed {
  Action action = Action::kError;
  long at = 0;  // Which time; 0 = every time (kill: the first).
  long delay_ms = 0;
  long reached = 0;
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, Armed, std::less<>> armed;
  std::atomic<bool> any{false};
};

Armed parse_action(std::string_view text) {
  Armed armed;
  size_t at = text.find('@');
  if (at != std::string_view::npos) {
    armed.at = std::strtol(std::string(text.substr(at + 1)).c_str(), nullptr, 10);
    text = text.substr(0, at);
  }
  if (text == "kill") {
    armed.action = Action::kKill;
  } else if (text.starts_with("delay:")) {
    armed.action = Action::kDelay;
    armed.delay_ms = std::strtol(std::string(text.substr(6)).c_str(), nullptr, 10);
  }
  return armed;
}

void parse_into(Registry& registry, std::string_view text) {
  registry.armed.clear();
  while (!text.empty()) {
    size_t end = text.find(';');
    std::string_view entry = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    registry.armed[std::string(entry.substr(0, equals))] = parse_action(entry.substr(equals + 1));
  }
  registry.any.store(!registry.armed.empty(), std::memory_order_relaxed);
}

Registry& registry() {
  static Registry* instance = [] {
    auto* made = new Registry;
    const char* text = std::getenv("PENSTOCK_FAILPOINTS");
    parse_into(*made, text == nullptr ? "" : text);
    return made;
  }();
  return *instance;
}

}  // namespace

bool failpoint(std::string_view name) {
  Registry& all = registry();
  if (!all.any.load(std::memory_order_relaxed)) return false;
  long delay_ms = 0;
  {
    std::lock_guard lock(all.mutex);
    auto found = all.armed.find(name);
    if (found == all.armed.end()) return false;
    Armed& armed = found->second;
    ++armed.reached;
    bool now = armed.at == 0 || armed.reached == armed.at;
    if (!now) return false;
    if (armed.action == Action::kKill) kill(getpid(), SIGKILL);
    if (armed.action == Action::kError) return true;
    delay_ms = armed.delay_ms;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
  return false;
}

void arm_failpoints(std::string_view text) {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  parse_into(all, text);
}

long failpoint_reached(std::string_view name) {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  auto found = all.armed.find(name);
  return found == all.armed.end() ? 0 : found->second.reached;
}

}  // namespace penstock
