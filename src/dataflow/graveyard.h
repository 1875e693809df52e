// Blocks that operators' state gave up during a step, and that copies of earlier states may still
// look at: they go back to the arena when the step is flushed. One owner thread.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "dataflow/row_arena.h"

namespace penstock::dataflow {

class Graveyard {
 public:
  explicit Graveyard(RowArena& arena) : arena_(arena) {}
  void bury(char* block, size_t bytes) { blocks_.emplace_back(block, bytes); }
  void clear() {
    for (const auto& [block, bytes] : blocks_) arena_.release(block, bytes);
    blocks_.clear();
  }

 private:
  RowArena& arena_;
  std::vector<std::pair<char*, size_t>> blocks_;
};

}  // namespace penstock::dataflow
