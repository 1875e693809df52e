// Rows of one ingested table: from replication tuples or COPY fields into batches.
//
// A row that cannot be read is an error of the table instead, with the row's diff: both are pure
// functions of the row, so that deleting the row upstream takes the error away again.
// Owned by one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/delta_batch.h"
#include "defs/source_def.h"
#include "format/pg/pg_copy.h"
#include "format/pg/pgoutput.h"

namespace penstock::sources {

struct CollectedRows {
  std::vector<data::BatchRef> rows;
  std::vector<data::BatchRef> errors;
  size_t updates = 0;
  size_t size_bytes = 0;

  bool empty() const { return rows.empty() && errors.empty(); }
  void append(CollectedRows&& more);
};

// Collects rows and errors of one table as batches of chunk size. What belongs to finished
// transactions is marked; what came since can still be taken apart or dropped.
class RowCollector {
 public:
  explicit RowCollector(std::vector<data::PhysicalKind> kinds);

  data::BatchBuilder& builder() { return rows_.builder; }
  // To be called after every row in the builder.
  void row_ended() {
    if (rows_.builder.full()) rows_.close();
  }
  // The row last appended to the builder is no row but an error.
  void replace_last_row(const std::string& error, int64_t diff);
  void append_error(const std::string& error, int64_t diff);

  void mark();
  CollectedRows take_marked();
  CollectedRows take();
  void drop_unmarked();

 private:
  struct Part {
    explicit Part(std::vector<data::PhysicalKind> kinds);
    void close();
    void mark();
    std::vector<data::BatchRef> take_marked();

    data::BatchBuilder builder;
    std::vector<uint32_t> not_rows;  // Positions in the builder.
    std::vector<data::BatchRef> batches;
    size_t marked_batches = 0;
    size_t marked_rows = 0;  // Of the builder, if all batches are marked.
  };
  static CollectedRows make_taken(std::vector<data::BatchRef> rows,
                                  std::vector<data::BatchRef> errors);

  Part rows_;
  Part errors_;
};

class TableDecoder {
 public:
  explicit TableDecoder(const defs::SourceTableDef& def);

  const defs::SourceTableDef& def() const { return def_; }
  // schema.table
  const std::string& name() const { return name_; }
  RowCollector make_collector() const { return RowCollector(kinds_); }

  // Finds the columns in what the stream says the table looks like now. The reason when it no
  // longer fits; rows may be appended only after it fitted.
  std::optional<std::string> bind(const format::PgRelation& relation);
  bool is_bound() const { return bound_; }
  void unbind() { bound_ = false; }

  // `old` gives the values that `row` leaves out because they did not change; may be null.
  // The reason when the stream lacks what REPLICA IDENTITY FULL would have sent.
  std::optional<std::string> append(const format::PgTuple& row, const format::PgTuple* old,
                                    int64_t diff, RowCollector& out) const;

  // SELECT list of the snapshot's COPY.
  std::string column_list() const;
  // A row of that COPY, inserted.
  void append_copied(const format::CopyFields& fields, RowCollector& out) const;

 private:
  void append_value(size_t column, std::optional<std::string_view> text, RowCollector& out,
                    std::string& error) const;
  void end_row(int64_t diff, const std::string& error, RowCollector& out) const;

  defs::SourceTableDef def_;
  std::string name_;
  std::vector<types::SqlType> types_;
  std::vector<data::PhysicalKind> kinds_;
  std::vector<size_t> tuple_positions_;  // Of each column, in the stream's tuples.
  size_t tuple_size_ = 0;
  bool bound_ = false;
};

// "Source error: source must be dropped and recreated due to failure: REASON"
std::string definite_error_text(const std::string& reason);

}  // namespace penstock::sources
