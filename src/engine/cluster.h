// A cluster: one thread that steps the circuits of its views and indexes, whole ticks in order, and
// appends what comes out with U_c in one batch (rules T6, D1).
//
// Ticks come from the ticker through a queue bounded in bytes; what did not fit is read from
// storage. Until all views that were published before are rehydrated, no tick is stepped. A new
// view, hydrated apart, is spliced in between two ticks and published with the next.
//
// Where history is gone, published views come back ahead of their cluster, each at a time of its
// own. One step then takes all of them to one tick and appends what differs there; the times it
// goes over, of which nobody can say what the views were, are skipped: they are not offered to
// readers, and clusters that read the views go over them in one step, too (rule S5). The circuits
// take such a step in rounds of bounded bytes; what comes out is staged and appended as the net
// change, or, of an index, added up in memory: twice the net change at most. Not bounded is what
// one round grows to within a circuit.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "engine/hydrator.h"
#include "engine/maintained.h"
#include "engine/tick.h"
#include "storage/storage.h"

namespace penstock::engine {

class Cluster {
 public:
  // `wants_tick` asks the ticker for an empty tick, so that something can be published.
  Cluster(storage::Storage& storage, const Clock& clock, ClusterId id, size_t queue_bytes,
          std::function<void()> wants_tick, std::function<void(const Error&)> failed);
  ~Cluster() { stop(); }

  // --- ticker's thread ---
  void deliver(const TickRef& tick);
  // Whether the tick changes something that is read here.
  bool reads_any_of(const Tick& tick) const;

  // --- coordinator's thread ---
  void add(std::unique_ptr<Maintained> item, bool published);
  // Begins to step; everything that the catalog knows was added before.
  void start();
  // The item takes no part in steps any more; its part of the one under way is abandoned. What
  // reads it here was told before.
  void tell_to_stop(CollectionId id);
  // The same, and returns when it is gone.
  void remove(CollectionId id);
  void stop();

  // --- any thread ---
  // All holds are let go of, soon: also a step under way is abandoned. The views are built anew; as
  // long as one of them is not there again, also a new view or index that was being built then, the
  // whole cluster lets go of nothing more.
  void release_history();
  std::vector<ViewStatus> statuses() const;
  std::shared_ptr<const IndexRows> index(ObjectId index) const;

 private:
  void run();
  Status turn();
  std::vector<std::unique_ptr<Maintained>> spliceable();
  void take_hydrated();
  bool is_interrupted() const;
  std::set<storage::Timeline> others_of(const Maintained& item) const;
  bool await_others(const std::set<storage::Timeline>& others, Timestamp time);
  Result<bool> splice(std::unique_ptr<Maintained>& item);
  // `tick` is null when the tick is read from storage. A step that skips takes every item from
  // where it is.
  struct Step {
    Timestamp time;
    const Tick* tick = nullptr;
    bool skips = false;
  };
  Timestamp furthest() const;
  bool is_behind_an_item() const;
  std::optional<Step> await_step(Timestamp time, const Tick* tick);
  Status step_from_storage(Timestamp until);
  Status step(Timestamp time, const Tick* tick);
  Status step_one(Maintained& item, const Step& step);
  Status go_over_skipped(Maintained& item, Timestamp until);
  Status feed_import(Maintained& item, CollectionId import, const Step& step);
  Status export_step(const Step& step);
  Status consolidate_contents(Maintained& item);
  Status feed_own(Maintained& item, Maintained& view);
  Status put_output(Maintained& item, storage::TickInput& exports);
  Status append(Timestamp time, storage::TickInput exports);
  void advance_holds(Timestamp time);
  void sort_items();
  void rebuild_all();
  void drop_unwanted();
  void drop_removed();

  storage::Storage& storage_;
  const Clock& clock_;
  const ClusterId id_;
  std::function<void()> wants_tick_;
  std::function<void(const Error&)> failed_;
  BoundedQueue<TickRef> queue_;

  mutable std::mutex mutex_;  // Guards what other threads look at.
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Maintained>> hydrated_;
  bool hydrated_arrived_ = false;
  std::set<CollectionId> awaited_;     // Published views still being rehydrated.
  std::set<CollectionId> rebuilding_;  // History was let go of, and no step has taken them since.
  std::set<CollectionId> removing_;
  std::set<CollectionId> imports_;  // Of everything spliced in.
  std::map<CollectionId, std::shared_ptr<const IndexRows>> indexes_;
  std::map<CollectionId, std::shared_ptr<std::atomic<bool>>> unwanted_;  // Of everything added.
  std::vector<ViewStatus> running_;
  bool failed_already_ = false;

  // --- the thread's own ---
  std::vector<std::unique_ptr<Maintained>> items_;  // What one reads of another comes first.
  std::map<CollectionId, Maintained*> stepped_;     // Views that have seen the tick being stepped.
  std::set<storage::Timeline> others_;              // Clusters whose views they read.
  Timestamp next_;               // The next tick to step: all before it are seen.
  uint64_t logged_us_ = 0;       // When U_c was last written.
  bool moved_silently_ = false;  // U_c has moved in memory since.
  uint64_t stepped_bytes_ = 0;

  // Also asked in the middle of steps; the first is set under the lock, for those that wait.
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> releasing_ = false;
  std::unique_ptr<Hydrator> hydrator_;
  std::thread thread_;
};

}  // namespace penstock::engine
