// What a view has staged and no tick has published yet (rule T4): given back to storage when the
// view is dropped or built anew.
#pragma once

#include <utility>
#include <vector>

#include "storage/storage.h"

namespace penstock::engine {

class StagedContents {
 public:
  explicit StagedContents(storage::Storage& storage) : storage_(storage) {}
  ~StagedContents() { discard(); }
  StagedContents(const StagedContents&) = delete;
  StagedContents& operator=(const StagedContents&) = delete;

  void add(storage::StagedParts parts) { parts_.push_back(std::move(parts)); }
  const std::vector<storage::StagedParts>& parts() const { return parts_; }
  // All of them, to be read as one.
  storage::StagedParts together() const {
    storage::StagedParts out;
    for (const storage::StagedParts& parts : parts_) {
      out.collection = parts.collection;
      out.parts.insert(out.parts.end(), parts.parts.begin(), parts.parts.end());
      out.hash.add(parts.hash);
      out.rows += parts.rows;
      out.updates += parts.updates;
      out.bytes += parts.bytes;
    }
    return out;
  }
  // The caller publishes them.
  std::vector<storage::StagedParts> take() { return std::exchange(parts_, {}); }
  // Refused by the disk, the next start discards them.
  void discard() {
    for (const storage::StagedParts& parts : take()) static_cast<void>(storage_.discard(parts));
  }

 private:
  storage::Storage& storage_;
  std::vector<storage::StagedParts> parts_;
};

}  // namespace penstock::engine
