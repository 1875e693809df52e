// The admin's questions, one per process.
#include "kafka_probe/commands.h"
#include "kafka_probe/record_json.h"

namespace penstock::connect {
namespace {

template <typename T>
KafkaResult<Json> as_json(const KafkaResult<T>& result) {
  if (!result) return std::unexpected(result.error());
  return Json(*result);
}

KafkaResult<Json> brokers(ClusterAdmin& admin, const StopToken& stop) {
  const auto found = admin.brokers(stop);
  if (!found) return std::unexpected(found.error());
  Json list = Json::array();
  for (const BrokerAddress& broker : *found)
    list.push_back({{"id", broker.id}, {"host", broker.host}, {"port", broker.port}});
  return list;
}

KafkaResult<Json> partition_count(ClusterAdmin& admin, const std::string& topic,
                                  const StopToken& stop) {
  const auto count = admin.partition_count(topic, stop);
  if (!count) return std::unexpected(count.error());
  return *count ? Json(**count) : Json();
}

KafkaResult<Json> create_topic(ClusterAdmin& admin, const Json& topic, const StopToken& stop) {
  const NewTopic made{topic.at("name").get<std::string>(), topic.value("partitions", -1),
                      topic.value("replication", -1),
                      topic.value("config", std::map<std::string, std::string>())};
  const auto state = admin.create_topic(made, stop);
  if (!state) return std::unexpected(state.error());
  return Json(*state == CreateTopicState::kCreated ? "created" : "existed");
}

KafkaResult<Json> ask(ClusterAdmin& admin, const std::string& question,
                      const std::string& argument) {
  const StopToken stop;
  if (question == "brokers") return brokers(admin, stop);
  if (question == "partition-count") return partition_count(admin, argument, stop);
  if (question == "create-topic") return create_topic(admin, Json::parse(argument), stop);
  if (question == "topic-config") return as_json(admin.topic_config(argument, stop));
  if (question == "broker-config") return as_json(admin.broker_config(std::stoi(argument), stop));
  throw WrongInput("no such question: " + question);
}

}  // namespace

int administer(KafkaClient& client, const std::string& question, const std::string& argument) {
  auto admin = client.make_admin();
  if (!admin) return report(admin.error());
  const auto answer = ask(**admin, question, argument);
  if (!answer) return report(answer.error());
  print_line(*answer);
  return 0;
}

}  // namespace penstock::connect
