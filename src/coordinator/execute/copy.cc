// COPY t FROM STDIN and COPY (SELECT ...) TO STDOUT, in text and CSV.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/check.h"
#include "coordinator/execute/execute.h"
#include "expr/evaluator.h"
#include "format/pg/pg_binary.h"
#include "format/pg/pg_copy.h"
#include "format/pg/pg_text.h"
#include "sql/ddl/option_reader.h"
#include "types/text_io.h"

namespace penstock::coordinator {
namespace {

constexpr size_t kMaxRowBytes = 128 << 20;
constexpr size_t kOutChunkBytes = 256 << 10;

Result<char> one_byte(const sql::OptionReader& options, const char* name, char otherwise) {
  ASSIGN_OR_RETURN(std::optional<std::string> given, options.text(name));
  if (!given) return otherwise;
  if (given->size() != 1) {
    return fail(sql_state::kInvalidParameterValue,
                fmt::format("COPY {} must be a single one-byte character", name));
  }
  return given->front();
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Result<format::CopyOptions> copy_options(const std::vector<sql::Option>& list, bool reading) {
  sql::OptionReader options(list);
  RETURN_IF_ERROR(options.check_unique());
  std::vector<std::string> others =
      options.others({"FORMAT", "DELIMITER", "NULL", "QUOTE", "ESCAPE", "HEADER"});
  if (!others.empty()) {
    return fail(sql_state::kFeatureNotSupported,
                fmt::format("COPY option {} not yet supported", others.front()));
  }
  ASSIGN_OR_RETURN(std::optional<std::string> given, options.text("FORMAT"));
  std::string name = lower(given.value_or("text"));
  format::CopyOptions out;
  if (name == "csv") {
    out = format::CopyOptions::csv();
  } else if (name == "binary" && !reading) {
    out.format = format::CopyFormat::kBinary;
  } else if (name != "text") {
    return fail(sql_state::kInvalidParameterValue, "unknown FORMAT: " + name);
  }
  if (!reading) {
    for (const char* option : {"DELIMITER", "NULL", "QUOTE", "ESCAPE", "HEADER"}) {
      if (options.has(option)) {
        return fail(sql_state::kFeatureNotSupported,
                    fmt::format("COPY TO does not support {} option yet", option));
      }
    }
    return out;
  }
  for (const char* option : {"QUOTE", "ESCAPE", "HEADER"}) {
    if (options.has(option) && out.format != format::CopyFormat::kCsv) {
      return fail(sql_state::kInvalidParameterValue,
                  fmt::format("COPY {} available only in CSV mode", option));
    }
  }
  ASSIGN_OR_RETURN(out.delimiter, one_byte(options, "DELIMITER", out.delimiter));
  ASSIGN_OR_RETURN(out.quote, one_byte(options, "QUOTE", out.quote));
  ASSIGN_OR_RETURN(out.escape, one_byte(options, "ESCAPE", out.quote));
  ASSIGN_OR_RETURN(std::optional<std::string> null_text, options.text("NULL"));
  if (null_text) out.null_text = *null_text;
  ASSIGN_OR_RETURN(std::optional<bool> header, options.boolean("HEADER"));
  out.header = header.value_or(false);
  return out;
}

// Rows of a COPY FROM STDIN on their way into the transaction. Up to a limit they stay in memory;
// beyond it they are staged on disk, invisible until the transaction's tick publishes them.
class TableCopy final : public CopySink {
 public:
  TableCopy(Session& session, sql::CopyPlan plan, const format::CopyOptions& options)
      : session_(session),
        plan_(std::move(plan)),
        reader_(options, kMaxRowBytes),
        builder_(data::physical_kinds(*plan_.table->relation)) {}

  void write(std::string bytes, Done<Nothing> done) override {
    reader_.feed(bytes);
    Status taken = take_rows();
    if (!taken) return done(std::unexpected(taken.error()));
    done(Nothing{});
  }

  void finish(Done<std::string> done) override {
    reader_.end();
    Status taken = take_rows();
    if (taken) taken = flush();
    if (taken && staging_) taken = finish_staging();
    if (taken) taken = session_.add_rows(table(), std::move(batches_));
    if (!taken) return done(std::unexpected(taken.error()));
    done(fmt::format("COPY {}", rows_));
  }

 private:
  CollectionId table() const { return CollectionId{plan_.table->id.value}; }

  Status take_rows() {
    while (true) {
      ASSIGN_OR_RETURN(const format::CopyFields* fields, reader_.next());
      if (fields == nullptr) return {};
      RETURN_IF_ERROR(take_row(*fields));
      if (builder_.full()) RETURN_IF_ERROR(flush());
    }
  }

  std::unexpected<Error> bad_row(Error error) const {
    error.detail += fmt::format("{}Row {} of the copied data.", error.detail.empty() ? "" : " ",
                                reader_.row_number());
    return fail(std::move(error));
  }

  Status take_row(const format::CopyFields& fields) {
    const std::vector<types::ColumnDesc>& columns = plan_.table->relation->columns;
    if (fields.size() < plan_.columns.size()) {
      const std::string& missing = columns[plan_.columns[fields.size()]].name;
      return bad_row(Error(sql_state::kBadCopyFileFormat,
                           fmt::format("missing data for column \"{}\"", missing)));
    }
    if (fields.size() > plan_.columns.size()) {
      return bad_row(Error(sql_state::kBadCopyFileFormat, "extra data after last expected column"));
    }
    std::vector<types::Datum> row(columns.size());
    std::vector<bool> given(columns.size());
    for (size_t i = 0; i < fields.size(); ++i) {
      size_t column = plan_.columns[i];
      given[column] = true;
      if (!fields[i]) continue;
      Status valid = format::check_utf8(*fields[i]);
      if (!valid) return bad_row(valid.error());
      Result<types::Datum> value = types::parse_text(columns[column].type.type, *fields[i]);
      if (!value) return bad_row(value.error());
      row[column] = std::move(*value);
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      if (given[i] || !plan_.defaults[i]) continue;
      Result<types::Datum> value = expr::evaluate_row(plan_.defaults[i], {});
      if (!value) return bad_row(value.error());
      row[i] = std::move(*value);
    }
    builder_.append_row(row, 1);
    ++rows_;
    return {};
  }

  Status flush() {
    if (builder_.empty()) return {};
    auto batch = std::make_shared<const data::DeltaBatch>(builder_.finish());
    RETURN_IF_ERROR(check_not_null(*plan_.table, *batch));
    bytes_ += batch->memory_bytes();
    if (!staging_ && bytes_ <= storage::kStageBytes) {
      batches_.push_back(std::move(batch));
      return {};
    }
    if (!staging_) {
      ASSIGN_OR_RETURN(staging_, session_.services().storage.stage(table()));
      for (const data::BatchRef& waiting : batches_) RETURN_IF_ERROR(staging_->append(*waiting));
      batches_.clear();
    }
    return staging_->append(*batch);
  }

  Status finish_staging() {
    ASSIGN_OR_RETURN(storage::StagedParts parts, staging_->finish());
    session_.transaction().add_staged(std::move(parts));
    return {};
  }

  Session& session_;
  sql::CopyPlan plan_;
  format::CopyReader reader_;
  data::BatchBuilder builder_;
  std::vector<data::BatchRef> batches_;
  std::unique_ptr<storage::StagingWriter> staging_;
  size_t bytes_ = 0;
  uint64_t rows_ = 0;
};

Result<ExecuteResponse> copy_in(Session& session, const sql::CopyTable& target,
                                const format::CopyOptions& options) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context = session.plan_context(*catalog, view.statement, nullptr);
  ASSIGN_OR_RETURN(sql::CopyPlan plan, sql::plan_copy_from(target, context));
  RETURN_IF_ERROR(session.transaction().enter(Flavour::kWrite));
  CopyInResult result;
  result.num_columns = plan.columns.size();
  result.sink = std::make_unique<TableCopy>(session, std::move(plan), options);
  return result;
}

// Encodes rows that are already here, a few hundred KiB at a time.
struct OutgoingCopy {
  QueryRows rows;
  std::vector<types::SqlType> types;
  std::vector<std::string> names;
  format::CopyOptions options;
  size_t batch = 0;
  size_t row = 0;
  bool begun = false;
  bool ended = false;

  std::string next() {
    std::string out;
    if (!begun) format::append_copy_header(options, names, out);
    begun = true;
    while (batch < rows.batches.size() && out.size() < kOutChunkBytes) {
      const data::DeltaBatch& current = *rows.batches[batch];
      if (row == current.size()) {
        ++batch;
        row = 0;
        continue;
      }
      for (int64_t i = 0; i < current.diff(row); ++i) {
        format::append_copy_row(options, types, current, row, out);
      }
      ++row;
    }
    if (out.size() < kOutChunkBytes && !ended && batch == rows.batches.size()) {
      format::append_copy_trailer(options, out);
      ended = true;
    }
    return out;
  }
};

Result<ExecuteResponse> copy_out(Session& session, const sql::Query& query,
                                 const format::CopyOptions& options, const Parameters& parameters) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context = session.plan_context(*catalog, view.statement, &parameters);
  ASSIGN_OR_RETURN(sql::QueryPlan plan, sql::plan_select(query, context));
  for (const types::ColumnDesc& column : plan.relation.columns) {
    if (options.format != format::CopyFormat::kBinary) break;
    RETURN_IF_ERROR(format::check_binary_output(column.type.type));
  }
  RETURN_IF_ERROR(session.transaction().enter(Flavour::kRead));
  auto outgoing = std::make_shared<OutgoingCopy>();
  ASSIGN_OR_RETURN(outgoing->rows, run_query(session, *catalog, plan, true));
  for (const types::ColumnDesc& column : plan.relation.columns) {
    outgoing->types.push_back(column.type.type);
    outgoing->names.push_back(column.name);
  }
  outgoing->options = options;
  CopyOutResult result;
  result.num_columns = plan.relation.columns.size();
  result.binary = options.format == format::CopyFormat::kBinary;
  result.next = [outgoing](Done<std::string> done) { done(outgoing->next()); };
  return result;
}

}  // namespace

Result<ExecuteResponse> execute_copy(Session& session, const sql::CopyStatement& statement,
                                     const Parameters& parameters) {
  bool reading = statement.direction == sql::CopyDirection::kFromStdin;
  if (!reading && statement.direction != sql::CopyDirection::kToStdout) {
    return fail(sql_state::kFeatureNotSupported, "COPY from and to URLs not yet supported");
  }
  ASSIGN_OR_RETURN(format::CopyOptions options, copy_options(statement.options, reading));
  if (const auto* target = std::get_if<sql::CopyTable>(&statement.relation)) {
    if (reading) return copy_in(session, *target, options);
    return fail(Error(sql_state::kFeatureNotSupported, "named with COPY TO STDOUT unsupported")
                    .with_hint("Use COPY (SELECT ...) TO STDOUT."));
  }
  const auto* select = std::get_if<sql::SelectStatement>(&statement.relation);
  if (select == nullptr)
    return fail(sql_state::kFeatureNotSupported, "SUBSCRIBE not yet supported");
  return copy_out(session, select->query, options, parameters);
}

}  // namespace penstock::coordinator
