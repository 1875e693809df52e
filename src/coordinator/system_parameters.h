// Parameters of the whole server: ALTER SYSTEM SET, and --system-parameter at its start.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_state.h"

namespace penstock::coordinator {

enum class ParameterKind {
  kCount,          // A whole number above zero.
  kDuration,       // Milliseconds within bounds; '10s', '500ms', a plain number.
  kFlag,           // on, off
  kClientIdRules,  // JSON, see client_id_rules().
};

struct SystemParameter {
  std::string_view name;
  uint64_t default_value;  // A flag: 0 or 1. Rules: none.
  std::string_view description;
  ParameterKind kind = ParameterKind::kCount;
};

inline constexpr uint64_t kShortestDurationMs = 10;
inline constexpr uint64_t kLongestDurationMs = 300'000;

inline constexpr SystemParameter kMaxConnections{
    "max_connections", 5000, "Sessions at the same time; those of the superuser do not count."};
inline constexpr SystemParameter kMaxRetainedBytes{
    "max_retained_bytes", uint64_t{16} << 30,
    "History that one consumer may hold back before it has to let go of it."};
inline constexpr SystemParameter kKeptSinkStatuses{
    "keep_n_sink_status_history_entries", 5,
    "Of each source's and sink's status history, so many entries outlive a restart."};
inline constexpr SystemParameter kValidateConnections{
    "enable_default_connection_validation", 1,
    "Whether CREATE and ALTER CONNECTION contact the server when VALIDATE is not given.",
    ParameterKind::kFlag};

// Of each client that is made from then on.
inline constexpr SystemParameter kKafkaSocketTimeout{
    "kafka_socket_timeout", 60'000, "Of one request to a broker.", ParameterKind::kDuration};
inline constexpr SystemParameter kKafkaSetupTimeout{
    "kafka_socket_connection_setup_timeout", 30'000,
    "Of connecting to a broker, TLS and authentication together.", ParameterKind::kDuration};
inline constexpr SystemParameter kKafkaMetadataTimeout{"kafka_fetch_metadata_timeout", 10'000,
                                                       "Of asking for metadata, and of validation.",
                                                       ParameterKind::kDuration};
inline constexpr SystemParameter kKafkaRetryBackoff{"kafka_retry_backoff", 100,
                                                    "Before a request is sent again, at first.",
                                                    ParameterKind::kDuration};
inline constexpr SystemParameter kKafkaRetryBackoffMax{
    "kafka_retry_backoff_max", 1'000, "The same, at most.", ParameterKind::kDuration};
inline constexpr SystemParameter kKafkaReconnectBackoff{
    "kafka_reconnect_backoff", 100, "Before a broker is connected to again, at first.",
    ParameterKind::kDuration};
inline constexpr SystemParameter kKafkaReconnectBackoffMax{
    "kafka_reconnect_backoff_max", 30'000, "The same, at most.", ParameterKind::kDuration};
inline constexpr SystemParameter kKafkaKeepAlive{"kafka_socket_keepalive", 1,
                                                 "Whether the system probes silent connections.",
                                                 ParameterKind::kFlag};
inline constexpr SystemParameter kKafkaClientIdRules{
    "kafka_client_id_enrichment_rules", 0,
    "JSON [{\"pattern\": regex, \"payload\": text}, ...]: -payload is appended to the client ids "
    "of connections that have a broker whose address matches.",
    ParameterKind::kClientIdRules};

std::span<const SystemParameter> system_parameters();

// Whether there is such a parameter and it can have that value. Errors: 42704, 22023.
Status check_system_parameter(std::string_view name, const std::optional<std::string>& value);

// REQUIRES: it has no rules.
uint64_t value_of(const SystemParameter& parameter, const catalog::CatalogState& catalog);
bool is_on(const SystemParameter& parameter, const catalog::CatalogState& catalog);
std::chrono::milliseconds duration_of(const SystemParameter& parameter,
                                      const catalog::CatalogState& catalog);

struct ClientIdRule {
  std::string pattern;  // Compiles.
  std::string payload;
};
std::vector<ClientIdRule> client_id_rules(const catalog::CatalogState& catalog);

// As SHOW shows it: "5000", "10s", "100ms", "on".
std::string shown_value(const SystemParameter& parameter, const catalog::CatalogState& catalog);
// Nothing if there is none of that name.
std::optional<std::string> shown_system_parameter(std::string_view name,
                                                  const catalog::CatalogState& catalog);

}  // namespace penstock::coordinator
