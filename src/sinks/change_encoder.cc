// Keys, values and partition hashes.
#include "sinks/change_encoder.h"

#include <algorithm>
#include <utility>

#include "base/version.h"
#include "data/rows.h"
#include "expr/seahash.h"
#include "format/avro/avro_encoder.h"
#include "format/json/json_encoder.h"
#include "format/pg/pg_column_encoder.h"

namespace penstock::sinks {
namespace {

using defs::SinkFormatKind;
using types::SqlType;
using types::TypeId;

// Of APPEND, in the member that says what a change is.
constexpr std::string_view kInserted = "insert";
constexpr std::string_view kDeleted = "delete";

// No integer, text or decimal of Avro begins with it, and JSON refuses nothing.
constexpr std::string_view kRefusedKeyMark("\xff\xfe\0penstock: not a key", 22);
// At most, of a frame and Debezium's fields.
constexpr size_t kFieldsBytes = 2'048;

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
  if (type.id == TypeId::kRange) return false;  // Its text, which tells all.
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

ChangeEncoder::ChangeEncoder(const SinkConfig& config)
    : envelope_(config.def.envelope),
      leaves_tombstones_(config.def.tombstones),
      value_format_(config.def.value_format.kind),
      fields_(config.def.change_fields),
      origin_{.version = kVersion,
              .name = config.name,
              .database = config.from.database,
              .schema = config.from.schema,
              .table = config.from.relation},
      policy_(config.def.refused_messages),
      message_bytes_max_(config.limits.message_max_bytes),
      letter_row_bytes_(letter_row_bytes(config)) {
  const defs::SinkDef& def = config.def;
  value_ = row_encoder(def.value_format.kind, def.relation, def.value_columns());
  frame_ = value_->change_frame();
  inserted_ = value_->row_tail(def.op_name, kInserted);
  deleted_ = value_->row_tail(def.op_name, kDeleted);
  if (def.headers) headers_.emplace(def.relation, *def.headers);
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
  if (policy_ == defs::RefusedMessages::kDeadLetter) {
    texts_ = std::make_unique<format::JsonEncoder>(def.relation, def.value_columns());
  }
}

void ChangeEncoder::append_group_key(const data::DeltaBatch& batch, size_t row, std::string& out) {
  const size_t begin = out.size();
  if (!group_) {
    append_row_bytes(batch, row, out);
  } else if (!group_->append_row(batch, row, out)) {
    refuse(&RowRefusal::key, "key", group_->refusal(batch, row));
    if (!passes_refused()) return;
    out.resize(begin);
    out += kRefusedKeyMark;
    append_row_bytes(batch, row, out);
  }
}

void ChangeEncoder::append_row(const data::DeltaBatch& batch, size_t row, std::string& out) {
  if (!value_->append_row(batch, row, out)) {
    refuse(&RowRefusal::value, "value", value_->refusal(batch, row));
  }
}

void ChangeEncoder::append_headers(const data::DeltaBatch& batch, size_t row, std::string& out) {
  if (headers_ && !headers_->append(batch, row, out)) {
    refuse(&RowRefusal::header, "header", headers_->refusal());
  }
}

void ChangeEncoder::refuse(std::string RowRefusal::* part, const char* what,
                           const std::string& reason) {
  std::string error = std::string("a ") + what + " cannot be encoded: " + reason;
  if ((row_refusal_.*part).empty()) row_refusal_.*part = error;
  if (!refusal_) refusal_ = std::move(error);
}

RowRefusal ChangeEncoder::take_row_refusal() {
  if (!refusal_) return {};
  refusal_.reset();
  return std::exchange(row_refusal_, {});
}

std::string ChangeEncoder::refusal_as_insertion(std::string_view key, std::string_view row) {
  const RowRefusal refusal = take_row_refusal();
  if (!refusal.key.empty()) return refusal.key;
  if (!refusal.value.empty()) return refusal.value;
  std::string key_buffer;
  std::string value_buffer;
  SinkMessage message;
  address(key, std::nullopt, key_buffer, message);
  write_value(
      {std::nullopt, 0}, {}, [&](size_t, std::string& out) { out += row; }, value_buffer, message);
  const uint64_t bytes = bytes_of(message);
  return bytes > message_bytes_max_ ? too_large(bytes) : "";
}

// Encodes everything once more: what could not be is rare.
RowRefusal ChangeEncoder::refusal_of(const data::DeltaBatch& batch, size_t row) {
  std::string worthless;
  append_group_key(batch, row, worthless);
  append_headers(batch, row, worthless);
  append_row(batch, row, worthless);
  RowRefusal refusal = take_row_refusal();
  add_text(batch, row, SIZE_MAX, refusal);
  return refusal;
}

std::string ChangeEncoder::too_large(uint64_t bytes) const {
  return "key and value have " + std::to_string(bytes) + " bytes, more than MAX MESSAGE BYTES (" +
         std::to_string(message_bytes_max_) + ")";
}

// A message is too large only if one of its parts has a good share of what it may have.
void ChangeEncoder::add_text(const data::DeltaBatch& batch, size_t row, size_t bytes,
                             RowRefusal& refusal) {
  if (!texts_) return;
  const size_t frame = heads_.key.size() + heads_.key_tail.size() + heads_.value.size() +
                       heads_.value_tail.size() + kFieldsBytes;
  const size_t room = message_bytes_max_ - std::min(message_bytes_max_, frame);
  if (refusal.empty() && bytes <= room / 4) return;
  RowText& text = refusal.text.emplace();
  (void)texts_->append_row(batch, row, text.json);
  text.bytes = text.json.size();
  // Cut off, it has no end that could make it JSON again.
  if (text.json.size() > letter_row_bytes_) text.json.resize(letter_row_bytes_);
}

std::optional<std::string> ChangeEncoder::take_refusal() {
  row_refusal_ = {};
  return std::exchange(refusal_, std::nullopt);
}

std::span<const Change> ChangeEncoder::changes_of(const Pair& pair) {
  const bool in_two = envelope_ == defs::SinkEnvelope::kAppend && pair.before && pair.after;
  if (in_two) {
    changes_ = {Change{pair.before, std::nullopt}, Change{std::nullopt, pair.after}};
    return changes_;
  }
  changes_[0] = {pair.before, pair.after};
  if (!leaves_tombstones_ || pair.after) return std::span(changes_).first(1);
  changes_[1] = {pair.before, std::nullopt, true};
  return changes_;
}

void ChangeEncoder::append_tail(const format::RowTail& tail, std::string& out) {
  out.resize(out.size() - tail.closing.size());
  out += tail.tail;
}

std::optional<ChangeEncoder::AppendedRow> ChangeEncoder::take_apart(
    std::string_view appended) const {
  for (const format::RowTail* tail : {&inserted_, &deleted_}) {
    if (!appended.ends_with(tail->tail)) continue;
    appended.remove_suffix(tail->tail.size());
    return AppendedRow{std::string(appended) + tail->closing, tail == &inserted_};
  }
  return std::nullopt;
}

// A tick has many changes and few ops: what is said of one is said of the next as well.
void ChangeEncoder::append_fields(const Change& change, const ChangeStamp& stamp,
                                  std::string& out) {
  using format::ChangeOp;
  const ChangeOp created = stamp.in_snapshot ? ChangeOp::kRead : ChangeOp::kCreate;
  const ChangeOp op = !change.after   ? ChangeOp::kDelete
                      : change.before ? ChangeOp::kUpdate
                                      : created;
  static constexpr std::string_view kOps = "cudr";
  WrittenFields& written = written_[kOps.find(static_cast<char>(op))];
  if (written.text.empty() || written.time != stamp.time) {
    written.time = stamp.time;
    written.text.clear();
    const format::ChangeFields fields{.source = fields_.source,
                                      .transaction = fields_.transaction,
                                      .op = fields_.op,
                                      .ts_ms = fields_.ts_ms};
    const format::ChangeFacts facts{op, stamp.time};
    if (value_format_ == SinkFormatKind::kAvro) {
      append_avro_change_fields(fields, origin_, facts, written.text);
    } else {
      append_json_change_fields(fields, origin_, facts, written.text);
    }
  }
  out += written.text;
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
      buffer.assign(heads_.key).append(group_key).append(heads_.key_tail);
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
