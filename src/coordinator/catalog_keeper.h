// The one catalog: loaded at start, changed on the coordinator's thread, read by everybody as an
// immutable snapshot.
//
// A change is durable before it is applied: the keeper turns changes into entries of the meta
// store, which the caller appends in one batch with everything else, and applies them afterwards.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_state.h"
#include "coordinator/sequence/context.h"
#include "storage/meta_store.h"

namespace penstock::coordinator {

using CatalogSnapshot = std::shared_ptr<const catalog::CatalogState>;

class CatalogKeeper {
 public:
  // Loads what is stored; an empty store gives the system's own items only. `fresh` tells which.
  static Result<std::unique_ptr<CatalogKeeper>> load(const storage::MetaStore& meta);

  // Any thread.
  CatalogSnapshot snapshot() const;

  // Coordinator's thread only.
  IdMint& ids() { return ids_; }
  bool is_fresh() const { return fresh_; }
  std::vector<storage::MetaChange> encode(const std::vector<catalog::CatalogChange>& changes) const;
  void apply(const std::vector<catalog::CatalogChange>& changes);

 private:
  CatalogKeeper() : ids_(0) {}

  mutable std::mutex mutex_;  // Guards the pointer, not what it points to.
  CatalogSnapshot state_;
  IdMint ids_;
  bool fresh_ = true;
};

}  // namespace penstock::coordinator
