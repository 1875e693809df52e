// libFuzzer on the whole client: what brokers answer is the input's, and whatever it is, each call
// of the client ends in success or in failure, in its time: `tools/fuzz 60 client`.
//
// The first byte of an input chooses the calls and the security. Each request takes a byte more:
// its lower three bits say how it is answered, the others how old the broker is.
//
//   0  well
//   1  well, but for some bytes: where (two bytes), how many (one), which
//   2  by bytes, framed as an answer: how many (two bytes), which
//   3  by bytes of the stream, likewise
//   4 and more  by hanging up
//
// After the end of the input nobody listens.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/check.h"
#include "connect/kafka/admin/native_admin.h"
#include "connect/kafka/producer/native_producer.h"
#include "connect/kafka/reader/native_offset_committer.h"
#include "connect/kafka/reader/native_reader.h"
#include "connect/kafka/records/crc32c.h"
#include "connect/kafka/records/golden_batches_test.h"
#include "connect/kafka/simulated/server_session.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

constexpr char kTopic[] = "t";
const HostAndPort kAddress{"broker", 9092};
constexpr milliseconds kPatience(1'000);
// Of one call: its patience, and what is under way at its end.
constexpr milliseconds kMostOfCall(5'000);
constexpr size_t kMostResponseBytes = 1 << 20;

class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  uint8_t byte() {
    const std::string_view taken = bytes(1);
    return taken.empty() ? uint8_t{0} : static_cast<uint8_t>(taken[0]);
  }
  size_t two_bytes() {
    const size_t high = byte();
    return high << 8 | byte();
  }
  // Fewer if the input ends before.
  std::string_view bytes(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

Uuid topic_id() {
  Uuid id;
  id.bytes.fill(7);
  return id;
}

// What a sound broker says, where that is more than "no error".
template <typename Response>
Response well(int16_t) {
  return {};
}
template <>
MetadataResponse well(int16_t version) {
  MetadataResponse response;
  response.brokers.push_back({1, kAddress.host, kAddress.port, {}});
  response.controller_id = 1;
  auto& topic = response.topics.emplace_back();
  topic.name = kTopic;
  if (version >= 10) topic.topic_id = topic_id();
  for (int32_t partition : {0, 1}) {
    auto& made = topic.partitions.emplace_back();
    made.partition_index = partition;
    made.leader_id = 1;
  }
  return response;
}
template <>
FindCoordinatorResponse well(int16_t version) {
  FindCoordinatorResponse response;
  if (version >= 4) return response;
  response.node_id = 1;
  response.host = kAddress.host;
  response.port = kAddress.port;
  return response;
}
template <>
InitProducerIdResponse well(int16_t) {
  InitProducerIdResponse response;
  response.producer_id = 7;
  return response;
}
template <>
AddPartitionsToTxnResponse well(int16_t version) {
  AddPartitionsToTxnResponse response;
  if (version > 3) return response;
  auto& topic = response.results_by_topic_v3_and_below.emplace_back();
  topic.name = kTopic;
  topic.results_by_partition = {{0, ErrorCode::kNone}, {1, ErrorCode::kNone}};
  return response;
}
template <>
EndTxnResponse well(int16_t version) {
  EndTxnResponse response;
  if (version < 5) return response;
  response.producer_id = 7;
  response.producer_epoch = 1;
  return response;
}
template <>
ProduceResponse well(int16_t) {
  ProduceResponse response;
  auto& topic = response.responses.emplace_back();
  topic.name = kTopic;
  topic.topic_id = topic_id();
  topic.partition_responses.emplace_back();
  return response;
}
template <>
FetchResponse well(int16_t) {
  static const std::string kRecords = golden_uncompressed();
  FetchResponse response;
  auto& topic = response.responses.emplace_back();
  topic.topic = kTopic;
  topic.topic_id = topic_id();
  topic.partitions.emplace_back().records.bytes = kRecords;
  return response;
}

// A broker that says what the input wants.
class ScriptedBroker {
 public:
  ScriptedBroker(SimulatedLoop& loop, Input& input) : loop_(loop), input_(input) {
    serve_at(loop_, kAddress, [this](ServerSession& session, const ReceivedRequest& request) {
      answer(session, request);
    });
  }

 private:
  void answer(ServerSession& session, const ReceivedRequest& request) {
    if (input_.at_end()) return fall_silent();
    const uint8_t how = input_.byte();
    switch (how & 7) {
      case 0:
        return session.send(well_made(request, how >> 3));
      case 1: {
        std::string frame = well_made(request, how >> 3);
        const size_t at = input_.two_bytes() % frame.size();
        const std::string_view bytes = input_.bytes(input_.byte());
        frame.replace(at, std::min(bytes.size(), frame.size() - at), bytes);
        return session.send(std::move(frame));
      }
      case 2: {
        WireWriter body;
        body.raw(input_.bytes(input_.two_bytes()));
        // The header of ApiVersions' response is never flexible (KIP-511).
        const bool flexible = request.api != ApiKey::kApiVersions &&
                              api_info(request.api).flexible.has(request.version);
        return session.send(framed(request, flexible, body));
      }
      case 3:
        return session.send(std::string(input_.bytes(input_.two_bytes())));
      default:
        return session.close();
    }
  }

  static std::string well_made(const ReceivedRequest& request, int age) {
    if (request.api != ApiKey::kApiVersions) return answer_of(AllRequests(), request);
    ApiVersionsResponse versions;
    for (const ApiInfo& api : all_apis()) {
      versions.api_keys.push_back(
          {static_cast<int16_t>(api.key), api.versions.first,
           static_cast<int16_t>(std::max<int>(api.versions.first, api.versions.last - age))});
    }
    versions.finalized_features.push_back({"transaction.version", 2, 2});
    return frame_of(request, request.version, versions);
  }

  template <typename... Requests>
  static std::string answer_of(MessageList<Requests...>, const ReceivedRequest& request) {
    std::string frame;
    const auto answer = [&]<typename Request>(Request) {
      if (request.api != Request::kApi) return;
      frame = frame_of(request, request.version, well<typename Request::Response>(request.version));
    };
    (answer(Requests()), ...);
    return frame;
  }

  void fall_silent() {
    if (silent_) return;
    silent_ = true;
    loop_.at(loop_.now(), [this] { loop_.fall_silent(kAddress); });
  }

  SimulatedLoop& loop_;
  Input& input_;
  bool silent_ = false;
};

// One client, and what its owner does with it.
class Owner {
 public:
  Owner(SimulatedLoop& loop, Authenticator* authenticator)
      : loop_(loop), cluster_(loop, options(), authenticator, 1) {}

  void read() {
    NativeReader reader(cluster_, {.topic = kTopic}, kPatience);
    for (int32_t partition : {0, 1}) CHECK(reader.assign(partition, 0));
    const auto end = loop_.now() + kPatience;
    while (loop_.now() < end) {
      const auto record = in_time([&] { return reader.poll(milliseconds(100)); });
      // Every byte that a view promises, compared so that it must be looked at.
      if (record && *record)
        CHECK_OP(==, crc32c((*record)->value.value_or("")), crc32c((*record)->value.value_or("")));
    }
    in_time([&] { return reader.watermarks(0, stop_); });
    in_time([&] { return reader.offset_at(1, 4711, stop_); });
  }

  void produce() {
    NativeProducer producer(cluster_,
                            {.transactional_id = "w",
                             .fence_timeout = kPatience,
                             .commit_timeout = kPatience,
                             .linger = milliseconds(0)},
                            {});
    const int topic = producer.open_topic(kTopic);
    if (!finish([&] { return producer.fence(milliseconds(100)); })) return;
    for (const bool commits : {true, false, true}) {
      if (!producer.begin()) return;
      for (int32_t partition : {0, 1, 0}) {
        if (!producer.send({.topic = topic, .partition = partition, .value = "v", .marked = true}))
          return;
        producer.serve(milliseconds(10));
      }
      const auto end = [&] {
        return commits ? producer.commit(milliseconds(100)) : producer.abort(milliseconds(100));
      };
      if (!finish(end)) return;
      CHECK_OP(>=, producer.marked_offset().value_or(0), int64_t{0});
    }
  }

  void administer() {
    NativeAdmin admin(cluster_, {kPatience, kPatience});
    in_time([&] { return admin.brokers(stop_); });
    in_time([&] { return admin.describe_cluster({true, true}, stop_); });
    in_time([&] { return admin.partition_count(kTopic, stop_); });
    in_time([&] { return admin.describe_topic(kTopic, stop_); });
    in_time([&] { return admin.create_topic({.name = "new"}, stop_); });
    in_time([&] { return admin.create_partitions(kTopic, 3, ChangeMode::kApply, stop_); });
    in_time([&] { return admin.delete_topic(std::string("old"), stop_); });
    in_time([&] { return admin.delete_records(kTopic, 0, 5, stop_); });
    in_time([&] { return admin.topic_config(kTopic, stop_); });
    in_time([&] { return admin.describe_config({}, stop_); });
    in_time([&] { return admin.alter_config({}, {{}}, ChangeMode::kApply, stop_); });
    in_time([&] { return admin.list_transactions({}, stop_); });
    in_time([&] { return admin.describe_transaction("w", stop_); });
    in_time([&] { return admin.describe_producers(kTopic, 0, stop_); });
  }

  void keep_offsets() {
    NativeOffsetCommitter committer(cluster_, {.group = "g", .topic = kTopic}, kPatience);
    in_time([&] { return committer.commit({{0, 5}, {1, 6}}, stop_); });
    in_time([&] { return committer.committed({0, 1}, stop_); });
  }

 private:
  static ClientOptions options() {
    ClientOptions made;
    made.bootstrap = {kAddress};
    made.connection.setup_timeout = kPatience / 2;
    made.connection.max_response_bytes = kMostResponseBytes;
    made.request_timeout = kPatience / 2;
    return made;
  }

  // A call that says for itself when it is over.
  template <typename Call>
  std::invoke_result_t<Call> in_time(Call call) {
    const auto begun = loop_.now();
    std::invoke_result_t<Call> result = call();
    CHECK_OP(<=, (loop_.now() - begun).count(), std::chrono::nanoseconds(kMostOfCall).count());
    return result;
  }
  template <typename Call>
  bool finish(Call call) {
    const auto done = in_time([&] {
      auto state = call();
      while (state && *state == CallState::kPending) state = call();
      return state;
    });
    return done.has_value();
  }

  SimulatedLoop& loop_;
  Cluster cluster_;
  StopToken stop_;
};

void run(std::string_view bytes) {
  Input input(bytes);
  const uint8_t choice = input.byte();
  SimulatedLoop loop(1);
  ScriptedBroker broker(loop, input);
  Authenticator authenticator(
      {.mechanism = (choice & 8) != 0 ? "SCRAM-SHA-256" : "PLAIN",
       .user = "u",
       .password = SecretString("p")},
      [](std::span<unsigned char> bytes) { std::ranges::fill(bytes, 'r'); }, nullptr);
  Owner owner(loop, (choice & 4) != 0 ? &authenticator : nullptr);
  switch (choice & 3) {
    case 0:
      return owner.read();
    case 1:
      return owner.produce();
    case 2:
      return owner.administer();
    default:
      return owner.keep_offsets();
  }
}

}  // namespace
}  // namespace penstock::connect::kafka

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  penstock::connect::kafka::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
