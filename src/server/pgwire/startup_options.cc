// Words of the options string, then settings of the words.
#include "server/pgwire/startup_options.h"

#include <algorithm>
#include <optional>

namespace penstock::server {
namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      in_word = false;
      continue;
    }
    if (c == '\\' && i + 1 < text.size()) c = text[++i];
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back() += c;
  }
  return words;
}

// name=value
std::optional<std::pair<std::string, std::string>> split_setting(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
  std::string name(text.substr(0, equals));
  std::replace(name.begin(), name.end(), '-', '_');
  return std::pair(std::move(name), std::string(text.substr(equals + 1)));
}

}  // namespace

StartupOptions parse_startup_options(std::string_view text) {
  StartupOptions options;
  const std::vector<std::string> words = split_words(text);
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view setting = words[i];
    if (setting == "-c" && i + 1 < words.size()) {
      setting = words[++i];
    } else if (setting.starts_with("--")) {
      setting.remove_prefix(2);
    } else if (setting.starts_with("-c")) {
      setting.remove_prefix(2);
    } else {
      options.unreadable.push_back(words[i]);
      continue;
    }
    if (auto pair = split_setting(setting)) {
      options.settings.push_back(*std::move(pair));
    } else {
      options.unreadable.emplace_back(setting);
    }
  }
  return options;
}

}  // namespace penstock::server
