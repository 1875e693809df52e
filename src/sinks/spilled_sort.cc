// External merge sort (Knuth, volume 3, 5.4). Whenever kMergedRuns runs of one level are there,
// they become one of the next, so that few files are open however much is sorted.
#include "sinks/spilled_sort.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/bytes_io.h"

namespace penstock::sinks {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kWriteBytes = 1 << 20;
constexpr size_t kHeaderBytes = 8;
constexpr size_t kMergedRuns = 128;

std::unexpected<Error> io_error(const std::string& doing) {
  SqlState state = errno == ENOSPC ? sql_state::kDiskFull : sql_state::kIoError;
  return fail(state, doing + ": " + std::strerror(errno));
}

Status write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return io_error("could not write a temporary file");
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace

// A sorted file: [u32 key bytes][u32 payload bytes][key][payload]...
class SpilledSort::Run {
 public:
  Run(int file, int level) : level_(level), file_(file) {}
  ~Run() { close(file_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void rewind() {
    file_offset_ = 0;
    buffer_.clear();
    at_ = 0;
  }
  // Reads the next entry; false at the end.
  Result<bool> advance() {
    ASSIGN_OR_RETURN(bool more, have(kHeaderBytes));
    if (!more) return false;
    uint32_t sizes[2];
    std::memcpy(sizes, buffer_.data() + at_, kHeaderBytes);
    size_t total = kHeaderBytes + sizes[0] + sizes[1];
    ASSIGN_OR_RETURN(more, have(total));
    if (!more) return fail(sql_state::kIoError, "a temporary file is cut short");
    std::string_view entry = std::string_view(buffer_).substr(at_, total);
    key_ = entry.substr(kHeaderBytes, sizes[0]);
    payload_ = entry.substr(kHeaderBytes + sizes[0]);
    at_ += total;
    return true;
  }
  std::string_view key() const { return key_; }
  std::string_view payload() const { return payload_; }
  int level() const { return level_; }
  int file() const { return file_; }

 private:
  Result<bool> have(size_t bytes) {
    if (buffer_.size() - at_ >= bytes) return true;
    buffer_.erase(0, at_);
    at_ = 0;
    size_t want = std::max(bytes, kReadBytes);
    while (buffer_.size() < want) {
      size_t old = buffer_.size();
      buffer_.resize(want);
      ssize_t count = pread(file_, buffer_.data() + old, want - old, file_offset_);
      buffer_.resize(old + static_cast<size_t>(std::max<ssize_t>(count, 0)));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return io_error("could not read a temporary file");
      if (count == 0) break;
      file_offset_ += count;
    }
    return buffer_.size() >= bytes;
  }

  const int level_;
  const int file_;
  off_t file_offset_ = 0;
  std::string buffer_;
  size_t at_ = 0;
  std::string_view key_;
  std::string_view payload_;
};

namespace {

// Of a run's file, many entries at a time.
class RunWriter {
 public:
  explicit RunWriter(int file) : file_(file) {}
  Status add(std::string_view key, std::string_view payload) {
    put_fixed(buffer_, static_cast<uint32_t>(key.size()));
    put_fixed(buffer_, static_cast<uint32_t>(payload.size()));
    buffer_ += key;
    buffer_ += payload;
    return buffer_.size() < kWriteBytes ? Status{} : flush();
  }
  Status flush() {
    RETURN_IF_ERROR(write_all(file_, buffer_));
    buffer_.clear();
    return {};
  }

 private:
  const int file_;
  std::string buffer_;
};

// For std::*_heap, which keep the greatest in front.
constexpr auto kLater = [](const auto* a, const auto* b) {
  return a->key() != b->key() ? a->key() > b->key() : a->payload() > b->payload();
};

}  // namespace

SpilledSort::SpilledSort(std::string directory, size_t memory_bytes, const StopToken& stop)
    : directory_(std::move(directory)), memory_bytes_(memory_bytes), stop_(stop) {}
SpilledSort::~SpilledSort() = default;

std::string_view SpilledSort::key_of(const Entry& entry) const {
  return std::string_view(arena_).substr(entry.offset, entry.key_bytes);
}
std::string_view SpilledSort::payload_of(const Entry& entry) const {
  return std::string_view(arena_).substr(entry.offset + entry.key_bytes, entry.payload_bytes);
}

Status SpilledSort::add(std::string_view key, std::string_view payload) {
  size_t used = arena_.size() + entries_.size() * sizeof(Entry);
  if (!entries_.empty() && used + key.size() + payload.size() + sizeof(Entry) > memory_bytes_) {
    RETURN_IF_ERROR(write_run());
  }
  entries_.push_back(
      {arena_.size(), static_cast<uint32_t>(key.size()), static_cast<uint32_t>(payload.size())});
  arena_ += key;
  arena_ += payload;
  return {};
}

void SpilledSort::sort_memory() {
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) {
    int order = key_of(a).compare(key_of(b));
    return order != 0 ? order < 0 : payload_of(a) < payload_of(b);
  });
}

Result<std::unique_ptr<SpilledSort::Run>> SpilledSort::new_run(int level) const {
  std::string path = directory_ + "/sort-XXXXXX";
  int file = mkstemp(path.data());
  if (file < 0) return io_error("could not create a temporary file in " + directory_);
  unlink(path.c_str());
  return std::make_unique<Run>(file, level);
}

Status SpilledSort::write_run() {
  sort_memory();
  ASSIGN_OR_RETURN(std::unique_ptr<Run> run, new_run(0));
  RunWriter writer(run->file());
  for (const Entry& entry : entries_) {
    RETURN_IF_ERROR(writer.add(key_of(entry), payload_of(entry)));
  }
  RETURN_IF_ERROR(writer.flush());
  runs_.push_back(std::move(run));  // Only whole ones.
  entries_.clear();
  arena_.clear();
  return merge_runs();
}

// Levels descend, so runs of one level are neighbours at the end.
Status SpilledSort::merge_runs() {
  while (runs_.size() >= kMergedRuns &&
         runs_[runs_.size() - kMergedRuns]->level() == runs_.back()->level()) {
    size_t first = runs_.size() - kMergedRuns;
    ASSIGN_OR_RETURN(std::unique_ptr<Run> merged, new_run(runs_.back()->level() + 1));
    RunWriter writer(merged->file());
    first_merged_ = first;
    rewind();
    while (true) {
      if (stop_.stopped()) return fail(sql_state::kQueryCanceled, "stopped");
      ASSIGN_OR_RETURN(bool more, next_merged());
      if (!more) break;
      RETURN_IF_ERROR(writer.add(key_, payload_));
    }
    RETURN_IF_ERROR(writer.flush());
    first_merged_ = 0;
    runs_.resize(first);
    runs_.push_back(std::move(merged));
    rewind();
  }
  return {};
}

Status SpilledSort::finish() {
  if (runs_.empty()) {
    sort_memory();
  } else if (!entries_.empty()) {
    RETURN_IF_ERROR(write_run());
  }
  rewind();
  return {};
}

void SpilledSort::clear() {
  runs_.clear();
  entries_.clear();
  arena_.clear();
  first_merged_ = 0;
  rewind();
}

void SpilledSort::rewind() {
  next_entry_ = 0;
  started_ = false;
  given_ = nullptr;
  heap_.clear();
  for (const auto& run : runs_) run->rewind();
}

Result<bool> SpilledSort::next() {
  if (!runs_.empty()) return next_merged();
  if (next_entry_ == entries_.size()) return false;
  key_ = key_of(entries_[next_entry_]);
  payload_ = payload_of(entries_[next_entry_]);
  ++next_entry_;
  return true;
}

Result<bool> SpilledSort::next_merged() {
  auto push = [this](Run* run) -> Status {
    ASSIGN_OR_RETURN(bool more, run->advance());
    if (!more) return {};
    heap_.push_back(run);
    std::push_heap(heap_.begin(), heap_.end(), kLater);
    return {};
  };
  if (!started_) {
    started_ = true;
    for (size_t i = first_merged_; i < runs_.size(); ++i) RETURN_IF_ERROR(push(runs_[i].get()));
  } else if (given_ != nullptr) {
    RETURN_IF_ERROR(push(given_));
  }
  given_ = nullptr;
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), kLater);
  given_ = heap_.back();
  heap_.pop_back();
  key_ = given_->key();
  payload_ = given_->payload();
  return true;
}

}  // namespace penstock::sinks
