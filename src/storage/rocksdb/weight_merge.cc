// Adding weights in the database, so that folding never reads what it changes.
#include "storage/rocksdb/weight_merge.h"

#include "base/bytes_io.h"
#include "storage/rocksdb/database.h"

namespace penstock::storage {

namespace {

uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

class WeightMerge : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& operand,
             std::string* result, rocksdb::Logger*) const override {
    WeightedValue added = decode_weight({operand.data(), operand.size()});
    int64_t weight = added.weight;
    if (existing != nullptr) {
      weight += decode_weight({existing->data(), existing->size()}).weight;
    }
    *result = encode_weight(weight, added.payload);
    return true;
  }
  const char* Name() const override { return "penstock.weight.1"; }
};

class ZeroWeightFilter : public rocksdb::CompactionFilter {
 public:
  Decision FilterV2(int, const rocksdb::Slice&, ValueType type, const rocksdb::Slice& value,
                    std::string*, std::string*) const override {
    if (type != ValueType::kValue) return Decision::kKeep;
    return decode_weight({value.data(), value.size()}).weight == 0 ? Decision::kRemove
                                                                   : Decision::kKeep;
  }
  const char* Name() const override { return "penstock.zero_weight.1"; }
};

}  // namespace

std::string encode_weight(int64_t weight, std::string_view payload) {
  std::string value;
  put_varint(value, zigzag(weight));
  value.append(payload);
  return value;
}

WeightedValue decode_weight(std::string_view value) {
  ByteReader reader(value);
  int64_t weight = unzigzag(reader.varint());
  return {weight, reader.rest()};
}

std::shared_ptr<rocksdb::MergeOperator> weight_merge_operator() {
  return std::make_shared<WeightMerge>();
}

const rocksdb::CompactionFilter* zero_weight_filter() {
  static const ZeroWeightFilter filter;
  return &filter;
}

}  // namespace penstock::storage
