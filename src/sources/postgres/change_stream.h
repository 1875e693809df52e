// A replication stream as the source sees it; connect::ReplicationStream behind it, or a fake.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "connect/postgres/replication_stream.h"

namespace penstock::sources {

class ChangeStream {
 public:
  virtual ~ChangeStream() = default;
  virtual connect::PostgresResult<void> fill(std::chrono::microseconds wait) = 0;
  virtual connect::PostgresResult<std::optional<connect::ReplicationMessage>> next() = 0;
  virtual connect::PostgresResult<void> acknowledge(connect::Lsn flushed, bool now) = 0;
};

class SlotChangeStream final : public ChangeStream {
 public:
  explicit SlotChangeStream(std::unique_ptr<connect::ReplicationStream> stream)
      : stream_(std::move(stream)) {}
  connect::PostgresResult<void> fill(std::chrono::microseconds wait) override {
    return stream_->fill(wait);
  }
  connect::PostgresResult<std::optional<connect::ReplicationMessage>> next() override {
    return stream_->next();
  }
  connect::PostgresResult<void> acknowledge(connect::Lsn flushed, bool now) override {
    return stream_->acknowledge(flushed, now);
  }

 private:
  std::unique_ptr<connect::ReplicationStream> stream_;
};

}  // namespace penstock::sources
