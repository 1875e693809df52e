// PostgresSource while it streams: turns of the pump, tables that come later, validation, and what
// to make of the stream's end.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "sources/postgres/postgres_source.h"

namespace penstock::sources {
namespace {

using connect::Lsn;
using connect::PostgresConnection;

constexpr uint64_t kValidateUs = 15'000'000;
constexpr std::chrono::microseconds kIdleWait{100'000};
constexpr std::chrono::microseconds kCopyWait{10'000};

std::unexpected<SourceFault> failed(const connect::PostgresError& error) {
  return std::unexpected(fault_of(error));
}
std::unexpected<SourceFault> failed(const Error& error) {
  return std::unexpected(fault_of(error));
}

// How far the server's log goes now.
SourceResult<Lsn> log_end(PostgresConnection& connection) {
  auto end = connection.query(
      "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()"
      " ELSE pg_catalog.pg_current_wal_lsn() END");
  if (!end) return failed(end.error());
  std::optional<Lsn> lsn = connect::parse_lsn(end->rows[0][0].value_or(""));
  if (lsn) return *lsn;
  return std::unexpected(SourceFault{SourceFault::Kind::kTransient, "no end of the log"});
}

}  // namespace

SourceResult<void> PostgresSource::stream(std::unique_ptr<PostgresConnection> connection) {
  SourcePosition position = *hand_over_->handed_over();
  // The stream tells the server its start as flushed: it must be (rule P3).
  if (auto waited = wait_durable(position.lsn); !waited) return waited;
  position.timeline = server_.timeline;
  assembler_.restart_at(position);
  connect::ReplicationOptions options;
  options.slot = def_.slot_name;
  options.publication = def_.publication;
  options.start = position.lsn;
  options.feedback_interval = std::chrono::milliseconds(1000);
  auto started = connect::ReplicationStream::start(std::move(connection), options);
  if (!started) return failed(started.error());
  SlotChangeStream changes(std::move(*started));
  ChangePump pump(changes, assembler_, *hand_over_, clock_, stop_);
  report_streaming();
  was_running_ = true;
  failing_since_us_ = 0;
  validate_after_us_ = clock_.monotonic_us();
  while (!stop_.stopped() && !refresh_.load()) {
    if (auto turned = stream_turn(pump); !turned) {
      // What is whole goes on its way before the stream is begun again.
      bool gone = turned.error().kind == SourceFault::Kind::kStopped;
      if (!gone) {
        if (auto rest = hand_over_rest(); !rest) return rest;
      }
      return turned;
    }
  }
  // A stream that begins again, begins behind what was handed over.
  return stop_.stopped() ? SourceResult<void>() : hand_over_rest();
}

// A table that cannot be copied waits for somebody, though the others are followed.
void PostgresSource::report_streaming() {
  if (!late_copy_fault_) return report(SourceState::kRunning, "", "");
  report(SourceState::kStalled, "a table cannot be copied: " + late_copy_fault_->cause,
         late_copy_fault_->hint);
}

SourceResult<void> PostgresSource::stream_turn(ChangePump& pump) {
  if (auto tables = take_up_tables(); !tables) return tables;
  if (auto tended = tend_late_copy(); !tended) return tended;
  if (clock_.monotonic_us() >= validate_after_us_) {
    validate_after_us_ = clock_.monotonic_us() + kValidateUs;
    if (auto validated = validate_tables(); !validated) {
      if (stop_.stopped()) return validated;
      // The stream goes on; the next time may do better.
      log_warn("sources", "tables of a source could not be validated",
               {{"source", std::to_string(id_.value)}, {"cause", validated.error().cause}});
      watch_.reset();
    }
  }
  if (std::string pause = host_.ingestion_pause(); !pause.empty()) {
    return std::unexpected(SourceFault{SourceFault::Kind::kUser, pause,
                                       "Ingestion goes on by itself when there is room."});
  }
  return pump.turn(late_copy_ ? kCopyWait : kIdleWait);
}

// All that is finished, and the position: a late table has what it keeps apart up to there, and
// would have it twice if the server sent it again.
SourceResult<void> PostgresSource::hand_over_rest() {
  auto taken = assembler_.take();
  if (!taken) return failed(taken.error());
  if (!*taken) {
    if (hand_over_->handed_over() == assembler_.position()) return {};
    *taken = assembler_.take_position();
  }
  return hand_over_->submit(std::move(**taken), assembler_.position(),
                            [] { return SourceResult<void>(); });
}

// Starts the copy of tables that wait for one, and takes in what it has done (rule P2).
SourceResult<void> PostgresSource::tend_late_copy() {
  if (!late_copy_) {
    std::vector<CopyJob> jobs;
    if (clock_.monotonic_us() < late_copy_after_us_) return {};
    for (const ChangeAssembler::LateTable& table : assembler_.late_tables()) {
      hand_over_->restart_copied(table.collection);
      jobs.push_back({table.collection, table.generation, table.decoder->def()});
    }
    if (jobs.empty()) {
      // Those that could not be copied were dropped.
      if (std::exchange(late_copy_fault_, std::nullopt)) report_streaming();
      return {};
    }
    late_copy_ = std::make_unique<LateCopy>(id_, def_, std::move(jobs), host_, progress_counter());
    return {};
  }
  if (std::optional<Lsn> point = late_copy_->point()) {
    for (const CopyJob& job : late_copy_->jobs()) {
      assembler_.set_copy_point(job.collection, job.generation, *point);
    }
  }
  auto outcome = late_copy_->take_outcome();
  if (!outcome) return {};
  late_copy_.reset();
  if (*outcome) {
    late_copy_backoff_.reset();
    if (std::exchange(late_copy_fault_, std::nullopt)) report_streaming();
    return finish_late_copy(std::move(**outcome));
  }
  const SourceFault& fault = outcome->error();
  log_warn("sources", "copy of a table interrupted",
           {{"source", std::to_string(id_.value)}, {"cause", fault.cause}});
  if (fault.kind == SourceFault::Kind::kUser) {
    late_copy_fault_ = fault;
    report_streaming();
  }
  auto wait = late_copy_backoff_.next();
  late_copy_after_us_ = clock_.monotonic_us() + static_cast<uint64_t>(wait.count()) * 1000;
  return {};
}

SourceResult<void> PostgresSource::finish_late_copy(std::vector<CopiedTable> tables) {
  for (CopiedTable& table : tables) {
    if (!table.ended.empty()) {
      assembler_.fail_table(table.collection, table.ended, assembler_.position().lsn);
      continue;
    }
    auto taken = assembler_.finish_copy(table.collection, table.generation, std::move(table.parts));
    if (!taken) return failed(taken.error());
  }
  return {};
}

// What the stream does not tell: tables dropped or taken out of the publication, constraints and
// columns that are no longer what was promised. Hits at the server's present position, so that
// everything before is ingested first.
SourceResult<void> PostgresSource::validate_tables() {
  if (!watch_) {
    auto opened = open(false);
    if (!opened) return std::unexpected(opened.error());
    watch_ = std::move(*opened);
  }
  auto actions = published_actions(*watch_, def_.publication);
  if (!actions) return failed(actions.error());
  auto published = list_published_tables(*watch_, def_.publication);
  if (!published) return failed(published.error());
  auto end = log_end(*watch_);
  if (!end) return std::unexpected(end.error());
  Lsn now = *end;
  hand_over_->note_server_end(now);
  if (!*actions) {
    assembler_.fail_all_tables("publication \"" + def_.publication + "\" does not exist", now);
  } else if (auto missing = missing_actions(**actions, def_.publication)) {
    assembler_.fail_all_tables(*missing, now);
  }
  for (const auto& [collection, def] : assembler_.live_tables()) {
    auto found = std::ranges::find_if(*published, [&](const PublishedTable& table) {
      return table.table.oid == def->upstream.oid;
    });
    const PublishedTable* table = found == published->end() ? nullptr : &*found;
    if (table == nullptr) {
      auto still = watch_->query("SELECT 1 FROM pg_catalog.pg_class WHERE oid = " +
                                 std::to_string(def->upstream.oid));
      if (!still) return failed(still.error());
      if (still->rows.empty()) {
        assembler_.fail_table(collection, "table was dropped", now);
        continue;
      }
    }
    if (auto reason = incompatibility(*def, table, def_.publication)) {
      assembler_.fail_table(collection, *reason, now);
    }
  }
  // An idle server says nothing more that would show that it is reached.
  if (!assembler_.in_transaction()) assembler_.advance(assembler_.position().lsn);
  return {};
}

// A stream that ends because its publication is gone, or was gone at that place, ends its tables:
// the changes behind it cannot be decoded. Anything else is passed on.
SourceFault PostgresSource::explain_stream_end(const SourceFault& fault) {
  bool publication = fault.cause.find("publication \"") != std::string::npos &&
                     fault.cause.find("does not exist") != std::string::npos;
  if (!publication) return fault;
  if (auto left = leave_dead_stream(); !left) return left.error();
  return {SourceFault::Kind::kUser, "publication \"" + def_.publication + "\" does not exist",
          "Create it again, then drop and create again the tables of this source."};
}

SourceResult<void> PostgresSource::wait_durable(Lsn lsn) {
  while (hand_over_->durable() < lsn) {
    if (stop_.wait_for(std::chrono::milliseconds(1))) {
      return std::unexpected(SourceFault{SourceFault::Kind::kStopped, "stopped"});
    }
  }
  return {};
}

// Goes on at the server's present end, and moves the slot there, so that what cannot be decoded is
// not met again and the server need not keep its log.
SourceResult<void> PostgresSource::leave_dead_stream() {
  auto connection = open(false);
  if (!connection) return std::unexpected(connection.error());
  auto end = log_end(**connection);
  if (!end) return std::unexpected(end.error());
  assembler_.restart_at(assembler_.position());
  assembler_.skip_to(*end, "publication \"" + def_.publication + "\" does not exist");
  if (auto rest = hand_over_rest(); !rest) return rest;
  Lsn reached = assembler_.position().lsn;
  if (auto waited = wait_durable(reached); !waited) return waited;
  auto moved = (*connection)
                   ->query("SELECT pg_catalog.pg_replication_slot_advance(" +
                           connect::quote_literal(def_.slot_name) + ", " +
                           connect::quote_literal(connect::to_text(reached)) + ")");
  if (!moved) return failed(moved.error());
  return {};
}

}  // namespace penstock::sources
