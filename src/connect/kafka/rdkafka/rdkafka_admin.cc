// ClusterAdmin over librdkafka, and the client that makes all three.
#include <librdkafka/rdkafka.h>

#include <array>

#include "connect/kafka/rdkafka/rdkafka_handle.h"

namespace penstock::connect {
namespace rdkafka {
namespace {

using ConfigMap = std::map<std::string, std::string>;

struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using Event = std::unique_ptr<rd_kafka_event_t, EventDeleter>;

class Admin final : public ClusterAdmin {
 public:
  Admin(const KafkaClientOptions& client, std::unique_ptr<Handle> handle)
      : client_(client), handle_(std::move(handle)) {
    queue_ = rd_kafka_queue_new(handle_->get());
  }
  ~Admin() override { rd_kafka_queue_destroy(queue_); }

  KafkaResult<std::vector<BrokerAddress>> brokers(const StopToken& stop) override {
    std::vector<BrokerAddress> found;
    auto asked = metadata(nullptr, stop, [&](const rd_kafka_metadata_t& answer) {
      for (int i = 0; i < answer.broker_cnt; ++i) {
        const rd_kafka_metadata_broker& broker = answer.brokers[i];
        found.push_back({broker.id, broker.host, broker.port});
      }
    });
    if (!asked) return std::unexpected(asked.error());
    return found;
  }

  KafkaResult<std::optional<int32_t>> partition_count(const std::string& topic,
                                                      const StopToken& stop) override;
  KafkaResult<CreateTopicState> create_topic(const NewTopic& topic, const StopToken& stop) override;
  KafkaResult<ConfigMap> topic_config(const std::string& topic, const StopToken& stop) override {
    return describe(RD_KAFKA_RESOURCE_TOPIC, topic, stop);
  }
  KafkaResult<ConfigMap> broker_config(int32_t broker, const StopToken& stop) override {
    return describe(RD_KAFKA_RESOURCE_BROKER, std::to_string(broker), stop);
  }

 private:
  KafkaResult<void> metadata(rd_kafka_topic_t* topic, const StopToken& stop,
                             const std::function<void(const rd_kafka_metadata_t&)>& use);
  KafkaResult<ConfigMap> describe(rd_kafka_ResourceType_t kind, const std::string& name,
                                  const StopToken& stop);
  KafkaResult<Event> wait_event(const StopToken& stop);
  rd_kafka_AdminOptions_t* make_options() const;
  KafkaError with_trouble(KafkaError error) const {
    rd_kafka_poll(handle_->get(), 0);
    std::string trouble = handle_->last_trouble();
    if (!trouble.empty() && error.message != "stopped") error.message += " (" + trouble + ")";
    return error;
  }

  const KafkaClientOptions client_;
  std::unique_ptr<Handle> handle_;
  rd_kafka_queue_t* queue_ = nullptr;
};

KafkaResult<void> Admin::metadata(rd_kafka_topic_t* topic, const StopToken& stop,
                                  const std::function<void(const rd_kafka_metadata_t&)>& use) {
  // Asked for one topic, or for none: the whole cluster's topics may be many.
  auto asked =
      in_slices(client_.metadata_timeout, stop, "fetching metadata", [&](int slice_ms) -> int {
        const rd_kafka_metadata_t* answer = nullptr;
        rd_kafka_resp_err_t code = rd_kafka_metadata(handle_->get(), 0, topic, &answer, slice_ms);
        rd_kafka_poll(handle_->get(), 0);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
        use(*answer);
        rd_kafka_metadata_destroy(answer);
        return RD_KAFKA_RESP_ERR_NO_ERROR;
      });
  if (!asked) return std::unexpected(with_trouble(asked.error()));
  return {};
}

KafkaResult<std::optional<int32_t>> Admin::partition_count(const std::string& topic,
                                                           const StopToken& stop) {
  rd_kafka_topic_t* named = rd_kafka_topic_new(handle_->get(), topic.c_str(), nullptr);
  if (named == nullptr) {
    rd_kafka_resp_err_t code = rd_kafka_last_error();
    return fail(Call::kAdmin, code, rd_kafka_err2str(code));
  }
  std::optional<int32_t> count;
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  auto asked = metadata(named, stop, [&](const rd_kafka_metadata_t& answer) {
    for (int i = 0; i < answer.topic_cnt; ++i) {
      if (answer.topics[i].topic != topic) continue;
      code = answer.topics[i].err;
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) count = answer.topics[i].partition_cnt;
    }
  });
  rd_kafka_topic_destroy(named);
  if (!asked) return std::unexpected(asked.error());
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::nullopt;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(Call::kAdmin, code, rd_kafka_err2str(code));
  return count;
}

rd_kafka_AdminOptions_t* Admin::make_options() const {
  rd_kafka_AdminOptions_t* options =
      rd_kafka_AdminOptions_new(handle_->get(), RD_KAFKA_ADMIN_OP_ANY);
  std::array<char, 256> text{};
  rd_kafka_AdminOptions_set_request_timeout(
      options, static_cast<int>(client_.admin_timeout.count()), text.data(), text.size());
  return options;
}

KafkaResult<Event> Admin::wait_event(const StopToken& stop) {
  // The request's own timeout answers at the latest; a stop leaves it behind.
  while (!stop.stopped()) {
    if (rd_kafka_event_t* event = rd_kafka_queue_poll(queue_, 100)) return Event(event);
  }
  return kafka_fail(KafkaFault::kRetriable, "stopped", "");
}

KafkaResult<CreateTopicState> Admin::create_topic(const NewTopic& topic, const StopToken& stop) {
  std::array<char, 512> text{};
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                                      topic.replication, text.data(), text.size());
  if (wanted == nullptr) return kafka_fail(KafkaFault::kFatal, text.data(), "INVALID_ARG");
  for (const auto& [name, value] : topic.config) {
    rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  }
  rd_kafka_AdminOptions_t* options = make_options();
  rd_kafka_CreateTopics(handle_->get(), &wanted, 1, options, queue_);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_NewTopic_destroy(wanted);
  auto event = wait_event(stop);
  if (!event) return std::unexpected(event.error());
  if (rd_kafka_resp_err_t code = rd_kafka_event_error(event->get())) {
    return std::unexpected(
        with_trouble(fail(Call::kAdmin, code, rd_kafka_event_error_string(event->get())).error()));
  }
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  if (count == 0) return kafka_fail(KafkaFault::kRetriable, "no answer about the topic", "");
  rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[0]);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return CreateTopicState::kCreated;
  if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return CreateTopicState::kExisted;
  const char* said = rd_kafka_topic_result_error_string(results[0]);
  return fail(Call::kAdmin, code, said != nullptr ? said : rd_kafka_err2str(code));
}

KafkaResult<ConfigMap> Admin::describe(rd_kafka_ResourceType_t kind, const std::string& name,
                                       const StopToken& stop) {
  rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(kind, name.c_str());
  if (resource == nullptr) return kafka_fail(KafkaFault::kFatal, "no such resource", "INVALID_ARG");
  rd_kafka_AdminOptions_t* options = make_options();
  if (kind == RD_KAFKA_RESOURCE_BROKER) {
    std::array<char, 256> text{};
    rd_kafka_AdminOptions_set_broker(options, std::atoi(name.c_str()), text.data(), text.size());
  }
  rd_kafka_DescribeConfigs(handle_->get(), &resource, 1, options, queue_);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_ConfigResource_destroy(resource);
  auto event = wait_event(stop);
  if (!event) return std::unexpected(event.error());
  if (rd_kafka_resp_err_t code = rd_kafka_event_error(event->get())) {
    return std::unexpected(
        with_trouble(fail(Call::kAdmin, code, rd_kafka_event_error_string(event->get())).error()));
  }
  size_t count = 0;
  const rd_kafka_ConfigResource_t** results = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  if (count == 0) return kafka_fail(KafkaFault::kRetriable, "no answer about " + name, "");
  if (rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(results[0])) {
    return fail(Call::kAdmin, code, rd_kafka_err2str(code));
  }
  size_t entries = 0;
  const rd_kafka_ConfigEntry_t** list = rd_kafka_ConfigResource_configs(results[0], &entries);
  ConfigMap config;
  for (size_t i = 0; i < entries; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(list[i]);
    if (value != nullptr) config[rd_kafka_ConfigEntry_name(list[i])] = value;
  }
  return config;
}

class Client final : public KafkaClient {
 public:
  explicit Client(const KafkaClientOptions& options) : options_(options) {}

  KafkaResult<std::unique_ptr<TransactionalProducer>> make_producer(
      const ProducerOptions& options) override {
    return rdkafka::make_producer(options_, options);
  }
  KafkaResult<std::unique_ptr<TopicReader>> make_reader(const ReaderOptions& options) override {
    return rdkafka::make_reader(options_, options);
  }
  KafkaResult<std::unique_ptr<ClusterAdmin>> make_admin() override {
    return rdkafka::make_admin(options_);
  }

 private:
  const KafkaClientOptions options_;
};

}  // namespace

KafkaResult<std::unique_ptr<ClusterAdmin>> make_admin(const KafkaClientOptions& client) {
  // A consumer's instance: it can be told not to create topics by asking for them.
  auto handle =
      Handle::make(Handle::Kind::kConsumer, client_config(client), [](rd_kafka_conf_t*) {});
  if (!handle) return std::unexpected(handle.error());
  return std::make_unique<Admin>(client, std::move(*handle));
}

}  // namespace rdkafka

std::unique_ptr<KafkaClient> make_kafka_client(const KafkaClientOptions& options) {
  return std::make_unique<rdkafka::Client>(options);
}

}  // namespace penstock::connect
