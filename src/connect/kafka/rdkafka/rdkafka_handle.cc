// librdkafka's configuration, life and errors.
#include "connect/kafka/rdkafka/rdkafka_handle.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>

#include "base/log.h"

namespace penstock::connect::rdkafka {
namespace {

bool is_fencing(int code) {
  return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
         code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED;
}

// Refusals that stand until somebody changes a permission, a setting or the data. An unknown topic
// is none: a broker that has just started may not know its topics yet.
bool is_refusal(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return true;
    default:
      return false;
  }
}

void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  // That all brokers are down says less than what each of them said before.
  auto* handle = static_cast<Handle*>(opaque);
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !handle->last_trouble().empty()) return;
  handle->note_trouble(reason);
}

void on_log(const rd_kafka_t*, int, const char* facility, const char* text) {
  log_debug("kafka", text, {{"facility", facility}});
}

const char* protocol_name(KafkaProtocol protocol) {
  switch (protocol) {
    case KafkaProtocol::kPlaintext:
      return "plaintext";
    case KafkaProtocol::kSsl:
      return "ssl";
    case KafkaProtocol::kSaslPlaintext:
      return "sasl_plaintext";
    case KafkaProtocol::kSaslSsl:
      return "sasl_ssl";
  }
  return "";
}

std::string milliseconds_text(std::chrono::milliseconds time) {
  return std::to_string(time.count());
}

}  // namespace

KafkaFault classify(Call call, int code) {
  if (call == Call::kCommit) {
    // EndTxn may be on its way, or applied with its answer lost: only fencing has another name, and
    // it is treated alike.
    return is_fencing(code) ? KafkaFault::kFenced : KafkaFault::kOutcomeUnknown;
  }
  if (is_fencing(code)) return KafkaFault::kFenced;
  if (is_refusal(code)) return KafkaFault::kFatal;
  switch (call) {
    case Call::kFence:
    case Call::kRead:
    case Call::kAdmin:
      return KafkaFault::kRetriable;
    case Call::kSend:
    case Call::kDelivery:
      return KafkaFault::kAbort;  // No EndTxn(commit) follows a message that failed.
    case Call::kBegin:
    case Call::kAbort:
    case Call::kCommit:
      return KafkaFault::kOutcomeUnknown;
  }
  return KafkaFault::kOutcomeUnknown;
}

std::unexpected<KafkaError> fail(Call call, int code, const std::string& text) {
  return kafka_fail(classify(call, code), text,
                    rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code)));
}

TakenError take_error(rd_kafka_error_s* error) {
  TakenError taken{.code = rd_kafka_error_code(error),
                   .text = rd_kafka_error_string(error),
                   .fatal = rd_kafka_error_is_fatal(error) != 0,
                   .retriable = rd_kafka_error_is_retriable(error) != 0,
                   .requires_abort = rd_kafka_error_txn_requires_abort(error) != 0};
  rd_kafka_error_destroy(error);
  return taken;
}

ConfigEntries client_config(const KafkaClientOptions& options) {
  ConfigEntries config = {
      {"bootstrap.servers", options.bootstrap_servers},
      {"client.id", options.client_id},
      {"security.protocol", protocol_name(options.security.protocol)},
      {"allow.auto.create.topics", "false"},
      {"socket.keepalive.enable", "true"},
      {"socket.nagle.disable", "true"},
      {"socket.timeout.ms", milliseconds_text(options.socket_timeout)},
      {"socket.connection.setup.timeout.ms", milliseconds_text(options.connect_timeout)},
      {"retry.backoff.ms", milliseconds_text(options.retry_backoff)},
      {"reconnect.backoff.ms", milliseconds_text(options.reconnect_backoff)},
      {"reconnect.backoff.max.ms", milliseconds_text(options.reconnect_backoff_max)},
  };
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) config.emplace_back(name, value);
  };
  add("sasl.mechanisms", options.security.sasl_mechanism);
  add("sasl.username", options.security.sasl_username);
  add("sasl.password", options.security.sasl_password.reveal());
  add("ssl.ca.pem", options.security.ca_pem);
  add("ssl.certificate.pem", options.security.certificate_pem);
  add("ssl.key.pem", options.security.key_pem.reveal());
  return config;
}

KafkaResult<std::unique_ptr<Handle>> Handle::make(
    Kind kind, const ConfigEntries& config,
    const std::function<void(rd_kafka_conf_s*)>& configure) {
  std::unique_ptr<Handle> handle(new Handle);
  std::array<char, 512> text{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : config) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return kafka_fail(KafkaFault::kFatal, text.data(), "INVALID_CONFIG");
    }
  }
  rd_kafka_conf_set_opaque(conf, handle.get());
  rd_kafka_conf_set_error_cb(conf, on_error);
  rd_kafka_conf_set_log_cb(conf, on_log);
  configure(conf);
  handle->instance_ = rd_kafka_new(kind == Kind::kProducer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                   conf, text.data(), text.size());
  if (handle->instance_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    return kafka_fail(KafkaFault::kFatal, text.data(), "INVALID_CONFIG");
  }
  return handle;
}

Handle::~Handle() {
  // Nothing is waited for: what is not delivered belongs to a transaction that will be aborted.
  if (instance_ != nullptr) rd_kafka_destroy_flags(instance_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

std::string Handle::last_trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

void Handle::note_trouble(std::string text) {
  std::lock_guard lock(mutex_);
  trouble_ = std::move(text);
}

KafkaResult<void> in_slices(std::chrono::milliseconds timeout, const StopToken& stop,
                            const std::string& what,
                            const std::function<int(int slice_ms)>& attempt) {
  auto end = std::chrono::steady_clock::now() + timeout;
  constexpr int64_t kSliceMs = 500;  // A stop is seen between two.
  int code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  while (!stop.stopped()) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                    end - std::chrono::steady_clock::now())
                    .count();
    if (left <= 0) break;
    code = attempt(static_cast<int>(std::min<int64_t>(kSliceMs, left)));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    bool waits = code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
                 code == RD_KAFKA_RESP_ERR__WAIT_COORD;
    if (!waits) break;
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT) {
      stop.wait_for(std::chrono::milliseconds(50));  // It answered at once: do not spin.
    }
  }
  if (stop.stopped()) return kafka_fail(KafkaFault::kRetriable, "stopped", "");
  return fail(Call::kAdmin, code,
              what + ": " + rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code)));
}

}  // namespace penstock::connect::rdkafka
