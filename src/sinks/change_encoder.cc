// Keys, values and partition hashes.
#include "sinks/change_encoder.h"

#include <algorithm>
#include <numeric>

#include "data/rows.h"
#include "expr/seahash.h"
#include "format/json/json_encoder.h"
#include "sinks/pairing.h"

namespace penstock::sinks {
namespace {

// Whether values that differ are encoded alike: NULL, NaN and the infinities are all null in JSON.
bool folds_values(const types::SqlType& type) {
  if (type.element) return folds_values(*type.element);
  return type.id == types::TypeId::kFloat4 || type.id == types::TypeId::kFloat8;
}

bool folds_values(const types::RelationType& relation, const std::vector<size_t>& key) {
  return std::any_of(key.begin(), key.end(), [&](size_t column) {
    return folds_values(relation.columns[column].type.type);
  });
}

}  // namespace

ChangeEncoder::ChangeEncoder(const SinkConfig& config) : envelope_(config.def.envelope) {
  const defs::SinkDef& def = config.def;
  std::vector<size_t> all(def.relation.columns.size());
  std::iota(all.begin(), all.end(), size_t{0});
  value_ = std::make_unique<format::JsonEncoder>(def.relation, all);
  frame_ = value_->change_frame();
  sends_key_ = def.key.has_value();
  if (def.key) {
    group_ = std::make_unique<format::JsonEncoder>(def.relation, *def.key);
    key_is_proven_ = def.key_is_proven && !folds_values(def.relation, *def.key);
  } else if (def.natural_key) {
    group_ = std::make_unique<format::JsonEncoder>(def.relation, *def.natural_key);
    key_is_proven_ = !folds_values(def.relation, *def.natural_key);
  }
  if (config.partition_by) partition_by_.emplace(config.partition_by);
}

void ChangeEncoder::append_group_key(const data::DeltaBatch& batch, size_t row,
                                     std::string& out) const {
  if (group_) {
    group_->append_row(batch, row, out);
  } else {
    append_row_bytes(batch, row, out);
  }
}

std::vector<uint64_t> ChangeEncoder::partition_values(const data::DeltaBatch& batch) {
  std::vector<uint64_t> out;
  if (!partition_by_) return out;
  expr::EvalResult result = partition_by_->evaluate(batch, data::Rows::all(batch.size()));
  out.resize(batch.size());
  for (size_t row = 0; row < batch.size(); ++row) {
    bool failed = result.errors && result.errors->failed(row);
    if (failed || result.values.is_null(row)) {
      ++partition_errors_;
    } else {
      out[row] = result.values.value<uint64_t>(row);
    }
  }
  return out;
}

void ChangeEncoder::address(std::string_view group_key, std::optional<uint64_t> partition_value,
                            SinkMessage& message) const {
  message.key.reset();
  message.partition_hash = 0;
  if (sends_key_) message.key = group_key;
  if (partition_value) {
    message.partition_hash = *partition_value;
  } else if (sends_key_) {
    message.partition_hash = expr::seahash(group_key.substr(group_->header_bytes()));
  }
}

}  // namespace penstock::sinks
