// The `options` parameter of a startup message: `-c name=value`, `-cname=value`, `--name=value`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::server {

struct StartupOptions {
  std::vector<std::pair<std::string, std::string>> settings;  // In order; later ones win.
  std::vector<std::string> unreadable;                        // Words that are no setting.
};

// Words are separated by blanks; a backslash takes the meaning from the character behind it. In
// names a dash means an underscore.
StartupOptions parse_startup_options(std::string_view text);

}  // namespace penstock::server
