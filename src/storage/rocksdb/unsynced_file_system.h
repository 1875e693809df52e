// A file system that holds back what was appended until it is synced, so that killing the process
// loses exactly what losing the machine would (after LevelDB's FaultInjectionTestEnv). For tests.
//
// Directory operations take effect at once. Reading a file that is being held back writes it out
// first; RocksDB does not read what it has not synced, except at recovery.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>

namespace penstock::storage {

std::shared_ptr<rocksdb::FileSystem> unsynced_file_system(
    std::shared_ptr<rocksdb::FileSystem> base);

}  // namespace penstock::storage
