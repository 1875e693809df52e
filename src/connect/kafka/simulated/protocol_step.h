// The steps of a client's protocol, as faults are counted by them: what a request is for, and for
// those of a transaction, where in it they are. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace penstock::connect::kafka {

enum class ProtocolStep : uint8_t {
  kConnect,
  kApiVersions,
  kMetadata,
  kFindCoordinator,
  kInitProducerId,
  kAddPartitions,
  kProduceFirst,  // Nothing of its transaction is in a log yet.
  kProduceLater,
  kCommit,
  kAbort,
  kListOffsets,
  kFetch,
  kOther,
};
constexpr size_t kNumProtocolSteps = 13;

std::string_view protocol_step_name(ProtocolStep step);

// How often each fault befell each step. Faults are named by string literals.
class FaultTable {
 public:
  void count(std::string_view fault, ProtocolStep step) {
    ++rows_[fault][static_cast<size_t>(step)];
  }
  uint64_t at(std::string_view fault, ProtocolStep step) const;
  // Of all steps.
  uint64_t total(std::string_view fault) const;
  size_t num_cells() const;
  void add(const FaultTable& other);
  // A line for each fault, a column for each step.
  std::string text() const;

  bool operator==(const FaultTable&) const = default;

 private:
  std::map<std::string_view, std::array<uint64_t, kNumProtocolSteps>> rows_;
};

}  // namespace penstock::connect::kafka
