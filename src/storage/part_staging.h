// StagingWriter over parts.
#pragma once

#include <vector>

#include "storage/part_writer.h"
#include "storage/staging.h"

namespace penstock::storage {

class PartStaging : public StagingWriter {
 public:
  PartStaging(Database& database, StoreState& state, const CollectionState& collection);
  ~PartStaging() override;

  Status append(const data::DeltaBatch& rows) override;
  Status append_errors(const data::DeltaBatch& errors) override;
  Result<StagedParts> finish() override;
  uint64_t bytes_in_memory() const override;

 private:
  Status write_run(RunBuilder& run, bool errors, PartLogging logging);

  Database& database_;
  StoreState& state_;
  CollectionId collection_;
  std::shared_ptr<const RowFormat> formats_[2];
  RunBuilder rows_{false};
  RunBuilder errors_{false};
  StagedParts staged_;
  bool unlogged_ = false;
};

}  // namespace penstock::storage
