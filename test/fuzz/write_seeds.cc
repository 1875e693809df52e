// Writes the inputs that the fuzzers begin with: `fuzz_seeds DIR` fills a folder in DIR for each.
//
// Every message at every version, empty and filled; batches of Kafka's Java client under each
// codec; clients that are answered well by brokers of several ages. In the forms that the targets
// say.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/check.h"
#include "connect/kafka/protocol/fill.h"
#include "connect/kafka/protocol/messages.h"
#include "connect/kafka/records/golden_batches_test.h"

namespace penstock::connect::kafka {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  CHECK(file.good());
}

template <typename Message>
std::string encoded(const Message& message, int16_t version) {
  WireWriter writer;
  encode(message, version, writer);
  return writer.joined();
}

template <typename Message>
void write_message(const fs::path& folder, char message_choice) {
  for (int16_t version = Message::kVersions.first; version <= Message::kVersions.last; ++version) {
    const std::string choice = {message_choice,
                                static_cast<char>(version - Message::kVersions.first)};
    const std::string name = std::string(Message::kName) + "-" + std::to_string(version);
    Message filled;
    NameFiller::fill(filled, version);
    write(folder / name, choice + encoded(filled, version));
    write(folder / (name + "-empty"), choice + encoded(Message(), version));
  }
}

template <typename... Requests, typename... Responses>
void write_codec(const fs::path& folder, MessageList<Requests...>, MessageList<Responses...>) {
  char choice = 0;
  (write_message<Requests>(folder, choice++), ...);
  (write_message<Responses>(folder, choice++), ...);
}

void write_batches(const fs::path& folder) {
  std::string all = golden_uncompressed();
  write(folder / "uncompressed", all);
  for (const std::string_view hex :
       {kGoldenGzip, kGoldenSnappy, kGoldenLz4, kGoldenZstd, kGoldenCommit, kGoldenAbort}) {
    const std::string batch = from_hex(hex);
    write(folder / std::to_string(all.size()), batch);
    all += batch;
  }
  write(folder / "all", all);
}

void write_client(const fs::path& folder) {
  constexpr size_t kAnswers = 64;
  // The lower three bits: well.
  for (const int age : {0, 1, 2, 4, 8, 16}) {
    for (char choice = 0; choice < 16; ++choice) {
      write(folder / (std::to_string(choice) + "-" + std::to_string(age)),
            choice + std::string(kAnswers, static_cast<char>(age << 3)));
    }
  }
}

}  // namespace
}  // namespace penstock::connect::kafka

int main(int argc, char** argv) {
  using namespace penstock::connect::kafka;
  CHECK_OP(==, argc, 2);
  const std::filesystem::path root(argv[1]);
  for (const char* target : {"codec", "batch_reader", "client"})
    std::filesystem::create_directories(root / target);
  write_codec(root / "codec", AllRequests(), AllResponses());
  write_batches(root / "batch_reader");
  write_client(root / "client");
  return 0;
}
