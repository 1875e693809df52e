// The life of a source's thread: connect, copy, stream, and again after a fault.
#include "sources/postgres/postgres_source.h"

#include <algorithm>

#include "base/check.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "data/row_error.h"

namespace penstock::sources {
namespace {

using connect::Lsn;
using connect::PostgresConnection;
using TableState = ChangeAssembler::TableState;

constexpr std::chrono::milliseconds kFirstRetry{100};
constexpr std::chrono::milliseconds kMostRetry{5'000};
// A lost connection is shown as a stall only when it lasts.
constexpr uint64_t kGraceUs = 10'000'000;

std::unexpected<SourceFault> failed(const connect::PostgresError& error) {
  return std::unexpected(fault_of(error));
}
std::unexpected<SourceFault> failed(const Error& error) {
  return std::unexpected(fault_of(error));
}
std::unexpected<SourceFault> failpoint_fault() {
  return std::unexpected(SourceFault{SourceFault::Kind::kTransient, "failpoint"});
}

data::BatchRef error_batch(const std::string& text) {
  const data::PhysicalKind kind = data::PhysicalKind::kBytes;
  data::BatchBuilder builder(std::span(&kind, 1));
  data::RowError error{sql_state::kInternalError, text};
  builder.append_row(std::vector{types::Datum::bytes(error.encode())}, 1);
  return std::make_shared<const data::DeltaBatch>(builder.finish());
}

}  // namespace

PostgresSource::PostgresSource(ObjectId id, defs::PostgresSourceDef def,
                               std::vector<SourceTable> tables, SourceHost& host,
                               const Clock& clock)
    : id_(id),
      def_(std::move(def)),
      host_(host),
      clock_(clock),
      hand_over_(std::make_unique<HandOver>(id, host, stop_, std::nullopt)),
      added_(std::move(tables)),
      assembler_(id, host),
      late_copy_backoff_(kFirstRetry, kMostRetry) {}

PostgresSource::~PostgresSource() {
  stop();
}

Status PostgresSource::start() {
  ASSIGN_OR_RETURN(std::optional<std::string> binding, host_.fact(storage::binding_key(id_.value)));
  std::optional<SourcePosition> position;
  if (binding) {
    position = decode_position(*binding);
    if (!position) {
      return fail(sql_state::kInternalError,
                  "the binding of source " + std::to_string(id_.value) + " cannot be read");
    }
  }
  hand_over_ = std::make_unique<HandOver>(id_, host_, stop_, position);
  if (position) assembler_.restart_at(*position);
  for (const SourceTable& table : added_) {
    ASSIGN_OR_RETURN(std::optional<std::string> ended,
                     host_.fact(ended_table_key(id_, table.collection)));
    TableState state = ended             ? TableState::kEnded
                       : table.published ? TableState::kPublished
                                         : TableState::kLate;
    assembler_.add_table(table.collection, table.def, state);
  }
  added_.clear();
  thread_ = std::thread([this] { run(); });
  return {};
}

void PostgresSource::tell_to_stop() {
  stop_.stop();
}

void PostgresSource::stop() {
  tell_to_stop();
  if (thread_.joinable()) thread_.join();
}

void PostgresSource::add_table(SourceTable table) {
  std::lock_guard lock(mutex_);
  added_.push_back(std::move(table));
}

void PostgresSource::remove_table(CollectionId collection) {
  {
    std::lock_guard lock(mutex_);
    std::erase_if(added_, [&](const SourceTable& table) { return table.collection == collection; });
  }
  hand_over_->forget_table(collection);
}

void PostgresSource::refresh_connection() {
  refresh_.store(true);
}

std::vector<SourceTable> PostgresSource::take_added() {
  std::lock_guard lock(mutex_);
  return std::exchange(added_, {});
}

void PostgresSource::report(SourceState state, const std::string& cause, const std::string& hint) {
  SourceStatus status{state, cause, hint};
  if (status == reported_) return;
  reported_ = status;
  host_.set_status(id_, status);
}

void PostgresSource::report_fault(const SourceFault& fault) {
  uint64_t now = clock_.monotonic_us();
  if (failing_since_us_ == 0) failing_since_us_ = now;
  log_warn("sources", "source interrupted",
           {{"source", std::to_string(id_.value)}, {"cause", fault.cause}});
  bool grace = fault.kind == SourceFault::Kind::kTransient && was_running_ &&
               now - failing_since_us_ < kGraceUs;
  if (grace) return;
  was_running_ = false;
  report(SourceState::kStalled, fault.cause, fault.hint);
}

// True when told to stop. A changed connection ends the wait.
bool PostgresSource::wait_before_retry(std::chrono::milliseconds time) {
  auto until = clock_.monotonic_us() + static_cast<uint64_t>(time.count()) * 1000;
  while (clock_.monotonic_us() < until && !refresh_.load()) {
    if (stop_.wait_for(std::chrono::milliseconds(50))) return true;
  }
  return stop_.stopped();
}

void PostgresSource::run() {
  name_this_thread("source " + std::to_string(id_.value));
  host_.set_status(id_, reported_);
  Backoff backoff(kFirstRetry, kMostRetry);
  while (!stop_.stopped()) {
    refresh_.store(false);
    SourceFault fault = attempt();
    if (stop_.stopped()) break;
    if (fault.kind == SourceFault::Kind::kStopped) continue;  // A new connection is wanted.
    if (failing_since_us_ == 0) backoff.reset();
    report_fault(fault);
    if (wait_before_retry(backoff.next())) break;
  }
  late_copy_.reset();
}

SourceResult<std::unique_ptr<PostgresConnection>> PostgresSource::open(bool replication) {
  auto options = host_.postgres_options(def_.connection);
  if (!options) return failed(options.error());
  options->replication = replication;
  // Of statements beside the stream: a server that does not answer must not hold it up for long.
  if (!replication) options->statement_timeout = std::chrono::seconds(5);
  auto connection = PostgresConnection::connect(*options, stop_);
  if (!connection) return failed(connection.error());
  if (auto prepared = prepare_session(**connection); !prepared) return failed(prepared.error());
  return std::move(*connection);
}

SourceResult<void> PostgresSource::check_identity(PostgresConnection& connection) {
  auto server = identify_server(connection);
  if (!server) return failed(server.error());
  server_ = *server;
  auto fault = identity_fault(connection, def_, server_, hand_over_->handed_over());
  if (!fault) return failed(fault.error());
  if (*fault) {
    return std::unexpected(SourceFault{
        SourceFault::Kind::kUser, **fault,
        "Nothing is ingested until the right server with this source's replication slot is back; "
        "if it is gone for good, drop the source and create it again."});
  }
  return {};
}

SourceFault PostgresSource::attempt() {
  watch_.reset();
  if (std::string pause = host_.ingestion_pause(); !pause.empty()) {
    return {SourceFault::Kind::kUser, pause, "Ingestion goes on by itself when there is room."};
  }
  auto connection = open(true);
  if (!connection) return connection.error();
  if (auto identity = check_identity(**connection); !identity) return identity.error();
  if (auto tables = take_up_tables(); !tables) return tables.error();
  if (!hand_over_->handed_over()) {
    if (auto copied = first_snapshot(**connection); !copied) return copied.error();
  }
  auto streamed = stream(std::move(*connection));
  if (streamed) return {SourceFault::Kind::kStopped, "stopped"};
  if (streamed.error().kind == SourceFault::Kind::kStopped) return streamed.error();
  return explain_stream_end(streamed.error());
}

// Tables added or removed since the last time. One that is added while there is no binding yet is
// part of the first snapshot, otherwise it is copied beside the stream.
SourceResult<void> PostgresSource::take_up_tables() {
  for (CollectionId collection : hand_over_->take_forgotten()) {
    assembler_.remove_table(collection);
  }
  for (SourceTable& table : take_added()) {
    auto ended = host_.fact(ended_table_key(id_, table.collection));
    if (!ended) return failed(ended.error());
    TableState state = *ended            ? TableState::kEnded
                       : table.published ? TableState::kPublished
                                         : TableState::kLate;
    assembler_.add_table(table.collection, table.def, state);
    late_copy_after_us_ = 0;
  }
  return {};
}

CopyProgress PostgresSource::progress_counter() {
  return [this](CollectionId table, uint64_t rows, std::optional<uint64_t> estimate) {
    hand_over_->count_copied(table, rows, estimate);
  };
}

SourceResult<void> PostgresSource::first_snapshot(PostgresConnection& connection) {
  report(SourceState::kRunning, "", "");
  // One that an interrupted attempt left behind.
  auto dropped = connection.query(
      "SELECT pg_catalog.pg_drop_replication_slot(slot_name)"
      " FROM pg_catalog.pg_replication_slots WHERE slot_name = " +
      connect::quote_literal(def_.slot_name));
  if (!dropped) return failed(dropped.error());
  auto point = begin_at_slot(connection, def_.slot_name, false);
  if (!point) return std::unexpected(point.error());
  if (failpoint("source.after_slot")) return failpoint_fault();
  std::vector<CopyJob> jobs;
  for (const ChangeAssembler::LateTable& table : assembler_.late_tables()) {
    hand_over_->restart_copied(table.collection);
    jobs.push_back({table.collection, table.generation, table.decoder->def()});
  }
  auto copied = copy_tables(connection, def_.publication, jobs, host_, progress_counter());
  if (!copied) return std::unexpected(copied.error());
  return publish_first(std::move(*copied), *point);
}

// Everything copied, with the binding, in one tick (rule P1).
SourceResult<void> PostgresSource::publish_first(std::vector<CopiedTable> tables, Lsn point) {
  if (failpoint("source.before_publish")) {
    for (const CopiedTable& table : tables) static_cast<void>(host_.discard(table.parts));
    return failpoint_fault();
  }
  SourcePosition position{point, server_.timeline};
  ChangeAssembler::Taken taken;
  taken.input.bindings.push_back({id_, encode_position(position)});
  for (CopiedTable& table : tables) {
    taken.input.publish.push_back(table.collection);
    taken.published.push_back(table.collection);
    if (!table.ended.empty()) {
      taken.input.collections.push_back(
          {table.collection, {}, {error_batch(definite_error_text(table.ended))}});
      taken.input.changes.meta.push_back({ended_table_key(id_, table.collection), table.ended});
    } else {
      taken.updates_of.emplace_back(table.collection, 0);
      taken.input.staged.push_back(std::move(table.parts));
    }
  }
  for (const CopiedTable& table : tables) {
    TableState state = table.ended.empty() ? TableState::kPublished : TableState::kEnded;
    assembler_.set_state(table.collection, state);
  }
  assembler_.restart_at(position);
  return hand_over_->submit(std::move(taken), position, [] { return SourceResult<void>(); });
}

}  // namespace penstock::sources
