// Whom each question belongs to, and the configurations.
#include "connect/kafka/admin/native_admin.h"

#include <charconv>
#include <utility>

namespace penstock::connect::kafka {
namespace {

int8_t resource_type(ConfigResource::Kind kind) {
  return kind == ConfigResource::Kind::kTopic ? 2 : 4;
}

Permission permission(AclOperation operation, const ConfigResource& resource) {
  if (resource.kind == ConfigResource::Kind::kTopic)
    return {operation, {AclResource::Kind::kTopic, resource.name}};
  return {operation, {}};
}

std::string named(const ConfigResource& resource) {
  if (resource.kind == ConfigResource::Kind::kTopic) return "topic " + resource.name;
  return resource.name.empty() ? "all brokers" : "broker " + resource.name;
}

KafkaResult<std::map<std::string, std::string>> values_of(
    KafkaResult<std::vector<ConfigEntry>> entries) {
  if (!entries) return std::unexpected(entries.error());
  std::map<std::string, std::string> config;
  for (ConfigEntry& entry : *entries)
    if (entry.value) config[entry.name] = *std::move(entry.value);
  return config;
}

}  // namespace

Questions::Whom NativeAdmin::anybody() {
  return [this] { return &cluster_.any_broker(); };
}

// Brokers since 2.8 pass on what belongs to the controller; older ones refuse it.
Questions::Whom NativeAdmin::controller() {
  return [this]() -> BrokerConnection* {
    if (BrokerConnection* known = cluster_.controller()) return known;
    cluster_.refresh();
    return nullptr;
  };
}

Questions::Whom NativeAdmin::broker(int32_t id) {
  return [this, id]() -> BrokerConnection* {
    if (BrokerConnection* known = cluster_.broker(id, Lane::kQuestions)) return known;
    cluster_.refresh();
    return nullptr;
  };
}

// A broker tells of itself only, and checks itself what it is to become.
Questions::Whom NativeAdmin::whom_to_ask_about(const ConfigResource& resource) {
  if (resource.kind == ConfigResource::Kind::kTopic || resource.name.empty()) return anybody();
  int32_t id = -1;
  std::from_chars(resource.name.data(), resource.name.data() + resource.name.size(), id);
  return broker(id);
}

KafkaResult<std::map<std::string, std::string>> NativeAdmin::topic_config(const std::string& topic,
                                                                          const StopToken& stop) {
  return values_of(describe_config({ConfigResource::Kind::kTopic, topic}, stop));
}

KafkaResult<std::map<std::string, std::string>> NativeAdmin::broker_config(int32_t broker,
                                                                           const StopToken& stop) {
  return values_of(describe_config({ConfigResource::Kind::kBroker, std::to_string(broker)}, stop));
}

KafkaResult<std::vector<ConfigEntry>> NativeAdmin::describe_config(const ConfigResource& resource,
                                                                   const StopToken& stop) {
  DescribeConfigsRequest request;
  auto& wanted = request.resources.emplace_back();
  wanted.resource_type = resource_type(resource.kind);
  wanted.resource_name = resource.name;
  wanted.configuration_keys.reset();  // All.
  const auto error_of = [](const DescribeConfigsResponse& response) {
    return response.results.empty() ? ErrorCode::kNone : response.results.front().error_code;
  };
  Questions questions(cluster_, timeouts_.admin, stop, "describing " + named(resource));
  auto answer =
      questions.ask<DescribeConfigsRequest>(whom_to_ask_about(resource), request, error_of);
  if (!answer) return std::unexpected(answer.error());
  if (answer->response.results.empty())
    return kafka_fail(KafkaFault::kRetriable, "no answer about " + named(resource), "");
  auto& result = answer->response.results.front();
  if (result.error_code != ErrorCode::kNone) {
    return std::unexpected(
        questions.answered(question_error(result.error_code, result.error_message.value_or(""),
                                          permission(AclOperation::kDescribeConfigs, resource))));
  }
  std::vector<ConfigEntry> entries;
  for (auto& config : result.configs) {
    entries.push_back({std::move(config.name), std::move(config.value),
                       ConfigSource{config.config_source}, config.read_only, config.is_sensitive});
  }
  return entries;
}

KafkaResult<void> NativeAdmin::alter_config(const ConfigResource& resource,
                                            const std::vector<ConfigChange>& changes,
                                            ChangeMode mode, const StopToken& stop) {
  IncrementalAlterConfigsRequest request;
  request.validate_only = mode == ChangeMode::kValidate;
  auto& wanted = request.resources.emplace_back();
  wanted.resource_type = resource_type(resource.kind);
  wanted.resource_name = resource.name;
  for (const ConfigChange& change : changes) {
    auto& config = wanted.configs.emplace_back();
    config.name = change.name;
    config.config_operation = static_cast<int8_t>(change.kind);
    if (change.kind == ConfigChange::Kind::kDelete) {
      config.value.reset();
    } else {
      config.value = change.value;
    }
  }
  const auto error_of = [](const IncrementalAlterConfigsResponse& response) {
    return response.responses.empty() ? ErrorCode::kNone : response.responses.front().error_code;
  };
  Questions questions(cluster_, timeouts_.admin, stop, "altering " + named(resource));
  auto answer =
      questions.ask<IncrementalAlterConfigsRequest>(whom_to_ask_about(resource), request, error_of);
  if (!answer) return std::unexpected(answer.error());
  if (answer->response.responses.empty())
    return kafka_fail(KafkaFault::kRetriable, "no answer about " + named(resource), "");
  const auto& result = answer->response.responses.front();
  if (result.error_code == ErrorCode::kNone) return {};
  return std::unexpected(
      questions.answered(question_error(result.error_code, result.error_message.value_or(""),
                                        permission(AclOperation::kAlterConfigs, resource))));
}

}  // namespace penstock::connect::kafka
