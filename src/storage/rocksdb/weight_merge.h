// The weight of a row in kRows: how it is written, added up and dropped when it is zero.
//
//   value = zigzag varint of the weight, then the payload
#pragma once

#include <rocksdb/compaction_filter.h>
#include <rocksdb/merge_operator.h>

#include <memory>
#include <string>
#include <string_view>

namespace penstock::storage {

std::string encode_weight(int64_t weight, std::string_view payload);

std::shared_ptr<rocksdb::MergeOperator> weight_merge_operator();
// Drops values of weight zero. What lies below a zero is covered by it, so dropping it as a
// deletion changes nothing that anybody reads.
const rocksdb::CompactionFilter* zero_weight_filter();

}  // namespace penstock::storage
