// Builds the circuits of views and indexes from snapshots, apart from the cluster that will step
// them (rule T6). One thread a cluster.
//
// A new view waits until everything it reads is published, reads it at one time, and stages what
// comes out; a published one is rehydrated at U_c - 1, or at the last time that can be read if
// history is gone, and must reproduce the hash sum that its collection carries, or the difference
// is appended (rule S6). Views of its own cluster are read at U_c - 1 even then: their differences
// are not there yet, and reach it in the step that appends them. A crash before a new view is
// published starts it again from the beginning, so its holds need not be durable.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/backoff.h"
#include "base/stop_token.h"
#include "engine/catch_up.h"
#include "engine/maintained.h"

namespace penstock::engine {

class Hydrator {
 public:
  using Ready = std::function<void(std::unique_ptr<Maintained>)>;
  using Failed = std::function<void(const Error&)>;

  // `gives_up` is asked in the middle of steps of the circuits it makes, also when they run in the
  // cluster.
  Hydrator(storage::Storage& storage, ClusterId cluster, std::function<bool()> gives_up,
           Ready ready, Failed failed);
  ~Hydrator() { stop(); }

  void add(std::unique_ptr<Maintained> item);
  // Gives up the item wherever it is; true when it was here (also: being built right now).
  bool cancel(CollectionId id);
  // What waits, or is being built, lets go of its holds, and is built where history now begins.
  // Returns what was being built.
  std::optional<CollectionId> release_history();
  void stop();
  std::vector<ViewStatus> statuses() const;

 private:
  void run();
  // When imports are read: those of the own cluster, and all others.
  struct Moment {
    Timestamp own;
    Timestamp others;
  };

  std::unique_ptr<Maintained> next_ready();
  std::vector<CollectionId> unpublished(const Maintained& item) const;
  bool is_readable(const Maintained& item) const;
  // False when what it reads, and holds by now, has no common time yet.
  Result<bool> build(Maintained& item);
  Result<bool> build_new(Maintained& item);
  Result<bool> rehydrate(Maintained& item, const storage::CollectionInfo& info);
  Status correct(Maintained& item, const Moment& moment, Timestamp stored_until);
  Status build_at(Maintained& item, const Moment& moment, const Drain& drain);
  Status stage_difference(Maintained& item, Timestamp stored_until);
  Status follow(Maintained& item, Timestamp until);
  Timestamp time_of(CollectionId import, const Moment& moment) const;
  Result<bool> hold_imports(Maintained& item, const Moment& moment);
  bool is_common(const Maintained& item, const Moment& moment) const;
  bool is_offered(const Maintained& item, const Moment& moment) const;
  Moment last_moment(const Maintained& item) const;

  storage::Storage& storage_;
  const ClusterId cluster_;
  const std::function<bool()> gives_up_;
  Ready ready_;
  Failed failed_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Maintained>> waiting_;
  Maintained* building_ = nullptr;
  bool cancel_building_ = false;
  bool release_building_ = false;
  uint64_t rows_read_ = 0;
  std::unique_ptr<storage::StagingWriter> staging_;  // The thread's own.
  bool stopping_ = false;
  std::thread thread_;
};

// Holds all imports at `time`, or where their history now begins.
Status hold_imports_at(storage::Storage& storage, Maintained& item, Timestamp time);
// The last tick of a timeline that can be read: upper - 1.
Timestamp last_tick(const storage::Storage& storage, storage::Timeline timeline);

}  // namespace penstock::engine
