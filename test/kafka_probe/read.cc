// The reader of one partition.
#include <charconv>
#include <optional>

#include "kafka_probe/commands.h"
#include "kafka_probe/record_json.h"

namespace penstock::connect {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTurn(50);
constexpr std::string_view kTime = "time:";

int64_t number_of(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw WrongInput("not a number: " + std::string(text));
  return number;
}

KafkaResult<int64_t> find_offset(TopicReader& reader, const ReadCommand& command,
                                 const Watermarks& marks, const StopToken& stop) {
  const std::string_view text = command.offset;
  if (text == "earliest") return marks.low;
  if (text == "latest") return marks.high;
  if (text.starts_with(kTime))
    return reader.offset_at(command.partition, number_of(text.substr(kTime.size())), stop);
  return number_of(text);
}

// An error that passes is one only if it is still there when the time is over.
KafkaResult<void> read_on(TopicReader& reader, const ReadCommand& command, int64_t end) {
  const auto deadline = steady_clock::now() + command.at_most;
  std::optional<KafkaError> trouble;
  while (!command.until_end || reader.position(command.partition) < end) {
    if (steady_clock::now() >= deadline) {
      if (trouble) return std::unexpected(*trouble);
      return {};
    }
    auto message = reader.poll(kTurn);
    if (!message && message.error().fault != KafkaFault::kRetriable)
      return std::unexpected(message.error());
    trouble.reset();
    if (!message) {
      trouble = message.error();
    } else if (*message) {
      print_line(json_of(**message));
    }
  }
  return {};
}

}  // namespace

int read(KafkaClient& client, const ReadCommand& command) {
  auto reader = client.make_reader(command.reader);
  if (!reader) return report(reader.error());
  const StopToken stop;
  auto marks = (*reader)->watermarks(command.partition, stop);
  if (!marks) return report(marks.error());
  const auto offset = find_offset(**reader, command, *marks, stop);
  if (!offset) return report(offset.error());
  if (auto assigned = (*reader)->assign(command.partition, *offset); !assigned)
    return report(assigned.error());
  if (auto done = read_on(**reader, command, marks->high); !done) return report(done.error());
  marks = (*reader)->watermarks(command.partition, stop);
  if (!marks) return report(marks.error());
  print_line({{"position", (*reader)->position(command.partition)},
              {"low", marks->low},
              {"high", marks->high}});
  return 0;
}

}  // namespace penstock::connect
