// Appends are kept in memory and written by Sync; what is closed unsynced stays in memory, under
// its name, until it is read, renamed or deleted.
#include "storage/rocksdb/unsynced_file_system.h"

#include <map>
#include <mutex>
#include <string>

namespace penstock::storage {

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// One file's unsynced end. Thread-safe: the log is synced while it is appended to.
class HeldFile {
 public:
  explicit HeldFile(std::unique_ptr<rocksdb::FSWritableFile> base) : base_(std::move(base)) {}

  void append(const rocksdb::Slice& data) {
    std::lock_guard lock(mutex_);
    held_.append(data.data(), data.size());
  }
  IOStatus sync(const IOOptions& options, IODebugContext* context) {
    std::lock_guard lock(mutex_);
    IOStatus status = write_out(options, context);
    return status.ok() ? base_->Sync(options, context) : status;
  }
  // What a reader of the same process sees.
  IOStatus reveal(const IOOptions& options, IODebugContext* context) {
    std::lock_guard lock(mutex_);
    return write_out(options, context);
  }
  IOStatus truncate(uint64_t size, const IOOptions& options, IODebugContext* context) {
    std::lock_guard lock(mutex_);
    uint64_t written = base_->GetFileSize(options, context);
    if (size >= written) {
      if (size < written + held_.size()) held_.resize(size - written);
      return IOStatus::OK();
    }
    held_.clear();
    return base_->Truncate(size, options, context);
  }
  uint64_t size(const IOOptions& options, IODebugContext* context) {
    std::lock_guard lock(mutex_);
    return base_->GetFileSize(options, context) + held_.size();
  }
  bool all_written() {
    std::lock_guard lock(mutex_);
    return held_.empty();
  }
  rocksdb::FSWritableFile& base() { return *base_; }

 private:
  IOStatus write_out(const IOOptions& options, IODebugContext* context) {
    if (held_.empty()) return IOStatus::OK();
    IOStatus status = base_->Append(held_, options, context);
    if (status.ok()) status = base_->Flush(options, context);
    if (status.ok()) held_.clear();
    return status;
  }

  std::mutex mutex_;
  std::unique_ptr<rocksdb::FSWritableFile> base_;
  std::string held_;
};

using HeldFiles = std::map<std::string, std::shared_ptr<HeldFile>>;

class HoldingFile : public rocksdb::FSWritableFile {
 public:
  explicit HoldingFile(std::shared_ptr<HeldFile> file) : file_(std::move(file)) {}

  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const rocksdb::Slice& data, const IOOptions&, IODebugContext*) override {
    file_->append(data);
    return IOStatus::OK();
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions&,
                  const rocksdb::DataVerificationInfo&, IODebugContext*) override {
    file_->append(data);
    return IOStatus::OK();
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* context) override {
    return file_->truncate(size, options, context);
  }
  // What was not synced stays held back, under the file's name.
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    return file_->all_written() ? file_->base().Close(options, context) : IOStatus::OK();
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    return file_->sync(options, context);
  }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions& options, IODebugContext* context) override {
    return file_->size(options, context);
  }

 private:
  std::shared_ptr<HeldFile> file_;
};

class UnsyncedFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit UnsyncedFileSystem(std::shared_ptr<rocksdb::FileSystem> base)
      : rocksdb::FileSystemWrapper(std::move(base)) {}

  const char* Name() const override { return "UnsyncedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* context) override {
    forget(name);
    IOStatus status = target()->NewWritableFile(name, options, result, context);
    if (status.ok()) *result = hold(name, std::move(*result));
    return status;
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* context) override {
    reveal(name);
    forget(name);
    IOStatus status = target()->ReopenWritableFile(name, options, result, context);
    if (status.ok()) *result = hold(name, std::move(*result));
    return status;
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                             const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                             IODebugContext* context) override {
    forget(name);
    forget(old_name);
    IOStatus status = target()->ReuseWritableFile(name, old_name, options, result, context);
    if (status.ok()) *result = hold(name, std::move(*result));
    return status;
  }
  IOStatus NewSequentialFile(const std::string& name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* context) override {
    reveal(name);
    return target()->NewSequentialFile(name, options, result, context);
  }
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* context) override {
    reveal(name);
    return target()->NewRandomAccessFile(name, options, result, context);
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions& options, uint64_t* size,
                       IODebugContext* context) override {
    reveal(name);
    return target()->GetFileSize(name, options, size, context);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* context) override {
    {
      std::lock_guard lock(mutex_);
      auto found = files_.find(from);
      files_.erase(to);
      if (found != files_.end()) {
        files_[to] = found->second;
        files_.erase(from);
      }
    }
    return target()->RenameFile(from, to, options, context);
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* context) override {
    forget(name);
    return target()->DeleteFile(name, options, context);
  }

 private:
  std::unique_ptr<rocksdb::FSWritableFile> hold(const std::string& name,
                                                std::unique_ptr<rocksdb::FSWritableFile> base) {
    auto file = std::make_shared<HeldFile>(std::move(base));
    std::lock_guard lock(mutex_);
    files_[name] = file;
    return std::make_unique<HoldingFile>(std::move(file));
  }
  void reveal(const std::string& name) {
    std::shared_ptr<HeldFile> file;
    {
      std::lock_guard lock(mutex_);
      auto found = files_.find(name);
      if (found == files_.end()) return;
      file = found->second;
    }
    file->reveal(IOOptions(), nullptr);
  }
  void forget(const std::string& name) {
    std::lock_guard lock(mutex_);
    files_.erase(name);
  }

  std::mutex mutex_;
  HeldFiles files_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> unsynced_file_system(
    std::shared_ptr<rocksdb::FileSystem> base) {
  return std::make_shared<UnsyncedFileSystem>(std::move(base));
}

}  // namespace penstock::storage
