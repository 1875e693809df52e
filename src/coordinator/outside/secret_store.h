// The secrets' values, shared by the coordinator's thread, which changes them, and whoever
// connects. Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "storage/secret_file.h"

namespace penstock::coordinator {

class SecretStore {
 public:
  explicit SecretStore(storage::SecretFile file) : file_(std::move(file)) {}

  Result<SecretString> get(ObjectId secret) const {
    std::lock_guard lock(mutex_);
    return file_.get(secret);
  }
  Status put(ObjectId secret, const SecretString& value) {
    std::lock_guard lock(mutex_);
    return file_.put(secret, value.reveal());
  }
  Status remove(ObjectId secret) {
    std::lock_guard lock(mutex_);
    return file_.remove(secret);
  }
  std::vector<ObjectId> ids() const {
    std::lock_guard lock(mutex_);
    return file_.ids();
  }

 private:
  mutable std::mutex mutex_;
  storage::SecretFile file_;
};

}  // namespace penstock::coordinator
