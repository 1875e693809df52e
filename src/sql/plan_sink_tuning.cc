// Each setting with its bounds, and what must hold between them.
#include "sql/plan_sink_tuning.h"

#include <fmt/core.h>

#include <charconv>

namespace penstock::sql {
namespace {

using defs::SinkTuning;

constexpr const char* kProducerConfig = "PRODUCER CONFIG";
constexpr int64_t kSecond = 1'000;
// Below: transactions of a snapshot take 2 s. Above: what brokers allow unless they are told.
constexpr int64_t kTransactionTimeoutMin = 5 * kSecond;
constexpr int64_t kTransactionTimeoutMax = 15 * 60 * kSecond;
// What one message may take of the memory between collection and broker.
constexpr int32_t kMessageBytesMin = 1'024;
constexpr int32_t kMessageBytesMax = 16 << 20;
// Below, a transaction would be a few rows.
constexpr int32_t kSnapshotRateMin = 1'024;

std::unexpected<Error> refused(std::string message) {
  return fail(sql_state::kInvalidParameterValue, std::move(message));
}

struct Setting {
  const char* name;
  std::optional<int32_t> SinkTuning::* member;
  int32_t least;
  int32_t most;
};
constexpr Setting kSettings[] = {
    {"batch.size", &SinkTuning::batch_bytes, 1'024, 16 << 20},
    {"buffer.memory", &SinkTuning::buffer_bytes, 1 << 20, 1 << 30},
    {"reconnect.backoff.max.ms", &SinkTuning::reconnect_backoff_max_ms, 1, 3'600'000},
    {"reconnect.backoff.ms", &SinkTuning::reconnect_backoff_ms, 1, 3'600'000},
    {"request.timeout.ms", &SinkTuning::request_timeout_ms, 1'000, 600'000},
    {"retry.backoff.max.ms", &SinkTuning::retry_backoff_max_ms, 1, 300'000},
    {"retry.backoff.ms", &SinkTuning::retry_backoff_ms, 1, 300'000},
};

Status read_setting(const std::string& name, const std::string& text, SinkTuning& out) {
  std::string known;
  for (const Setting& setting : kSettings) {
    known += (known.empty() ? "" : ", ") + std::string(setting.name);
    if (name != setting.name) continue;
    int32_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool number = error == std::errc() && end == text.data() + text.size();
    if (!number || value < setting.least || value > setting.most) {
      return refused(fmt::format("invalid {}: {} must be a number from {} to {}, not {}",
                                 kProducerConfig, name, setting.least, setting.most, text));
    }
    out.*setting.member = value;
    return {};
  }
  return fail(Error(sql_state::kInvalidParameterValue,
                    fmt::format("invalid {}: {} cannot be set", kProducerConfig, name))
                  .with_hint(fmt::format("These can: {}. LINGER, MAX MESSAGE BYTES, TRANSACTION "
                                         "TIMEOUT and COMPRESSION TYPE are options of their own.",
                                         known)));
}

}  // namespace

Result<SinkTuning> plan_sink_tuning(const OptionReader& with) {
  SinkTuning out;
  ASSIGN_OR_RETURN(std::optional<int64_t> timeout, with.interval_ms("TRANSACTION TIMEOUT"));
  out.transaction_timeout_ms = timeout.value_or(out.transaction_timeout_ms);
  if (out.transaction_timeout_ms < kTransactionTimeoutMin ||
      out.transaction_timeout_ms > kTransactionTimeoutMax) {
    return refused("TRANSACTION TIMEOUT must be between 5 seconds and 15 minutes");
  }
  ASSIGN_OR_RETURN(std::optional<int64_t> interval, with.interval_ms("COMMIT INTERVAL"));
  out.commit_interval_ms = interval.value_or(out.commit_interval_ms);
  // The rest is for the commit itself, and for a broker that is slow to answer.
  if (out.commit_interval_ms < 0 || out.commit_interval_ms > out.transaction_timeout_ms / 2) {
    return refused(
        fmt::format("COMMIT INTERVAL must be between 0 and half of the TRANSACTION TIMEOUT, {} ms",
                    out.transaction_timeout_ms / 2));
  }
  ASSIGN_OR_RETURN(std::optional<int32_t> bytes, with.integer("MAX MESSAGE BYTES"));
  out.message_bytes_max = bytes.value_or(out.message_bytes_max);
  if (out.message_bytes_max < kMessageBytesMin || out.message_bytes_max > kMessageBytesMax) {
    return refused(fmt::format("MAX MESSAGE BYTES must be between {} and {}", kMessageBytesMin,
                               kMessageBytesMax));
  }
  ASSIGN_OR_RETURN(std::optional<int64_t> linger, with.interval_ms("LINGER"));
  out.linger_ms = linger.value_or(out.linger_ms);
  if (out.linger_ms < 0 || out.linger_ms > kSecond) {
    return refused("LINGER must be between 0 and 1 second");
  }
  ASSIGN_OR_RETURN(out.snapshot_bytes_per_second, with.integer("SNAPSHOT RATE LIMIT"));
  if (out.snapshot_bytes_per_second && *out.snapshot_bytes_per_second < kSnapshotRateMin) {
    return refused(fmt::format("SNAPSHOT RATE LIMIT must be at least {} bytes a second, not {}",
                               kSnapshotRateMin, *out.snapshot_bytes_per_second));
  }
  ASSIGN_OR_RETURN(auto config, with.text_map(kProducerConfig));
  if (!config) return out;
  for (const auto& [name, value] : *config) RETURN_IF_ERROR(read_setting(name, value, out));
  return out;
}

}  // namespace penstock::sql
