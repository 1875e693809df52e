// TransactionalProducer over librdkafka.
//
// A timed-out call goes on in librdkafka's background, and calling again waits for it: that is what
// kPending stands on. It holds for fencing; of ending a transaction see commit().
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/check.h"
#include "connect/kafka/rdkafka/rdkafka_handle.h"

namespace penstock::connect::rdkafka {
namespace {

using Clock = std::chrono::steady_clock;

// What a message costs in the library beside its bytes.
constexpr size_t kMessageOverheadBytes = 128;

// The end of a transaction is one request, but its states do not survive short timeouts: a stop may
// have to wait so long for it.
constexpr int kEndMs = 500;

// A message's size and mark travel through the library as its opaque pointer.
void* pack(size_t size_bytes, bool marked) {
  return reinterpret_cast<void*>(size_bytes << 1 | static_cast<size_t>(marked));
}

const char* compression_name(KafkaCompression compression) {
  switch (compression) {
    case KafkaCompression::kNone:
      return "none";
    case KafkaCompression::kGzip:
      return "gzip";
    case KafkaCompression::kSnappy:
      return "snappy";
    case KafkaCompression::kLz4:
      return "lz4";
    case KafkaCompression::kZstd:
      return "zstd";
  }
  return "";
}

class Producer final : public TransactionalProducer {
 public:
  Producer(std::unique_ptr<Handle> handle, const ProducerOptions& options)
      : handle_(std::move(handle)), options_(options) {
    handle_->owner = this;
  }
  ~Producer() override {
    for (rd_kafka_topic_t* topic : topics_) rd_kafka_topic_destroy(topic);
  }

  int open_topic(const std::string& name) override {
    size_t number = 0;
    while (number < topics_.size() && rd_kafka_topic_name(topics_[number]) != name) ++number;
    if (number == topics_.size()) {
      topics_.push_back(rd_kafka_topic_new(handle_->get(), name.c_str(), nullptr));
      CHECK(topics_.back() != nullptr);
    }
    learn(topics_[number]);
    return static_cast<int>(number);
  }

  KafkaResult<CallState> fence(std::chrono::milliseconds wait) override {
    if (!deadline_) deadline_ = Clock::now() + options_.fence_timeout;
    rd_kafka_error_t* error =
        rd_kafka_init_transactions(handle_->get(), static_cast<int>(wait.count()));
    serve(std::chrono::milliseconds(0));
    if (error == nullptr) return done();
    TakenError taken = take_error(error);
    if (taken.retriable && Clock::now() < *deadline_) return CallState::kPending;
    return failed(Call::kFence, taken);
  }

  KafkaResult<void> begin() override {
    delivery_error_.reset();
    marked_offset_.reset();
    rd_kafka_error_t* error = rd_kafka_begin_transaction(handle_->get());
    if (error == nullptr) return {};
    return std::unexpected(failed(Call::kBegin, take_error(error)).error());
  }

  KafkaResult<SendState> send(const OutgoingMessage& message) override;

  KafkaResult<CallState> commit(std::chrono::milliseconds wait) override;
  KafkaResult<CallState> abort(std::chrono::milliseconds wait) override;

  void serve(std::chrono::milliseconds wait) override {
    rd_kafka_poll(handle_->get(), static_cast<int>(wait.count()));
    unserved_sends_ = 0;
  }

  size_t unacknowledged_bytes() const override { return unacknowledged_bytes_; }
  std::optional<int64_t> marked_offset() const override { return marked_offset_; }
  std::string last_trouble() const override { return handle_->last_trouble(); }

  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    static_cast<Producer*>(static_cast<Handle*>(opaque)->owner)->delivered(*message);
  }

 private:
  KafkaResult<CallState> done() {
    deadline_.reset();
    return CallState::kDone;
  }
  KafkaResult<CallState> failed(Call call, const TakenError& taken);
  void learn(rd_kafka_topic_t* topic);
  void delivered(const rd_kafka_message_t& message);
  rd_kafka_headers_t* make_headers(std::span<const KafkaHeader> headers, size_t& size_bytes);

  std::unique_ptr<Handle> handle_;
  const ProducerOptions options_;
  std::vector<rd_kafka_topic_t*> topics_;
  std::optional<Clock::time_point> deadline_;  // Of the call that is pending.
  size_t unacknowledged_bytes_ = 0;
  size_t unserved_sends_ = 0;
  std::optional<int64_t> marked_offset_;
  std::optional<KafkaError> delivery_error_;  // The first of this transaction.
};

KafkaResult<CallState> Producer::failed(Call call, const TakenError& taken) {
  deadline_.reset();
  int code = taken.code;
  std::string text = taken.text;
  if (taken.fatal || code == RD_KAFKA_RESP_ERR__FATAL) {
    std::array<char, 512> reason{};
    rd_kafka_resp_err_t original =
        rd_kafka_fatal_error(handle_->get(), reason.data(), reason.size());
    if (original != RD_KAFKA_RESP_ERR_NO_ERROR) {
      code = original;
      text = reason.data();
    }
  }
  std::string trouble = handle_->last_trouble();
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT && !trouble.empty()) text += " (" + trouble + ")";
  return fail(call, code, text);
}

// The flush is waited for apart: a commit that times out while it flushes cannot be resumed in this
// version of the library ("not valid in state BeginCommit").
KafkaResult<CallState> Producer::commit(std::chrono::milliseconds wait) {
  if (!deadline_) deadline_ = Clock::now() + options_.commit_timeout;
  rd_kafka_resp_err_t flushed = rd_kafka_flush(handle_->get(), static_cast<int>(wait.count()));
  if (delivery_error_) {
    deadline_.reset();  // EndTxn was never sent.
    return std::unexpected(*delivery_error_);
  }
  if (flushed != RD_KAFKA_RESP_ERR_NO_ERROR && Clock::now() < *deadline_) {
    return CallState::kPending;
  }
  rd_kafka_error_t* error = rd_kafka_commit_transaction(handle_->get(), kEndMs);
  serve(std::chrono::milliseconds(0));
  if (error == nullptr) return done();
  TakenError taken = take_error(error);
  if (delivery_error_) {
    deadline_.reset();
    return std::unexpected(*delivery_error_);
  }
  if (taken.retriable && Clock::now() < *deadline_) return CallState::kPending;
  return failed(Call::kCommit, taken);
}

KafkaResult<CallState> Producer::abort(std::chrono::milliseconds wait) {
  if (!deadline_) deadline_ = Clock::now() + options_.commit_timeout;
  auto wait_ms = std::max(kEndMs, static_cast<int>(wait.count()));
  rd_kafka_error_t* error = rd_kafka_abort_transaction(handle_->get(), wait_ms);
  serve(std::chrono::milliseconds(0));
  if (error == nullptr) return done();
  TakenError taken = take_error(error);
  if (taken.retriable && Clock::now() < *deadline_) return CallState::kPending;
  return failed(Call::kAbort, taken);
}

// Asks where the topic's partitions are. A topic or partition that is unknown when its first
// message comes is looked at again only by a timer of a second, or refused.
void Producer::learn(rd_kafka_topic_t* topic) {
  const rd_kafka_metadata_t* answer = nullptr;
  rd_kafka_resp_err_t code = rd_kafka_metadata(handle_->get(), 0, topic, &answer, kEndMs);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(answer);
}

void Producer::delivered(const rd_kafka_message_t& message) {
  auto packed = reinterpret_cast<size_t>(message._private);
  unacknowledged_bytes_ -= packed >> 1;
  bool purged = message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
                message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE;
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if ((packed & 1) != 0) marked_offset_ = message.offset;
  } else if (!delivery_error_ && !purged) {
    std::string text = rd_kafka_err2str(message.err);
    delivery_error_ = fail(Call::kDelivery, message.err, text).error();
  }
}

rd_kafka_headers_t* Producer::make_headers(std::span<const KafkaHeader> headers,
                                           size_t& size_bytes) {
  if (headers.empty()) return nullptr;
  rd_kafka_headers_t* list = rd_kafka_headers_new(headers.size());
  for (const KafkaHeader& header : headers) {
    const char* value = header.value ? header.value->data() : nullptr;
    auto size = header.value ? static_cast<ssize_t>(header.value->size()) : 0;
    if (header.value && value == nullptr) value = "";  // The empty value is not the null value.
    rd_kafka_header_add(list, header.key.data(), static_cast<ssize_t>(header.key.size()), value,
                        size);
    size_bytes += header.key.size() + static_cast<size_t>(size);
  }
  return list;
}

// An empty byte string that is not null.
void* bytes_or_null(const std::optional<std::string_view>& bytes) {
  if (!bytes) return nullptr;
  return const_cast<char*>(bytes->data() != nullptr ? bytes->data() : "");
}

KafkaResult<SendState> Producer::send(const OutgoingMessage& message) {
  if (delivery_error_) return std::unexpected(*delivery_error_);
  size_t key_bytes = message.key ? message.key->size() : 0;
  size_t value_bytes = message.value ? message.value->size() : 0;
  size_t size_bytes = key_bytes + value_bytes + kMessageOverheadBytes;
  for (const KafkaHeader& header : message.headers) {
    size_bytes += header.key.size() + (header.value ? header.value->size() : 0);
  }
  if (++unserved_sends_ > 1000) serve(std::chrono::milliseconds(0));
  if (unacknowledged_bytes_ > 0 && unacknowledged_bytes_ + size_bytes > options_.budget_bytes) {
    serve(std::chrono::milliseconds(0));
    if (unacknowledged_bytes_ > 0 && unacknowledged_bytes_ + size_bytes > options_.budget_bytes) {
      return SendState::kFull;
    }
  }
  size_t ignored = 0;
  rd_kafka_headers_t* headers = make_headers(message.headers, ignored);
  rd_kafka_vu_t parts[7] = {};
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topics_[static_cast<size_t>(message.topic)];
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = message.partition;
  parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[2].u.i = RD_KAFKA_MSG_F_COPY;
  parts[3].vtype = RD_KAFKA_VTYPE_KEY;
  parts[3].u.mem = {bytes_or_null(message.key), key_bytes};
  parts[4].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[4].u.mem = {bytes_or_null(message.value), value_bytes};
  parts[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[5].u.ptr = pack(size_bytes, message.marked);
  parts[6].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[6].u.headers = headers;
  rd_kafka_error_t* error = rd_kafka_produceva(handle_->get(), parts, headers != nullptr ? 7 : 6);
  if (error == nullptr) {
    unacknowledged_bytes_ += size_bytes;
    return SendState::kAccepted;
  }
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  TakenError taken = take_error(error);
  serve(std::chrono::milliseconds(0));
  if (taken.code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return SendState::kFull;
  if (delivery_error_) return std::unexpected(*delivery_error_);
  if (taken.code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    taken.text = "message of " + std::to_string(key_bytes + value_bytes) +
                 " bytes exceeds the limit of " + std::to_string(options_.message_max_bytes);
  }
  return std::unexpected(failed(Call::kSend, taken).error());
}

}  // namespace

KafkaResult<std::unique_ptr<TransactionalProducer>> make_producer(const KafkaClientOptions& client,
                                                                  const ProducerOptions& options) {
  ConfigEntries config = client_config(client);
  auto add = [&](const char* name, auto number) {
    config.emplace_back(name, std::to_string(number));
  };
  config.emplace_back("transactional.id", options.transactional_id);
  config.emplace_back("enable.idempotence", "true");
  config.emplace_back("compression.type", compression_name(options.compression));
  add("transaction.timeout.ms", options.transaction_timeout.count());
  add("queue.buffering.max.ms", options.linger.count());
  // Our own budget is the bound; the library's must not be met before it.
  config.emplace_back("queue.buffering.max.kbytes", "2147483647");
  config.emplace_back("queue.buffering.max.messages", "0");
  add("message.max.bytes", options.message_max_bytes);
  add("batch.size", options.batch_bytes);
  add("batch.num.messages", 10'000);
  auto configure = [](rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_dr_msg_cb(conf, Producer::on_delivery);
  };
  auto handle = Handle::make(Handle::Kind::kProducer, config, configure);
  if (!handle) return std::unexpected(handle.error());
  return std::make_unique<Producer>(std::move(*handle), options);
}

}  // namespace penstock::connect::rdkafka
