// The logger over spdlog: one of the two allowed globals.
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace penstock {
namespace {

struct Logger {
  std::shared_ptr<spdlog::logger> out = std::make_shared<spdlog::logger>(
      "penstock", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  std::atomic<LogFormat> format{LogFormat::kText};

  Logger() {
    out->set_pattern("%v");
    out->flush_on(spdlog::level::debug);
  }
};

Logger& logger() {
  static auto* instance = new Logger;
  return *instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

std::string json_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out;
}

std::string now_text() {
  auto now = std::chrono::system_clock::now();
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     ms % 1000);
}

}  // namespace

void configure_log(LogLevel level, LogFormat format) {
  logger().out->set_level(spdlog_level(level));
  logger().format.store(format);
}

bool log_enabled(LogLevel level) {
  return logger().out->should_log(spdlog_level(level));
}

void log_event(LogLevel level, std::string_view room, std::string_view message,
               std::initializer_list<LogField> fields) {
  if (!log_enabled(level)) return;
  std::string line;
  if (logger().format.load() == LogFormat::kJson) {
    line = fmt::format(R"({{"time":"{}","level":"{}","room":"{}","message":"{}")", now_text(),
                       level_name(level), room, json_escaped(message));
    for (const auto& [name, value] : fields) {
      line += fmt::format(R"(,"{}":"{}")", name, json_escaped(value));
    }
    line += "}";
  } else {
    line = fmt::format("{} {:5} {}: {}", now_text(), level_name(level), room, message);
    for (const auto& [name, value] : fields) line += fmt::format(" {}={}", name, value);
  }
  logger().out->log(spdlog_level(level), line);
}

}  // namespace penstock
