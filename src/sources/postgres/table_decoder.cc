// Rows of one ingested table.
#include "sources/postgres/table_decoder.h"

#include <algorithm>

#include "base/check.h"
#include "connect/postgres/postgres_connection.h"
#include "data/row_error.h"
#include "format/pg/pg_text.h"

namespace penstock::sources {
namespace {

void append_refs(std::vector<data::BatchRef>& to, std::vector<data::BatchRef>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

void CollectedRows::append(CollectedRows&& more) {
  append_refs(rows, std::move(more.rows));
  append_refs(errors, std::move(more.errors));
  updates += more.updates;
  size_bytes += more.size_bytes;
}

RowCollector::Part::Part(std::vector<data::PhysicalKind> kinds) : builder(kinds) {}

// Closes the builder as one batch, or two where the mark stands inside it.
void RowCollector::Part::close() {
  if (builder.empty()) return;
  data::DeltaBatch batch = builder.finish();
  size_t split = marked_batches == batches.size() ? marked_rows : 0;
  std::vector<uint32_t> rows;
  size_t skipped = 0;
  auto push = [&](uint32_t begin, uint32_t end) {
    rows.clear();
    for (uint32_t i = begin; i < end; ++i) {
      if (skipped < not_rows.size() && not_rows[skipped] == i) {
        ++skipped;
      } else {
        rows.push_back(i);
      }
    }
    if (rows.empty()) return;
    bool whole = rows.size() == end - begin;
    batches.push_back(std::make_shared<const data::DeltaBatch>(whole ? batch.slice(begin, end)
                                                                     : batch.gather(rows)));
  };
  push(0, static_cast<uint32_t>(split));
  if (split > 0) marked_batches = batches.size();
  push(static_cast<uint32_t>(split), static_cast<uint32_t>(batch.size()));
  not_rows.clear();
  marked_rows = 0;
}

void RowCollector::Part::mark() {
  marked_batches = batches.size();
  marked_rows = builder.size();
}

std::vector<data::BatchRef> RowCollector::Part::take_marked() {
  if (marked_rows > 0) close();
  auto end = batches.begin() + static_cast<std::ptrdiff_t>(marked_batches);
  std::vector<data::BatchRef> out(batches.begin(), end);
  batches.erase(batches.begin(), end);
  marked_batches = 0;
  return out;
}

RowCollector::RowCollector(std::vector<data::PhysicalKind> kinds)
    : rows_(std::move(kinds)), errors_({data::PhysicalKind::kBytes}) {}

void RowCollector::append_error(const std::string& error, int64_t diff) {
  data::RowError row_error{sql_state::kInternalError, error};
  errors_.builder.column(0).append_bytes(row_error.encode());
  errors_.builder.append_diff(diff);
  if (errors_.builder.full()) errors_.close();
}

void RowCollector::replace_last_row(const std::string& error, int64_t diff) {
  rows_.not_rows.push_back(static_cast<uint32_t>(rows_.builder.size() - 1));
  append_error(error, diff);
}

void RowCollector::mark() {
  rows_.mark();
  errors_.mark();
}

CollectedRows RowCollector::make_taken(std::vector<data::BatchRef> rows,
                                       std::vector<data::BatchRef> errors) {
  CollectedRows out{std::move(rows), std::move(errors), 0, 0};
  for (const auto* list : {&out.rows, &out.errors}) {
    for (const data::BatchRef& batch : *list) {
      out.updates += batch->size();
      out.size_bytes += batch->memory_bytes();
    }
  }
  return out;
}

CollectedRows RowCollector::take_marked() {
  return make_taken(rows_.take_marked(), errors_.take_marked());
}

CollectedRows RowCollector::take() {
  mark();
  return take_marked();
}

void RowCollector::drop_unmarked() {
  std::vector<data::BatchRef> rows = rows_.take_marked();
  std::vector<data::BatchRef> errors = errors_.take_marked();
  take();
  rows_.batches = std::move(rows);
  errors_.batches = std::move(errors);
  mark();
}

TableDecoder::TableDecoder(const defs::SourceTableDef& def)
    : def_(def), name_(def.upstream.schema_name + "." + def.upstream.table_name) {
  for (const types::ColumnDesc& column : def_.relation.columns) types_.push_back(column.type.type);
  kinds_ = data::physical_kinds(def_.relation);
}

std::optional<std::string> TableDecoder::bind(const format::PgRelation& relation) {
  std::string altered = "incompatible schema change: source table " + def_.upstream.table_name +
                        " with oid " + std::to_string(def_.upstream.oid) + " has been altered";
  bound_ = false;
  if (relation.schema_name != def_.upstream.schema_name ||
      relation.name != def_.upstream.table_name) {
    return altered;
  }
  tuple_positions_.clear();
  tuple_size_ = relation.columns.size();
  for (size_t i = 0; i < def_.columns.size(); ++i) {
    const defs::UpstreamColumn& wanted = def_.upstream.columns[def_.columns[i]];
    auto found = std::ranges::find(relation.columns, wanted.name, &format::PgRelationColumn::name);
    if (found == relation.columns.end()) return altered;
    bool same_type =
        found->type_oid == wanted.type_oid && found->type_modifier == wanted.type_modifier;
    if (!same_type && !def_.as_text[i]) return altered;
    tuple_positions_.push_back(static_cast<size_t>(found - relation.columns.begin()));
  }
  bound_ = true;
  return std::nullopt;
}

// Appends to column `column` whatever happens, so that the row is whole; the first error is kept.
void TableDecoder::append_value(size_t column, std::optional<std::string_view> text,
                                RowCollector& out, std::string& error) const {
  data::ColumnBuilder& builder = out.builder().column(column);
  if (!text || !error.empty()) {
    if (error.empty() && !def_.relation.columns[column].type.nullable) {
      error = "PG column " + name_ + "." + def_.relation.columns[column].name +
              " contained NULL data, despite having NOT NULL constraint";
    }
    builder.append_null();
    return;
  }
  Status parsed = format::append_parsed(types_[column], *text, builder);
  if (!parsed) {
    error = "failed to cast raw column: " + def_.relation.columns[column].name + " of " + name_ +
            ": " + parsed.error().message;
    builder.append_null();
  }
}

void TableDecoder::end_row(int64_t diff, const std::string& error, RowCollector& out) const {
  out.builder().append_diff(diff);
  if (!error.empty()) out.replace_last_row("Source error: " + error, diff);
  out.row_ended();
}

std::optional<std::string> TableDecoder::append(const format::PgTuple& row,
                                                const format::PgTuple* old, int64_t diff,
                                                RowCollector& out) const {
  CHECK(bound_);
  if (row.size() != tuple_size_ || (old != nullptr && old->size() != tuple_size_)) {
    return "unexpected number of columns in the replication stream";
  }
  // Looked at before anything is appended: this failure is not the row's.
  for (size_t position : tuple_positions_) {
    format::PgValueKind kind = row[position].kind;
    if (kind == format::PgValueKind::kUnchangedToast) {
      kind = old != nullptr ? (*old)[position].kind : kind;
    }
    if (kind == format::PgValueKind::kUnchangedToast) {
      return "TOASTed value missing from old row. Did you forget to set REPLICA IDENTITY to FULL "
             "for your table?";
    }
    if (kind == format::PgValueKind::kBinary) {
      return "unexpected binary data in replication stream";
    }
  }
  std::string error;
  for (size_t i = 0; i < tuple_positions_.size(); ++i) {
    const format::PgValue* value = &row[tuple_positions_[i]];
    if (value->kind == format::PgValueKind::kUnchangedToast) value = &(*old)[tuple_positions_[i]];
    std::optional<std::string_view> text;
    if (value->kind == format::PgValueKind::kText) text = value->bytes;
    append_value(i, text, out, error);
  }
  end_row(diff, error, out);
  return std::nullopt;
}

std::string TableDecoder::column_list() const {
  std::string out;
  for (size_t i = 0; i < def_.columns.size(); ++i) {
    if (i > 0) out += ", ";
    out += connect::quote_identifier(def_.upstream.columns[def_.columns[i]].name);
  }
  return out;
}

void TableDecoder::append_copied(const format::CopyFields& fields, RowCollector& out) const {
  // A table without columns is one empty field.
  if (fields.size() != types_.size() && !types_.empty()) {
    out.append_error("Source error: unexpected number of columns while parsing COPY output", 1);
    return;
  }
  std::string error;
  for (size_t i = 0; i < types_.size(); ++i) append_value(i, fields[i], out, error);
  end_row(1, error, out);
}

std::string definite_error_text(const std::string& reason) {
  return "Source error: source must be dropped and recreated due to failure: " + reason;
}

}  // namespace penstock::sources
