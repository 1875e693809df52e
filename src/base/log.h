// Structured logging: one line an event, text or JSON, to standard error.
//
//   log_info("sink", "resumed", {{"sink", "u7"}, {"frontier", "17"}});
//
// The room is the folder that speaks. Thread-safe. Never give it a secret.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace penstock {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };
using LogField = std::pair<std::string_view, std::string>;

void configure_log(LogLevel level, LogFormat format);
bool log_enabled(LogLevel level);
void log_event(LogLevel level, std::string_view room, std::string_view message,
               std::initializer_list<LogField> fields);

inline void log_debug(std::string_view room, std::string_view message,
                      std::initializer_list<LogField> fields) {
  if (log_enabled(LogLevel::kDebug)) log_event(LogLevel::kDebug, room, message, fields);
}
inline void log_info(std::string_view room, std::string_view message,
                     std::initializer_list<LogField> fields) {
  log_event(LogLevel::kInfo, room, message, fields);
}
inline void log_warn(std::string_view room, std::string_view message,
                     std::initializer_list<LogField> fields) {
  log_event(LogLevel::kWarn, room, message, fields);
}
inline void log_error(std::string_view room, std::string_view message,
                      std::initializer_list<LogField> fields) {
  log_event(LogLevel::kError, room, message, fields);
}

}  // namespace penstock
