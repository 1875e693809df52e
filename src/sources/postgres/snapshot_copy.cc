// Copying tables inside the snapshot of a replication slot.
#include "sources/postgres/snapshot_copy.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/rng.h"
#include "format/pg/pg_copy.h"
#include "sources/postgres/postgres_describe.h"
#include "sources/postgres/table_decoder.h"

namespace penstock::sources {
namespace {

using connect::Lsn;
using connect::PostgresConnection;
using connect::quote_identifier;
using connect::quote_literal;

std::unexpected<SourceFault> failed(const connect::PostgresError& error) {
  return std::unexpected(fault_of(error));
}
std::unexpected<SourceFault> failed(const Error& error) {
  return std::unexpected(fault_of(error));
}

// How the table is to be read: whole or without its children, through the publication's filter.
struct TableFacts {
  bool partitioned = false;
  std::string filter;
  std::optional<uint64_t> estimate;
};

SourceResult<TableFacts> read_facts(PostgresConnection& connection, const std::string& publication,
                                    const defs::UpstreamTable& table) {
  std::string filter = connection.server_version() >= 150000 ? "p.rowfilter" : "NULL";
  auto rows = connection.query(
      "SELECT c.relkind = 'p', c.reltuples::bigint, " + filter +
      " FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_publication_tables p ON p.pubname = " +
      quote_literal(publication) + " AND p.schemaname = " + quote_literal(table.schema_name) +
      " AND p.tablename = c.relname WHERE c.oid = " + std::to_string(table.oid));
  if (!rows) return failed(rows.error());
  TableFacts facts;
  if (rows->rows.empty()) return facts;
  const auto& row = rows->rows[0];
  facts.partitioned = row[0] == "t";
  facts.filter = row[2].value_or("");
  std::string tuples = row[1].value_or("-1");
  uint64_t estimate = 0;
  std::from_chars_result read =
      std::from_chars(tuples.data(), tuples.data() + tuples.size(), estimate);
  if (read.ec == std::errc()) facts.estimate = estimate;
  return facts;
}

std::string copy_sql(const TableDecoder& decoder, const TableFacts& facts) {
  const defs::UpstreamTable& table = decoder.def().upstream;
  std::string sql = "COPY (SELECT " + decoder.column_list() + " FROM ";
  if (!facts.partitioned) sql += "ONLY ";
  sql += quote_identifier(table.schema_name) + "." + quote_identifier(table.table_name);
  if (!facts.filter.empty()) sql += " WHERE " + facts.filter;
  return sql + ") TO STDOUT";
}

SourceResult<void> stage(RowCollector& collector, storage::StagingWriter& writer,
                         CollectionId collection, const CopyProgress& progress) {
  if (failpoint("source.snapshot_part")) {
    return std::unexpected(SourceFault{SourceFault::Kind::kTransient, "failpoint"});
  }
  CollectedRows taken = collector.take();
  for (const data::BatchRef& batch : taken.rows) {
    if (Status appended = writer.append(*batch); !appended) return failed(appended.error());
  }
  for (const data::BatchRef& batch : taken.errors) {
    if (Status appended = writer.append_errors(*batch); !appended) {
      return failed(appended.error());
    }
  }
  progress(collection, taken.updates, std::nullopt);
  return {};
}

SourceResult<storage::StagedParts> copy_table(PostgresConnection& connection,
                                              const std::string& publication, const CopyJob& job,
                                              SourceHost& host, const CopyProgress& progress) {
  TableDecoder decoder(job.def);
  auto facts = read_facts(connection, publication, job.def.upstream);
  if (!facts) return std::unexpected(facts.error());
  progress(job.collection, 0, facts->estimate);
  auto writer = host.stage(job.collection);
  if (!writer) return failed(writer.error());
  auto started = connection.start_copy_out(copy_sql(decoder, *facts));
  if (!started) return failed(started.error());
  format::CopyLineSplitter splitter(format::CopyOptions::text());
  RowCollector collector = decoder.make_collector();
  while (true) {
    auto piece = connection.next_copy_piece();
    if (!piece) return failed(piece.error());
    if (!*piece) break;
    std::string_view line = **piece;
    if (line.ends_with('\n')) line.remove_suffix(1);
    decoder.append_copied(splitter.split(line), collector);
    if (collector.builder().empty()) {
      if (auto staged = stage(collector, **writer, job.collection, progress); !staged) {
        return std::unexpected(staged.error());
      }
    }
  }
  if (auto staged = stage(collector, **writer, job.collection, progress); !staged) {
    return std::unexpected(staged.error());
  }
  auto parts = (*writer)->finish();
  if (!parts) return failed(parts.error());
  return std::move(*parts);
}

SourceResult<std::vector<CopiedTable>> copy_each(PostgresConnection& connection,
                                                 const std::string& publication,
                                                 const std::vector<CopyJob>& jobs, SourceHost& host,
                                                 const CopyProgress& progress,
                                                 std::vector<CopiedTable>& out) {
  // What the tables are inside the snapshot: one that no longer fits is not copied.
  auto published = list_published_tables(connection, publication);
  if (!published) return failed(published.error());
  for (const CopyJob& job : jobs) {
    const PublishedTable* now = nullptr;
    for (const PublishedTable& table : *published) {
      if (table.table.oid == job.def.upstream.oid) now = &table;
    }
    CopiedTable copied{job.collection, job.generation, {}, ""};
    if (std::optional<std::string> reason = incompatibility(job.def, now, publication)) {
      copied.ended = *reason;
    } else {
      auto parts = copy_table(connection, publication, job, host, progress);
      if (!parts) return std::unexpected(parts.error());
      copied.parts = std::move(*parts);
    }
    out.push_back(std::move(copied));
  }
  auto committed = connection.query("COMMIT");
  if (!committed) return failed(committed.error());
  return std::move(out);
}

}  // namespace

SourceResult<Lsn> begin_at_slot(PostgresConnection& replication, const std::string& slot,
                                bool temporary) {
  auto begun = replication.query("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ");
  if (!begun) return failed(begun.error());
  auto made = replication.query("CREATE_REPLICATION_SLOT " + quote_identifier(slot) +
                                (temporary ? " TEMPORARY" : "") + " LOGICAL pgoutput USE_SNAPSHOT");
  if (!made) return failed(made.error());
  std::optional<Lsn> point;
  if (!made->rows.empty() && made->rows[0].size() > 1) {
    point = connect::parse_lsn(made->rows[0][1].value_or(""));
  }
  if (!point) {
    return std::unexpected(
        SourceFault{SourceFault::Kind::kTransient, "the server did not say where the slot begins"});
  }
  return *point;
}

SourceResult<std::vector<CopiedTable>> copy_tables(PostgresConnection& replication,
                                                   const std::string& publication,
                                                   const std::vector<CopyJob>& jobs,
                                                   SourceHost& host, const CopyProgress& progress) {
  std::vector<CopiedTable> done;
  auto copied = copy_each(replication, publication, jobs, host, progress, done);
  if (!copied) {
    // What cannot be discarded now is discarded when the process starts again.
    for (const CopiedTable& table : done) static_cast<void>(host.discard(table.parts));
  }
  return copied;
}

LateCopy::LateCopy(ObjectId source, const defs::PostgresSourceDef& def, std::vector<CopyJob> jobs,
                   SourceHost& host, CopyProgress progress)
    : source_(source),
      def_(def),
      jobs_(std::move(jobs)),
      host_(host),
      progress_(std::move(progress)),
      thread_([this] { run(); }) {}

LateCopy::~LateCopy() {
  stop_.stop();
  thread_.join();
  if (outcome_ && *outcome_) {
    for (const CopiedTable& table : **outcome_) static_cast<void>(host_.discard(table.parts));
  }
}

std::optional<Lsn> LateCopy::point() const {
  uint64_t value = point_.load();
  if (value == 0) return std::nullopt;
  return Lsn{value};
}

std::optional<SourceResult<std::vector<CopiedTable>>> LateCopy::take_outcome() {
  std::lock_guard lock(mutex_);
  auto out = std::move(outcome_);
  outcome_.reset();
  return out;
}

void LateCopy::run() {
  auto result = copy();
  std::lock_guard lock(mutex_);
  outcome_ = std::move(result);
}

SourceResult<std::vector<CopiedTable>> LateCopy::copy() {
  auto options = host_.postgres_options(def_.connection);
  if (!options) return failed(options.error());
  options->replication = true;
  auto connection = PostgresConnection::connect(*options, stop_);
  if (!connection) return failed(connection.error());
  if (auto prepared = prepare_session(**connection); !prepared) return failed(prepared.error());
  auto server = identify_server(**connection);
  if (!server) return failed(server.error());
  if (server->system_identifier != def_.identity.system_identifier) {
    return std::unexpected(SourceFault{SourceFault::Kind::kUser, "this is another server"});
  }
  // A name of its own for every attempt: the slot of the last one may linger until the server has
  // noticed that its connection is gone. Names have at most 63 characters.
  Rng rng(system_clock().wall_us() ^ source_.value);
  std::string name = def_.slot_name.substr(0, 52) + "_" + std::to_string(rng.below(1'000'000'000));
  auto point = begin_at_slot(**connection, name, true);
  if (!point) return std::unexpected(point.error());
  point_.store(point->value);
  return copy_tables(**connection, def_.publication, jobs_, host_, progress_);
}

}  // namespace penstock::sources
