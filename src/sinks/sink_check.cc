// A sink's needs, one after the other: cluster, progress topic, topic, transactions, schemas.
#include "sinks/sink_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "sinks/topics.h"

namespace penstock::sinks {
namespace {

using connect::AclOperation;
using connect::ConfigEntry;
using connect::ConfigResource;
using connect::KafkaError;
using connect::TopicDescription;

constexpr size_t kSafeReplicas = 3;
constexpr int64_t kSafeInSync = 2;

std::string told(const KafkaError& error) {
  return error.code.empty() ? error.message : error.code + " (" + error.message + ")";
}

std::optional<int64_t> number(const std::optional<std::string>& text) {
  int64_t value = 0;
  if (!text) return std::nullopt;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

const ConfigEntry* find_entry(const std::vector<ConfigEntry>& entries, std::string_view name) {
  for (const ConfigEntry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}
std::optional<std::string> value_of(const std::vector<ConfigEntry>& entries,
                                    std::string_view name) {
  const ConfigEntry* entry = find_entry(entries, name);
  return entry == nullptr ? std::nullopt : entry->value;
}

class Check {
 public:
  Check(const SinkConfig& config, connect::ClusterOperations& cluster,
        const SchemaRegistries& registries, const StopToken& stop)
      : config_(config), cluster_(cluster), registries_(registries), stop_(stop) {}

  std::vector<SinkFinding> run() {
    if (!cluster()) return std::move(findings_);  // Everything else would say the same.
    progress_topic();
    data_topic();
    dead_letter_topic();
    transactions();
    schemas();
    return std::move(findings_);
  }

 private:
  void add(Concern concern, const char* check, std::string object, std::string text,
           std::string remedy) {
    findings_.push_back({concern, check, std::move(object), std::move(text), std::move(remedy)});
  }

  bool cluster() {
    auto described = cluster_.describe_cluster({}, stop_);
    if (!described) {
      add(Concern::kError, "cluster", "", told(described.error()), described.error().remedy);
      return false;
    }
    const size_t brokers = described->brokers.size();
    brokers_ = brokers;
    if (brokers > 0) broker_ = described->brokers.front().address.id;
    if (brokers < kSafeReplicas) {
      add(Concern::kWarning, "cluster", described->cluster_id,
          fmt::format("{} broker{}: nothing can be replicated safely", brokers,
                      brokers == 1 ? "" : "s"),
          "With three brokers or more, replication 3 and min.insync.replicas 2, one may be lost.");
    } else {
      add(Concern::kNone, "cluster", described->cluster_id, fmt::format("{} brokers", brokers), "");
    }
    return true;
  }

  void progress_topic() {
    const std::string& name = config_.progress_topic;
    constexpr const char* kCheck = "progress topic";
    auto described = cluster_.describe_topic(name, stop_);
    if (!described) return failed(kCheck, name, described.error());
    if (!*described) {
      return validate_new(kCheck, sinks::progress_topic(name, config_.progress_replication_factor));
    }
    const TopicDescription& topic = **described;
    if (topic.partitions.size() != 1) {
      return add(Concern::kError, kCheck, name,
                 fmt::format("should contain a single partition, but instead contains {}",
                             topic.partitions.size()),
                 "Name another progress topic in the connection.");
    }
    if (!allowed(kCheck, topic, {AclOperation::kRead, AclOperation::kWrite})) return;
    auto entries = cluster_.describe_config({ConfigResource::Kind::kTopic, name}, stop_);
    if (!entries) return not_told(kCheck, name, entries.error());
    const std::string cleanup = value_of(*entries, "cleanup.policy").value_or("");
    const bool forever = number(value_of(*entries, "retention.ms")) == -1 &&
                         number(value_of(*entries, "retention.bytes")) == -1;
    if (cleanup.find("delete") != std::string::npos && !forever) {
      add(Concern::kWarning, kCheck, name,
          "its retention may delete the last progress record: the sink would stall",
          "Set cleanup.policy to compact.");
    } else {
      add(Concern::kNone, kCheck, name, "is there, with one partition", "");
    }
    durability(kCheck, topic, *entries);
  }

  void data_topic() {
    constexpr const char* kCheck = "topic";
    const defs::SinkDef& def = config_.def;
    auto described = cluster_.describe_topic(def.topic, stop_);
    if (!described) return failed(kCheck, def.topic, described.error());
    if (!*described) {
      connect::NewTopic topic;
      topic.name = def.topic;
      topic.partitions = def.topic_options.partition_count.value_or(-1);
      topic.replication = def.topic_options.replication_factor.value_or(-1);
      topic.config = def.topic_options.config;
      validate_new(kCheck, topic);
      return broker_limits(topic.config);
    }
    const TopicDescription& topic = **described;
    if (!allowed(kCheck, topic, {AclOperation::kWrite})) return;
    add(Concern::kNone, kCheck, def.topic,
        fmt::format("is there, with {} partition{}", topic.partitions.size(),
                    topic.partitions.size() == 1 ? "" : "s"),
        "");
    auto entries = cluster_.describe_config({ConfigResource::Kind::kTopic, def.topic}, stop_);
    if (!entries) return not_told(kCheck, def.topic, entries.error());
    durability(kCheck, topic, *entries);
    message_size(value_of(*entries, "max.message.bytes"));
  }

  void dead_letter_topic() {
    if (config_.def.refused_messages != defs::RefusedMessages::kDeadLetter) return;
    constexpr const char* kCheck = "dead letter topic";
    const std::string& name = config_.def.dead_letter_topic;
    auto described = cluster_.describe_topic(name, stop_);
    if (!described) return failed(kCheck, name, described.error());
    if (!*described) return validate_new(kCheck, letter_topic(config_.def));
    if (!allowed(kCheck, **described, {AclOperation::kWrite})) return;
    const size_t partitions = (*described)->partitions.size();
    add(Concern::kNone, kCheck, name,
        fmt::format("is there, with {} partition{}", partitions, partitions == 1 ? "" : "s"), "");
    auto entries = cluster_.describe_config({ConfigResource::Kind::kTopic, name}, stop_);
    if (!entries) return not_told(kCheck, name, entries.error());
    durability(kCheck, **described, *entries);
  }

  // What would be created.
  void validate_new(const char* check, const connect::NewTopic& topic) {
    auto validated = cluster_.validate_topic(topic, stop_);
    if (!validated && validated.error().code == "TOPIC_ALREADY_EXISTS") {
      // Somebody was quicker, or the broker that was asked first had not heard of it.
      return add(Concern::kNone, check, topic.name, "was created a moment ago", "");
    }
    if (!validated) return failed(check, topic.name, validated.error());
    add(Concern::kNone, check, topic.name, "can be created", "");
    if (topic.replication > 0 && static_cast<size_t>(topic.replication) < kSafeReplicas &&
        brokers_ >= kSafeReplicas) {
      add(Concern::kWarning, check, topic.name,
          fmt::format("would have {} replica{}", topic.replication,
                      topic.replication == 1 ? "" : "s"),
          "Use a replication factor of 3.");
    }
  }

  void broker_limits(const std::map<std::string, std::string>& config) {
    auto own = config.find("max.message.bytes");
    if (own != config.end()) return message_size(own->second);
    auto entries =
        cluster_.describe_config({ConfigResource::Kind::kBroker, std::to_string(broker_)}, stop_);
    if (entries) message_size(value_of(*entries, "message.max.bytes"));
  }

  void durability(const char* check, const TopicDescription& topic,
                  const std::vector<ConfigEntry>& entries) {
    size_t least = SIZE_MAX;
    for (const auto& partition : topic.partitions) {
      least = std::min(least, partition.replicas.size());
    }
    if (least < kSafeReplicas && brokers_ >= kSafeReplicas) {
      add(Concern::kWarning, check, topic.name,
          fmt::format("has {} replica{}", least, least == 1 ? "" : "s"),
          "Use a replication factor of 3.");
    }
    const int64_t in_sync = number(value_of(entries, "min.insync.replicas")).value_or(1);
    if (least >= kSafeReplicas && in_sync < kSafeInSync) {
      add(Concern::kWarning, check, topic.name,
          fmt::format("min.insync.replicas is {}: a message may be acknowledged by one broker, and "
                      "be lost with it",
                      in_sync),
          "Set min.insync.replicas to 2.");
    }
    if (value_of(entries, "unclean.leader.election.enable") == "true") {
      add(Concern::kWarning, check, topic.name,
          "unclean.leader.election.enable is true: what was committed may be lost",
          "Set unclean.leader.election.enable to false.");
    }
  }

  void message_size(const std::optional<std::string>& limit) {
    const std::optional<int64_t> bytes = number(limit);
    if (!bytes || *bytes >= static_cast<int64_t>(config_.limits.message_max_bytes)) return;
    add(Concern::kWarning, "message size", config_.def.topic,
        fmt::format("the broker takes batches of {} bytes, and a message may have {}", *bytes,
                    config_.limits.message_max_bytes),
        "Raise max.message.bytes of the topic, or lower MAX MESSAGE BYTES of the sink.");
  }

  void transactions() {
    constexpr const char* kCheck = "transactions";
    if (config_.transactional_id.empty()) {
      return add(Concern::kNone, kCheck, "", "none are used: at least once", "");
    }
    auto allowed_id = cluster_.check_transactional_id(config_.transactional_id, stop_);
    if (!allowed_id) return failed(kCheck, config_.transactional_id, allowed_id.error());
    auto entries =
        cluster_.describe_config({ConfigResource::Kind::kBroker, std::to_string(broker_)}, stop_);
    if (!entries) {
      add(Concern::kNone, kCheck, config_.transactional_id, "may be used", "");
      return not_told(kCheck, "", entries.error());
    }
    const auto most = number(value_of(*entries, "transaction.max.timeout.ms"));
    const int64_t ours = config_.limits.transaction_timeout.count();
    if (most && *most < ours) {
      return add(Concern::kError, kCheck, config_.transactional_id,
                 fmt::format("the broker allows transactions of {} ms, and TRANSACTION TIMEOUT is "
                             "{} ms",
                             *most, ours),
                 "Lower TRANSACTION TIMEOUT, or raise transaction.max.timeout.ms of the brokers.");
    }
    add(Concern::kNone, kCheck, config_.transactional_id, "may be used", "");
    const auto replicas = number(value_of(*entries, "transaction.state.log.replication.factor"));
    if (replicas && *replicas > static_cast<int64_t>(brokers_)) {
      add(Concern::kWarning, kCheck, "__transaction_state",
          fmt::format("transaction.state.log.replication.factor is {}, with {} broker{}", *replicas,
                      brokers_, brokers_ == 1 ? "" : "s"),
          "If no transaction was ever begun on this cluster, none can be.");
    }
  }

  void schemas() {
    check_schema("key schema", config_.def.key_format, key_schema(config_.def), registries_.key);
    check_schema("value schema", config_.def.value_format, value_schema(config_.def),
                 registries_.value);
  }
  void check_schema(const char* check, const defs::SinkFormat& format,
                    const std::optional<std::string>& schema, connect::SchemaRegistry* registry) {
    if (!schema || registry == nullptr) return;
    const std::string& subject = format.avro->subject;
    auto validated = registry->validate({subject, *schema, format.avro->compatibility}, stop_);
    if (!validated) {
      return add(Concern::kError, check, subject, validated.error().cause,
                 "EXPLAIN SCHEMA shows the schema.");
    }
    add(Concern::kNone, check, subject, *validated, "");
  }

  // False: said so.
  bool allowed(const char* check, const TopicDescription& topic,
               const std::vector<AclOperation>& needed) {
    if (!topic.authorized) {
      add(Concern::kUnknown, check, topic.name, "the broker does not say what we may do with it",
          "");
      return true;
    }
    for (AclOperation operation : needed) {
      if (topic.authorized->contains(operation)) continue;
      add(Concern::kError, check, topic.name,
          fmt::format("TOPIC_AUTHORIZATION_FAILED ({} is not allowed)",
                      connect::acl_operation_name(operation)),
          fmt::format("Grant {} on topic {} to the user of the connection.",
                      connect::acl_operation_name(operation), topic.name));
      return false;
    }
    return true;
  }

  void failed(const char* check, const std::string& object, const KafkaError& error) {
    add(Concern::kError, check, object, told(error), error.remedy);
  }
  void not_told(const char* check, const std::string& object, const KafkaError& error) {
    add(Concern::kUnknown, check, object, told(error), error.remedy);
  }

  const SinkConfig& config_;
  connect::ClusterOperations& cluster_;
  const SchemaRegistries& registries_;
  const StopToken& stop_;
  std::vector<SinkFinding> findings_;
  size_t brokers_ = 0;
  int32_t broker_ = 0;
};

}  // namespace

std::vector<SinkFinding> check_sink(const SinkConfig& config, connect::ClusterOperations& cluster,
                                    const SchemaRegistries& registries, const StopToken& stop) {
  return Check(config, cluster, registries, stop).run();
}

}  // namespace penstock::sinks
