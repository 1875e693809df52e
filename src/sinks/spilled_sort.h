// Sorts more entries than memory should hold, by key and then payload, over files that have no name
// and vanish with the process: runs are sorted in memory, written, and merged while they are read,
// and before when they become many.
//
// One owner thread. Life: add()..., finish(), then next() until false; rewind() starts over. After
// an error in add() or finish() some entries are there and some are not: clear().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stop_token.h"

namespace penstock::sinks {

class SpilledSort {
 public:
  // `directory` must exist. Memory: `memory_bytes` while adding; 64 KiB a run while reading.
  // A stop ends what takes long with an error.
  SpilledSort(std::string directory, size_t memory_bytes, const StopToken& stop);
  ~SpilledSort();
  SpilledSort(const SpilledSort&) = delete;
  SpilledSort& operator=(const SpilledSort&) = delete;

  Status add(std::string_view key, std::string_view payload);
  Status finish();
  void rewind();
  // Forgets everything that was added, for whoever begins again.
  void clear();
  // Moves to the next entry. The views live until the next call.
  Result<bool> next();
  std::string_view key() const { return key_; }
  std::string_view payload() const { return payload_; }

  size_t runs() const { return runs_.size(); }

 private:
  class Run;
  struct Entry {
    size_t offset = 0;
    uint32_t key_bytes = 0;
    uint32_t payload_bytes = 0;
  };
  std::string_view key_of(const Entry& entry) const;
  std::string_view payload_of(const Entry& entry) const;
  void sort_memory();
  Result<std::unique_ptr<Run>> new_run(int level) const;
  Status write_run();
  Status merge_runs();
  Result<bool> next_merged();

  const std::string directory_;
  const size_t memory_bytes_;
  const StopToken& stop_;
  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<Run>> runs_;
  std::vector<Run*> heap_;   // Runs with an entry left, least first.
  Run* given_ = nullptr;     // Whose entry was given last: not in the heap.
  size_t first_merged_ = 0;  // Runs before it are left out.
  size_t next_entry_ = 0;
  bool started_ = false;
  std::string_view key_;
  std::string_view payload_;
};

}  // namespace penstock::sinks
