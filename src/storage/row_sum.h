// The hash sum of rows that are not (or not yet) in storage: what rehydration compares with the sum
// that the collection carries (rule S6).
#pragma once

#include <string>

#include "storage/collection.h"
#include "storage/collection_reader.h"
#include "storage/row_format.h"

namespace penstock::storage {

// Owned by one thread.
class RowSum {
 public:
  explicit RowSum(const types::RelationType& type)
      : rows_(RowFormat::of_rows(type)), errors_(RowFormat::of_errors()) {}

  void add(Stream stream, const data::DeltaBatch& batch);
  const HashSum& sum() const { return sum_; }

 private:
  RowFormat rows_;
  RowFormat errors_;
  HashSum sum_;
  std::string key_bytes_;
  std::string row_bytes_;
};

}  // namespace penstock::storage
