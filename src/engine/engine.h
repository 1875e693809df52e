// The running half of the database: mints time, keeps views and indexes up to date, answers reads.
//
//   inputs → Ticker → storage (one batch a tick) → clusters step their circuits → exports, U_c
//
// Life: create(); create_cluster(), run_view(), run_index() for everything the catalog knows; then
// Storage::start_maintenance() (all holds are back) and start(). stop() before Storage goes; it
// stops the maintenance, since no hold is left then. Thread rule: create/run/stop/drop from the
// coordinator's thread; submit() and reads from any.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/stop_token.h"
#include "engine/peek.h"
#include "engine/view.h"
#include "storage/storage.h"
#include "storage/tick_input.h"

namespace penstock::engine {

struct EngineOptions {
  size_t input_queue_bytes = 32 << 20;    // Between everybody who writes and the ticker.
  size_t cluster_queue_bytes = 16 << 20;  // A cluster that lags further reads from storage.
};

// What the ticker did with an input.
struct Appended {
  Timestamp time;
  storage::LogPosition position;
};
// Both are called once, on the ticker's and the sync thread, and must not block. After stop() they
// may never be called.
struct SubmitCallbacks {
  std::function<void(const Appended&)> appended;  // Readable at `time`; may be empty.
  std::function<void(const Appended&)> durable;   // May be acknowledged (D2); may be empty.
};

struct FrontierInfo {
  CollectionId collection;  // Or an index.
  Timestamp since;
  Timestamp upper;
  Timestamp durable;
};

// The name of a cluster's holds on history.
std::string cluster_holder(ClusterId cluster);

class Engine {
 public:
  static std::unique_ptr<Engine> create(const EngineOptions& options, storage::Storage& storage,
                                        const Clock& clock);
  virtual ~Engine() = default;

  // Begins with the first tick, which is above the durable time bound (rule T2): waits out the rest
  // of that second. An error: storage refused.
  virtual Status start() = 0;
  virtual void stop() = 0;
  // Why the engine cannot go on (the disk refused an append or a sync): the process must end and
  // recover. Empty while all is well.
  virtual std::optional<Error> failure() const = 0;

  // Hands an input to the next tick with room. Waits while the queue is full; false when stopping.
  virtual bool submit(storage::TickInputRef input, SubmitCallbacks callbacks) = 0;
  // The same without waiting: false when there is no room (or stopping).
  virtual bool try_submit(storage::TickInputRef input, SubmitCallbacks callbacks) = 0;
  // submit(), then waits until it is durable; `appended` is called before, as in SubmitCallbacks.
  // Errors: stopping (57P01); the disk's.
  virtual Result<Timestamp> submit_and_wait(storage::TickInputRef input,
                                            std::function<void()> appended) = 0;

  virtual void create_cluster(ClusterId cluster) = 0;
  virtual void drop_cluster(ClusterId cluster) = 0;  // REQUIRES: its views and indexes are stopped.
  // Keeps `spec` up to date from now on. Its collection exists already, with the cluster's
  // timeline. A published one is rehydrated at U_c - 1; a new one waits for its imports, hydrates
  // and is then published.
  virtual Status run_view(ViewSpec spec) = 0;
  virtual Status run_index(IndexSpec spec) = 0;
  // A view or an index takes no part in its cluster's steps any more, also not in the one under
  // way. Whoever stops several tells all of them first: else one waits for the step of another.
  virtual void tell_to_stop(CollectionId id) = 0;
  virtual void stop_view(CollectionId view) = 0;  // Returns when nothing is exported any more.
  virtual void stop_index(ObjectId index) = 0;
  // The cluster retains more history than it may (rule S5): its views let go of it, are built anew
  // and append what differs. From any thread.
  virtual void release_history(ClusterId cluster) = 0;
  virtual std::vector<ViewStatus> views() const = 0;
  virtual std::vector<FrontierInfo> frontiers() const = 0;

  // A time at which a read sees everything acknowledged or read before (linearizable): the last
  // tick. Never goes back.
  virtual Timestamp read_timestamp() = 0;
  // Answers a SELECT in the calling thread: see peek.h.
  virtual Result<PeekResult> peek(const PeekRequest& request, const StopToken& cancelled) = 0;
};

}  // namespace penstock::engine
