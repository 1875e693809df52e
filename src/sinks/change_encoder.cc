// Keys, values and partition hashes.
#include "sinks/change_encoder.h"

#include <algorithm>
#include <numeric>

#include "data/rows.h"
#include "expr/seahash.h"
#include "format/avro/avro_encoder.h"
#include "format/json/json_encoder.h"
#include "format/pg/pg_column_encoder.h"
#include "sinks/pairing.h"

namespace penstock::sinks {
namespace {

using defs::SinkFormatKind;
using types::SqlType;
using types::TypeId;

std::vector<size_t> all_columns(const types::RelationType& relation) {
  std::vector<size_t> out(relation.columns.size());
  std::iota(out.begin(), out.end(), size_t{0});
  return out;
}

std::unique_ptr<format::RowEncoder> row_encoder(SinkFormatKind kind,
                                                const types::RelationType& relation,
                                                const std::vector<size_t>& columns) {
  using format::PgForm;
  switch (kind) {
    case SinkFormatKind::kAvro:
      return std::make_unique<format::AvroEncoder>(relation, columns);
    case SinkFormatKind::kText:
    case SinkFormatKind::kBytes:
      return std::make_unique<format::PgColumnEncoder>(
          relation, columns.front(),
          kind == SinkFormatKind::kText ? PgForm::kText : PgForm::kBinary);
    case SinkFormatKind::kJson:
      break;
  }
  return std::make_unique<format::JsonEncoder>(relation, columns);
}

// Whether values that differ are encoded alike.
bool folds_values(SinkFormatKind kind, const SqlType& type) {
  const bool in_a_field =
      type.fields && std::ranges::any_of(*type.fields, [&](const types::ColumnDesc& field) {
        return folds_values(kind, field.type.type);
      });
  switch (kind) {
    case SinkFormatKind::kJson:  // NULL, NaN and the infinities are all null.
      if (type.element) return folds_values(kind, *type.element);
      return in_a_field || type.id == TypeId::kFloat4 || type.id == TypeId::kFloat8;
    case SinkFormatKind::kAvro:  // NaN is 0; an array has no dimensions.
      return in_a_field || type.element || type.id == TypeId::kNumeric;
    case SinkFormatKind::kText:
    case SinkFormatKind::kBytes:
      return false;
  }
  return true;
}

bool folds_values(SinkFormatKind kind, const types::RelationType& relation,
                  const std::vector<size_t>& key) {
  return std::any_of(key.begin(), key.end(), [&](size_t column) {
    const types::ColumnType& of = relation.columns[column].type;
    const bool single = kind == SinkFormatKind::kText || kind == SinkFormatKind::kBytes;
    if (single && of.nullable) return true;  // NULL is no bytes, as '' is.
    return folds_values(kind, of.type);
  });
}

}  // namespace

ChangeEncoder::ChangeEncoder(const SinkConfig& config) : envelope_(config.def.envelope) {
  const defs::SinkDef& def = config.def;
  value_ = row_encoder(def.value_format.kind, def.relation, all_columns(def.relation));
  frame_ = value_->change_frame();
  sends_key_ = def.key.has_value();
  if (def.key) {
    group_ = row_encoder(def.key_format.kind, def.relation, *def.key);
    key_is_proven_ =
        def.key_is_proven && !folds_values(def.key_format.kind, def.relation, *def.key);
  } else if (def.natural_key) {
    group_ = std::make_unique<format::JsonEncoder>(def.relation, *def.natural_key);
    key_is_proven_ = !folds_values(SinkFormatKind::kJson, def.relation, *def.natural_key);
  }
  if (config.partition_by) partition_by_.emplace(config.partition_by);
}

void ChangeEncoder::append_group_key(const data::DeltaBatch& batch, size_t row, std::string& out) {
  if (!group_) {
    append_row_bytes(batch, row, out);
  } else if (!group_->append_row(batch, row, out)) {
    refuse("key", *group_, batch, row);
  }
}

void ChangeEncoder::append_row(const data::DeltaBatch& batch, size_t row, std::string& out) {
  if (!value_->append_row(batch, row, out)) refuse("value", *value_, batch, row);
}

void ChangeEncoder::refuse(const char* what, const format::RowEncoder& encoder,
                           const data::DeltaBatch& batch, size_t row) {
  if (refusal_) return;
  refusal_ = std::string("a ") + what + " cannot be encoded: " + encoder.refusal(batch, row);
}

std::optional<std::string> ChangeEncoder::take_refusal() {
  return std::exchange(refusal_, std::nullopt);
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
                            std::string& buffer, SinkMessage& message) const {
  message.key.reset();
  message.partition_hash = 0;
  if (sends_key_) {
    message.key = group_key;
    if (!heads_.key.empty()) {
      buffer.assign(heads_.key).append(group_key);
      message.key = buffer;
    }
  }
  if (partition_value) {
    message.partition_hash = *partition_value;
  } else if (sends_key_) {
    message.partition_hash = expr::seahash(group_key);  // Of what no registry's id changes.
  }
}

}  // namespace penstock::sinks
