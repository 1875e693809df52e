// One process per data directory: a lock file that the system releases with the process.
#pragma once

#include <string>

#include "base/result.h"

namespace penstock::storage {

class DirectoryLock {
 public:
  // Creates the directory if needed. Error: another process holds it (its pid is in the detail).
  static Result<DirectoryLock> acquire(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept : descriptor_(other.descriptor_) {
    other.descriptor_ = -1;
  }
  DirectoryLock& operator=(DirectoryLock&&) = delete;

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace penstock::storage
