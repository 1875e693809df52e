// Reads at one time.
#include <chrono>

#include "base/check.h"
#include "data/row_error.h"
#include "dataflow/circuit.h"
#include "engine/catch_up.h"
#include "engine/engine_reads.h"
#include "engine/maintained.h"
#include "engine/tick_feeder.h"

namespace penstock::engine {
namespace {

constexpr std::chrono::milliseconds kWait{20};

std::unexpected<Error> cancelled_error() {
  return fail(sql_state::kQueryCanceled, "canceling statement due to user request");
}
std::unexpected<Error> timeout_error() {
  return fail(sql_state::kQueryCanceled, "canceling statement due to statement timeout");
}

Error skipped_error() {
  return Error(sql_state::kSerializationFailure,
               "a view was built anew and cannot be read at the time of the transaction")
      .with_hint("Retry the transaction.");
}

class Deadline {
 public:
  explicit Deadline(uint64_t timeout_ms)
      : end_(std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms)),
        set_(timeout_ms > 0) {}
  bool passed() const { return set_ && std::chrono::steady_clock::now() >= end_; }
  uint64_t rest_ms() const {
    if (!set_) return 0;
    auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(
        end_ - std::chrono::steady_clock::now());
    return rest.count() > 0 ? static_cast<uint64_t>(rest.count()) : 1;
  }

 private:
  std::chrono::steady_clock::time_point end_;
  bool set_;
};

// Gathers the result, up to its limit.
class PeekSink final : public dataflow::ExportSink {
 public:
  explicit PeekSink(uint64_t max_bytes) : max_bytes_(max_bytes) {}
  void take_rows(CollectionId, const data::BatchRef& rows) override {
    bytes_ += rows->memory_bytes();
    if (bytes_ <= max_bytes_) batches_.push_back(rows);
  }
  void take_errors(CollectionId, const data::BatchRef& errors) override {
    for (size_t i = 0; i < errors->size(); ++i) {
      errors_[std::string(errors->column(0).bytes(i))] += errors->diff(i);
    }
  }

  Result<PeekResult> finish(Timestamp time) {
    for (const auto& [error, weight] : errors_) {
      if (weight == 0) continue;
      data::RowError decoded = data::RowError::decode(error);
      return fail(decoded.state, decoded.message);
    }
    if (bytes_ > max_bytes_) {
      return fail(sql_state::kOutOfMemory,
                  "result exceeds max size of " + std::to_string(max_bytes_) + " bytes");
    }
    PeekResult result;
    result.time = time;
    result.bytes = bytes_;
    // A large result comes in parts that may cancel each other.
    result.batches =
        data::consolidate(batches_, data::ConsolidatedOrder::kFirstSeen, data::HashMode::kNormal);
    for (const data::BatchRef& batch : result.batches) {
      for (int64_t diff : batch->diffs()) {
        if (diff < 0) {
          return fail(sql_state::kInternalError,
                      "Invalid data in source, saw retractions for a row that does not exist");
        }
        result.rows += static_cast<uint64_t>(diff);
      }
    }
    return result;
  }

 private:
  const uint64_t max_bytes_;
  uint64_t bytes_ = 0;
  std::vector<data::BatchRef> batches_;
  std::map<std::string, int64_t> errors_;
};

// Errors that a stored collection carries are told as such.
data::BatchRef marked_errors(const data::DeltaBatch& errors) {
  const data::PhysicalKind kind[] = {data::PhysicalKind::kBytes};
  data::BatchBuilder out(kind);
  for (size_t i = 0; i < errors.size(); ++i) {
    data::RowError error = data::RowError::decode(errors.column(0).bytes(i));
    bool marked =
        error.message.find(" error: ") != std::string::npos && error.message.find(" error: ") < 24;
    if (!marked) {
      error = {sql_state::kInternalError, "Evaluation error: " + error.message};
    }
    out.column(0).append_bytes(error.encode());
    out.append_diff(errors.diff(i));
  }
  return std::make_shared<const data::DeltaBatch>(out.finish());
}

Status feed_stored(const storage::CollectionReader& reader, CollectionId collection, Timestamp time,
                   dataflow::Circuit& circuit, const StopToken& cancelled) {
  ASSIGN_OR_RETURN(std::unique_ptr<storage::UnorderedRows> errors,
                   reader.snapshot(collection, storage::Stream::kErrors, time));
  while (true) {
    ASSIGN_OR_RETURN(std::optional<data::BatchRef> batch, errors->next());
    if (!batch) break;
    circuit.feed_errors(collection, *marked_errors(**batch));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<storage::UnorderedRows> rows,
                   reader.snapshot(collection, storage::Stream::kRows, time));
  while (true) {
    ASSIGN_OR_RETURN(std::optional<data::BatchRef> batch, rows->next());
    if (!batch) return {};
    if (cancelled.stopped()) return cancelled_error();
    circuit.feed(collection, **batch);
  }
}

struct Waiter {
  storage::Storage& storage;
  const StopToken& cancelled;
  Deadline deadline;

  Status until(const std::function<bool()>& done) const {
    while (!done()) {
      if (std::optional<Error> failure = storage.failure()) return fail(*failure);
      if (cancelled.stopped()) return cancelled_error();
      if (deadline.passed()) return timeout_error();
    }
    return {};
  }
  Status upper(storage::Timeline timeline, Timestamp time) const {
    return until([&] { return storage.durability().wait_upper(timeline, time, kWait); });
  }
  Status durable(storage::Timeline timeline, Timestamp time) const {
    return until([&] { return storage.durability().wait_durable(timeline, time, kWait); });
  }
};

// The first time from the one asked for on that everything stored offers.
Result<Timestamp> settle_time(storage::Storage& storage, const PeekRequest& request,
                              const std::vector<CollectionId>& imports, const Waiter& waiter) {
  std::set<storage::Timeline> timelines;
  for (CollectionId import : imports) {
    if (request.lookup && import.value == request.lookup->index.value) continue;
    ASSIGN_OR_RETURN(storage::CollectionInfo info, storage.reader().info(import));
    timelines.insert(info.spec.timeline);
  }
  Timestamp time = request.time;
  while (true) {
    for (storage::Timeline timeline : timelines) RETURN_IF_ERROR(waiter.upper(timeline, time));
    Timestamp offered = offered_from(storage.durability(), timelines, time);
    if (offered == time) return time;
    if (request.exact_time) return fail(skipped_error());
    time = offered;
  }
}

}  // namespace

Result<PeekResult> peek(storage::Storage& storage, const PeekRequest& request,
                        const IndexRows* index, const StopToken& cancelled) {
  CHECK_OP(==, request.plan.exports.size(), size_t{1});
  Waiter waiter{storage, cancelled, Deadline(request.timeout_ms)};
  PeekSink sink(request.max_result_bytes);
  dataflow::CircuitOptions options;
  options.gives_up = [&] { return cancelled.stopped() || waiter.deadline.passed(); };
  std::unique_ptr<dataflow::Circuit> circuit =
      dataflow::Circuit::build(request.plan, options, sink);
  ASSIGN_OR_RETURN(Timestamp time, settle_time(storage, request, circuit->imports(), waiter));
  std::vector<storage::Timeline> timelines;
  for (CollectionId import : circuit->imports()) {
    if (request.lookup && import.value == request.lookup->index.value) {
      if (index == nullptr) {
        return fail(sql_state::kObjectNotInState, "the index is not there yet");
      }
      std::optional<IndexRows::Found> found =
          index->lookup(time, request.lookup->keys, cancelled, waiter.deadline.rest_ms());
      if (!found) return cancelled.stopped() ? cancelled_error() : timeout_error();
      if (request.exact_time && found->time != time) {
        return fail(sql_state::kObjectNotInState, "the index is past the transaction's time");
      }
      time = found->time;
      timelines.push_back(storage::kInputs);
      Result<storage::CollectionInfo> on = storage.reader().info(request.lookup->on);
      if (on && on->spec.timeline != storage::kInputs) timelines.push_back(on->spec.timeline);
      for (const data::BatchRef& batch : found->errors) {
        circuit->feed_errors(import, *marked_errors(*batch));
      }
      for (const data::BatchRef& batch : found->rows) circuit->feed(import, *batch);
      continue;
    }
    ASSIGN_OR_RETURN(storage::CollectionInfo info, storage.reader().info(import));
    timelines.push_back(info.spec.timeline);
    RETURN_IF_ERROR(waiter.upper(info.spec.timeline, time));
    RETURN_IF_ERROR(feed_stored(storage.reader(), import, time, *circuit, cancelled));
  }
  circuit->finish_step();
  if (circuit->abandoned()) return cancelled.stopped() ? cancelled_error() : timeout_error();
  for (storage::Timeline timeline : timelines) RETURN_IF_ERROR(waiter.durable(timeline, time));
  return sink.finish(time);
}

}  // namespace penstock::engine
