// TopicReader over librdkafka's simple consumer: partitions are read directly, without a group.
#include <librdkafka/rdkafka.h>

#include <map>
#include <utility>

#include "connect/kafka/rdkafka/rdkafka_handle.h"

namespace penstock::connect::rdkafka {
namespace {

class Reader final : public TopicReader {
 public:
  // `plain` reads uncommitted: the high watermark it sees is the true one.
  Reader(const KafkaClientOptions& client, const ReaderOptions& options,
         std::unique_ptr<Handle> records, std::unique_ptr<Handle> plain)
      : client_(client), options_(options), records_(std::move(records)), plain_(std::move(plain)) {
    queue_ = rd_kafka_queue_new(records_->get());
    topic_ = rd_kafka_topic_new(records_->get(), options_.topic.c_str(), nullptr);
  }
  ~Reader() override {
    release();
    for (const auto& [partition, position] : positions_) rd_kafka_consume_stop(topic_, partition);
    if (topic_ != nullptr) rd_kafka_topic_destroy(topic_);
    rd_kafka_queue_destroy(queue_);
  }

  KafkaResult<void> assign(int32_t partition, int64_t offset) override {
    if (topic_ == nullptr) return fail_last();
    if (positions_.contains(partition)) {
      release();
      rd_kafka_consume_stop(topic_, partition);
      while (rd_kafka_message_t* old = rd_kafka_consume_queue(queue_, 0)) {
        // Other partitions' records would be lost with it, so a restart is for single readers.
        rd_kafka_message_destroy(old);
      }
    }
    positions_[partition] = offset;
    if (rd_kafka_consume_start_queue(topic_, partition, offset, queue_) != 0) return fail_last();
    return {};
  }

  KafkaResult<std::optional<IncomingMessage>> poll(std::chrono::milliseconds wait) override;

  int64_t position(int32_t partition) const override {
    auto found = positions_.find(partition);
    return found == positions_.end() ? 0 : found->second;
  }

  // Two questions, one after the other: rd_kafka_query_watermark_offsets() asks both at once, and
  // where one of them fails it may still answer, with the other's offset.
  KafkaResult<Watermarks> watermarks(int32_t partition, const StopToken& stop) override {
    auto low = first_offset(partition, RD_KAFKA_OFFSET_BEGINNING, stop);
    if (!low) return std::unexpected(low.error());
    auto high = first_offset(partition, RD_KAFKA_OFFSET_END, stop);
    if (!high) return std::unexpected(high.error());
    return Watermarks{*low, *high};
  }

  KafkaResult<int64_t> offset_at(int32_t partition, int64_t timestamp_ms,
                                 const StopToken& stop) override {
    auto found = first_offset(partition, timestamp_ms, stop);
    if (!found || *found != RD_KAFKA_OFFSET_END) return found;
    return first_offset(partition, RD_KAFKA_OFFSET_END, stop);
  }

 private:
  rd_kafka_t* plain_handle() const { return plain_ ? plain_->get() : records_->get(); }

  // The offset of the first record at or after a time, RD_KAFKA_OFFSET_END when there is none; for
  // RD_KAFKA_OFFSET_BEGINNING and RD_KAFKA_OFFSET_END the partition's own, never negative.
  KafkaResult<int64_t> first_offset(int32_t partition, int64_t time, const StopToken& stop) {
    int64_t offset = RD_KAFKA_OFFSET_INVALID;
    auto ask = [&](int slice_ms) -> int {
      rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
      auto* entry = rd_kafka_topic_partition_list_add(list, options_.topic.c_str(), partition);
      entry->offset = time;
      rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(plain_handle(), list, slice_ms);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = list->elems[0].err;
      offset = list->elems[0].offset;
      rd_kafka_topic_partition_list_destroy(list);
      bool unknown = code == RD_KAFKA_RESP_ERR_NO_ERROR && time < 0 && offset < 0;
      return unknown ? RD_KAFKA_RESP_ERR__TRANSPORT : code;
    };
    auto asked = in_slices(client_.metadata_timeout, stop, "offsets of " + options_.topic, ask);
    if (!asked) return std::unexpected(with_trouble(asked.error()));
    return offset;
  }

  std::unexpected<KafkaError> fail_last() const {
    rd_kafka_resp_err_t code = rd_kafka_last_error();
    return fail(Call::kRead, code, rd_kafka_err2str(code));
  }
  KafkaError with_trouble(KafkaError error) const {
    std::string trouble = (plain_ ? plain_ : records_)->last_trouble();
    if (!trouble.empty()) error.message += " (" + trouble + ")";
    return error;
  }
  void release() {
    if (current_ != nullptr) rd_kafka_message_destroy(current_);
    current_ = nullptr;
  }
  IncomingMessage view(const rd_kafka_message_t& message);

  const KafkaClientOptions client_;
  const ReaderOptions options_;
  std::unique_ptr<Handle> records_;
  std::unique_ptr<Handle> plain_;
  rd_kafka_queue_t* queue_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_message_t* current_ = nullptr;  // Behind the views handed out last.
  std::vector<KafkaHeader> headers_;       // Of that message.
  std::map<int32_t, int64_t> positions_;
};

IncomingMessage Reader::view(const rd_kafka_message_t& message) {
  IncomingMessage out;
  out.partition = message.partition;
  out.offset = message.offset;
  if (message.key != nullptr) {
    out.key = std::string_view(static_cast<const char*>(message.key), message.key_len);
  }
  if (message.payload != nullptr) {
    out.value = std::string_view(static_cast<const char*>(message.payload), message.len);
  }
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  int64_t timestamp_ms = rd_kafka_message_timestamp(&message, &kind);
  if (kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) out.timestamp_ms = timestamp_ms;
  headers_.clear();
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      std::optional<std::string_view> bytes;
      if (value != nullptr) bytes = std::string_view(static_cast<const char*>(value), size);
      headers_.push_back({name, bytes});
    }
  }
  out.headers = headers_;
  return out;
}

KafkaResult<std::optional<IncomingMessage>> Reader::poll(std::chrono::milliseconds wait) {
  release();
  rd_kafka_poll(records_->get(), 0);
  current_ = rd_kafka_consume_queue(queue_, static_cast<int>(wait.count()));
  if (current_ == nullptr) return std::nullopt;
  if (current_->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    positions_[current_->partition] = current_->offset + 1;
    return view(*current_);
  }
  if (current_->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // The library skips control records by itself; the end it reports lies after them.
    int64_t& position = positions_[current_->partition];
    position = std::max(position, current_->offset);
    return std::nullopt;
  }
  int code = current_->err;
  if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) code = RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
  return fail(Call::kRead, code, rd_kafka_message_errstr(current_));
}

}  // namespace

KafkaResult<std::unique_ptr<TopicReader>> make_reader(const KafkaClientOptions& client,
                                                      const ReaderOptions& options) {
  ConfigEntries config = client_config(client);
  config.emplace_back("enable.partition.eof", "true");
  config.emplace_back("auto.offset.reset", "error");
  // Behind a transaction's marker the end is seen only with the next, empty answer.
  config.emplace_back("fetch.wait.max.ms", "10");
  config.emplace_back("queued.max.messages.kbytes", std::to_string(options.queue_bytes / 1024));
  auto nothing = [](rd_kafka_conf_t*) {};
  bool committed = options.isolation == KafkaIsolation::kReadCommitted;
  ConfigEntries plain_config = config;
  plain_config.emplace_back("isolation.level", "read_uncommitted");
  config.emplace_back("isolation.level", committed ? "read_committed" : "read_uncommitted");
  auto records = Handle::make(Handle::Kind::kConsumer, config, nothing);
  if (!records) return std::unexpected(records.error());
  std::unique_ptr<Handle> plain;
  if (committed) {
    auto made = Handle::make(Handle::Kind::kConsumer, plain_config, nothing);
    if (!made) return std::unexpected(made.error());
    plain = std::move(*made);
  }
  return std::make_unique<Reader>(client, options, std::move(*records), std::move(plain));
}

}  // namespace penstock::connect::rdkafka
