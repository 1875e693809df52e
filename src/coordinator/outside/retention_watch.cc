// Adding up what holders retain.
#include "coordinator/outside/retention_watch.h"

#include "base/thread_name.h"
#include "coordinator/system_parameters.h"

namespace penstock::coordinator {
namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr int kLooksBetweenReleases = 60;

}  // namespace

RetentionWatch::RetentionWatch(const storage::Storage& storage,
                               std::function<CatalogSnapshot()> catalog, Actions actions)
    : storage_(storage), catalog_(std::move(catalog)), actions_(std::move(actions)) {}

void RetentionWatch::start() {
  thread_ = std::thread([this] {
    name_this_thread("retention");
    while (!stop_.wait_for(kInterval)) look();
  });
}

void RetentionWatch::stop() {
  stop_.stop();
  if (thread_.joinable()) thread_.join();
}

void RetentionWatch::look() {
  std::map<std::pair<std::string, CollectionId>, uint64_t> by_collection;
  for (const storage::HoldInfo& hold : storage_.holds().holds()) {
    // Views of one cluster hold the same history.
    uint64_t& most = by_collection[{hold.holder, hold.collection}];
    most = std::max(most, hold.retained_bytes);
  }
  std::map<std::string, uint64_t> retained;
  for (const auto& [place, bytes] : by_collection) retained[place.first] += bytes;
  uint64_t limit = value_of(kMaxRetainedBytes, *catalog_());
  for (const auto& [holder, bytes] : retained) {
    if (bytes <= limit / 2) continue;
    auto [entry, is_new] = warned_.try_emplace(holder, 0);
    if (is_new) actions_.warn({holder, bytes, limit});
    if (bytes <= limit) continue;
    // Again after a while: it may not have worked.
    if (entry->second++ % kLooksBetweenReleases == 0) actions_.release({holder, bytes, limit});
  }
  std::erase_if(warned_, [&](const auto& entry) {
    auto found = retained.find(entry.first);
    bool over = found != retained.end() && found->second > limit / 2;
    if (!over) actions_.calm(entry.first);
    return !over;
  });
}

}  // namespace penstock::coordinator
