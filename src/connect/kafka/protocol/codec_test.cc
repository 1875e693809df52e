// Every message at every version: Kafka's own bytes, round trips, truncations.
#include "connect/kafka/protocol/codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "connect/kafka/protocol/fill.h"
#include "connect/kafka/protocol/messages.h"
#include "connect/kafka/records/crc32c.h"

namespace penstock::connect::kafka {
namespace {

template <typename F, typename... Messages>
void for_each_of(MessageList<Messages...>, F f) {
  (f(Messages()), ...);
}
// Calls f(Message()) for every message of the protocol.
template <typename F>
void for_each_message(F f) {
  for_each_of(AllRequests(), f);
  for_each_of(AllResponses(), f);
}
template <typename Message, typename F>
void for_each_version(F f) {
  for (int16_t v = Message::kVersions.first; v <= Message::kVersions.last; ++v) f(v);
}

template <typename Message>
std::string encoded(const Message& message, int16_t version) {
  WireWriter writer;
  encode(message, version, writer);
  const std::string bytes = writer.joined();
  EXPECT_EQ(bytes.size(), writer.size());
  return bytes;
}
template <typename Message>
Message filled(int16_t version) {
  Message message;
  NameFiller::fill(message, version);
  return message;
}

struct Golden {
  size_t size;
  uint32_t crc;
};
// What Kafka's own serializer makes of the filled messages, by "Name version".
std::map<std::string, Golden> read_golden() {
  std::map<std::string, Golden> golden;
  std::ifstream file(KAFKA_GOLDEN);
  std::string name, version, crc;
  size_t size;
  while (file >> name >> version >> size >> crc)
    golden[name + " " + version] = {size, static_cast<uint32_t>(std::stoul(crc, nullptr, 16))};
  return golden;
}

TEST(Codec, EveryMessageAtEveryVersionIsWhatKafkaWrites) {
  std::map<std::string, Golden> golden = read_golden();
  for_each_message([&]<typename Message>(Message) {
    for_each_version<Message>([&](int16_t version) {
      const std::string bytes = encoded(filled<Message>(version), version);
      const std::string name = std::string(Message::kName) + " " + std::to_string(version);
      ASSERT_TRUE(golden.contains(name)) << name;
      EXPECT_EQ(bytes.size(), golden[name].size) << name;
      EXPECT_EQ(crc32c(bytes), golden[name].crc) << name;
      golden.erase(name);
    });
  });
  EXPECT_TRUE(golden.empty()) << golden.begin()->first;
}

TEST(Codec, EveryMessageAtEveryVersionComesBack) {
  for_each_message([]<typename Message>(Message) {
    for_each_version<Message>([](int16_t version) {
      for (const Message& message : {Message(), filled<Message>(version)}) {
        const std::string bytes = encoded(message, version);
        Message back;
        WireReader reader(bytes);
        EXPECT_TRUE(decode(back, version, reader)) << Message::kName << " " << version;
        EXPECT_EQ(back, message) << Message::kName << " " << version;
      }
    });
  });
}

TEST(Codec, EveryTruncationFails) {
  for_each_message([]<typename Message>(Message) {
    for_each_version<Message>([](int16_t version) {
      const std::string bytes = encoded(filled<Message>(version), version);
      for (size_t size = 0; size < bytes.size(); ++size) {
        Message back;
        WireReader reader(std::string_view(bytes).substr(0, size));
        EXPECT_FALSE(decode(back, version, reader)) << Message::kName << " " << version;
      }
    });
  });
}

TEST(Codec, LeftOverBytesFail) {
  const std::string bytes = encoded(filled<EndTxnResponse>(5), 5) + "x";
  EndTxnResponse back;
  WireReader reader(bytes);
  EXPECT_FALSE(decode(back, 5, reader));
}

TEST(Codec, UnknownTaggedFieldsAreSkipped) {
  const EndTxnResponse message = filled<EndTxnResponse>(5);
  std::string bytes = encoded(message, 5);
  ASSERT_EQ(bytes.back(), '\0');  // No tagged fields.
  bytes.back() = '\2';
  bytes += std::string(
      "\x07\x03"
      "abc"
      "\x63\x00",
      7);
  EndTxnResponse back;
  WireReader reader(bytes);
  EXPECT_TRUE(decode(back, 5, reader));
  EXPECT_EQ(back, message);
}

TEST(Codec, ATaggedFieldAtItsDefaultIsNotWritten) {
  EXPECT_EQ(encoded(ApiVersionsResponse(), 4).back(), '\0');
  ApiVersionsResponse features;
  features.finalized_features_epoch = 3;
  EXPECT_EQ(encoded(features, 4).substr(encoded(features, 4).size() - 11),
            std::string("\1\1\x08\0\0\0\0\0\0\0\3", 11));
}

TEST(Codec, NullIsNotEmpty) {
  for (int16_t version : {int16_t{0}, int16_t{5}}) {
    InitProducerIdRequest request;
    const std::string empty = encoded(request, version);
    request.transactional_id.reset();
    EXPECT_NE(encoded(request, version), empty);
    InitProducerIdRequest back;
    const std::string bytes = encoded(request, version);
    WireReader reader(bytes);
    ASSERT_TRUE(decode(back, version, reader));
    EXPECT_FALSE(back.transactional_id);
  }
}

TEST(Codec, ANullWhereNoneMayBeFails) {
  // Metadata's topic names may be null from version 10 on.
  const std::string bytes("\0\0\0\1\xff\xff\1\1\1", 9);
  MetadataRequest back;
  WireReader reader(bytes);
  EXPECT_FALSE(decode(back, 8, reader));
}

TEST(CodecDeathTest, WhatAVersionCannotCarryIsABug) {
  MetadataRequest request;
  request.include_topic_authorized_operations = true;
  EXPECT_EQ(encoded(request, 8).back(), '\1');
  EXPECT_DEATH(encoded(request, 7), "include_topic_authorized_operations");
}

TEST(Codec, IgnorableFieldsAreDropped) {
  ProduceResponse response;
  response.throttle_time_ms = 5;
  response.responses.emplace_back().partition_responses.emplace_back().log_start_offset = 7;
  const std::string bytes = encoded(response, 3);
  ProduceResponse back;
  WireReader reader(bytes);
  ASSERT_TRUE(decode(back, 3, reader));
  EXPECT_EQ(back.responses[0].partition_responses[0].log_start_offset, -1);
}

TEST(Codec, AnImpossibleCountFailsAtOnce) {
  const std::string bytes("\x7f\xff\xff\xff\0\0", 6);
  DescribeConfigsRequest back;
  WireReader reader(bytes);
  EXPECT_FALSE(decode(back, 1, reader));
  EXPECT_TRUE(back.resources.empty());
}

TEST(ErrorCodes, HaveTheProtocolsNames) {
  EXPECT_EQ(error_name(ErrorCode::kTopicAuthorizationFailed), "TOPIC_AUTHORIZATION_FAILED");
  EXPECT_EQ(error_name(ErrorCode::kUnknownServerError), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(error_name(ErrorCode{9999}), "ERROR_9999");
  EXPECT_TRUE(is_retriable(ErrorCode::kConcurrentTransactions));
  EXPECT_FALSE(is_retriable(ErrorCode::kNone));
  EXPECT_TRUE(is_stale_metadata(ErrorCode::kNotLeaderOrFollower));
  EXPECT_FALSE(is_stale_metadata(ErrorCode{-2}));
}

}  // namespace
}  // namespace penstock::connect::kafka
