// Records, errors and topics as JSON.
#include "kafka_probe/record_json.h"

#include <cstdio>

#include "base/text_encoding.h"

namespace penstock::connect {
namespace {

std::optional<std::string> bytes_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  auto bytes = decode_base64(json.get<std::string>());
  if (!bytes) throw WrongInput("not base64: " + json.dump());
  return bytes;
}

Json json_of(const std::optional<std::string_view>& bytes) {
  return bytes ? Json(encode_base64(*bytes)) : Json();
}

const char* name_of(KafkaFault fault) {
  switch (fault) {
    case KafkaFault::kRetriable:
      return "retriable";
    case KafkaFault::kAbort:
      return "abort";
    case KafkaFault::kOutcomeUnknown:
      return "outcome_unknown";
    case KafkaFault::kFenced:
      return "fenced";
    case KafkaFault::kFatal:
      return "fatal";
  }
  return "?";
}

}  // namespace

ProbeRecord record_of(const Json& json) {
  ProbeRecord record;
  record.topic = json.at("topic").get<std::string>();
  record.partition = json.value("partition", 0);
  record.key = bytes_of(json.value("key", Json()));
  record.value = bytes_of(json.value("value", Json()));
  for (const Json& header : json.value("headers", Json::array()))
    record.headers.push_back({header.at(0).get<std::string>(), bytes_of(header.at(1))});
  record.marked = json.value("marked", false);
  return record;
}

Json json_of(const IncomingMessage& message) {
  Json headers = Json::array();
  for (const KafkaHeader& header : message.headers)
    headers.push_back({std::string(header.key), json_of(header.value)});
  return {{"partition", message.partition}, {"offset", message.offset},
          {"key", json_of(message.key)},    {"value", json_of(message.value)},
          {"headers", std::move(headers)},  {"timestamp_ms", message.timestamp_ms}};
}

Json json_of(const KafkaError& error) {
  Json json{{"fault", name_of(error.fault)}, {"message", error.message}, {"code", error.code}};
  if (!error.remedy.empty()) json["remedy"] = error.remedy;
  return {{"error", std::move(json)}};
}

void print_line(const Json& json) {
  std::printf("%s\n", json.dump().c_str());
  std::fflush(stdout);
}

int report(const KafkaError& error) {
  print_line(json_of(error));
  return 1;
}

}  // namespace penstock::connect
