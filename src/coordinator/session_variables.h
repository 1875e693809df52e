// The parameters of a session: SET, SHOW, RESET, and what startup may set. Owned by its session.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace penstock::coordinator {

struct VariableSpec {
  std::string_view name;  // As shown; looked up without regard to case.
  std::string_view initial;
  std::string_view description;
  enum class Kind { kText, kBoolean, kDuration, kFixed, kReadOnly } kind = Kind::kText;
  bool reported = false;  // Its changes are sent to the client.
};

class SessionVariables {
 public:
  // Defaults: the given database and application parameters of the server.
  explicit SessionVariables(const std::map<std::string, std::string>& server_values);

  // Errors: 42704 unrecognized, 55P02 cannot be changed, 22023 invalid value.
  Status set(std::string_view name, const std::string& value, bool local);
  Status reset(std::string_view name);
  void reset_all();
  // Ends a transaction: SET LOCAL values go; after a rollback so do those set in it.
  void begin_transaction();
  void end_transaction(bool committed);
  // What is set now becomes what RESET goes back to.
  void make_defaults();

  Result<std::string> show(std::string_view name) const;
  // Name, value, description; by name.
  std::vector<std::array<std::string, 3>> show_all() const;
  const std::string& get(std::string_view name) const;  // REQUIRES: exists.
  bool is_on(std::string_view name) const;
  std::vector<std::string> search_path() const;
  // Milliseconds of a duration parameter; 0 = none.
  uint64_t duration_ms(std::string_view name) const;

  // Reported parameters whose value changed since the last call (at first: all of them).
  std::vector<std::pair<std::string, std::string>> take_changes();

 private:
  struct Variable {
    const VariableSpec* spec = nullptr;
    std::string initial;
    std::string value;
    std::optional<std::string> before_transaction;  // Restored on rollback.
    std::optional<std::string> before_local;        // Restored at the end.
    std::optional<std::string> reported;
  };
  Variable* find(std::string_view name);
  const Variable* find(std::string_view name) const;

  std::map<std::string, Variable> variables_;  // By lower-case name.
  bool in_transaction_ = false;
};

// False: serializable takes its place.
bool is_implemented_isolation(std::string_view level);

// "on", "TRUE", "f", "1", ...
std::optional<bool> parse_boolean(std::string_view text);
// "10s", "500ms", "2min", plain numbers are milliseconds.
std::optional<uint64_t> parse_duration_ms(std::string_view text);

}  // namespace penstock::coordinator
