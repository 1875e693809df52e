// The table of parameters and the rules for their values.
#include "coordinator/session_variables.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/check.h"

namespace penstock::coordinator {
namespace {

using Kind = VariableSpec::Kind;

constexpr VariableSpec kVariables[] = {
    {"application_name", "", "The name the client gives itself.", Kind::kText, true},
    {"auto_route_catalog_queries", "on", "Accepted for compatibility.", Kind::kBoolean, false},
    {"client_encoding", "UTF8", "Always UTF8.", Kind::kFixed, true},
    {"client_min_messages", "notice", "The least severity of notices sent.", Kind::kText, false},
    {"cluster", "quickstart", "The cluster that new objects run in.", Kind::kText, true},
    {"cluster_replica", "", "Accepted for compatibility.", Kind::kText, true},
    {"current_object_missing_warnings", "on", "Notices about a missing database.", Kind::kBoolean,
     false},
    {"database", "penstock", "The database that names are looked up in.", Kind::kText, true},
    {"DateStyle", "ISO, MDY", "Always ISO, MDY.", Kind::kFixed, true},
    {"default_cluster_replication_factor", "1", "Accepted for compatibility.", Kind::kReadOnly,
     true},
    {"emit_timestamp_notice", "off", "Accepted for compatibility.", Kind::kBoolean, false},
    {"emit_trace_id_notice", "off", "Accepted for compatibility.", Kind::kBoolean, false},
    {"extra_float_digits", "1", "Floats are always printed in full.", Kind::kText, false},
    {"idle_in_transaction_session_timeout", "2min", "0 turns it off.", Kind::kDuration, false},
    {"integer_datetimes", "on", "Always on.", Kind::kFixed, true},
    {"IntervalStyle", "postgres", "Always postgres.", Kind::kFixed, true},
    {"is_superuser", "off", "Whether the session may do everything.", Kind::kReadOnly, false},
    {"max_identifier_length", "255", "Bytes of an identifier.", Kind::kReadOnly, false},
    {"max_query_result_size", "1GB", "Accepted for compatibility.", Kind::kText, false},
    {"mz_version", "", "The product's version.", Kind::kReadOnly, true},
    {"real_time_recency", "off", "Accepted for compatibility.", Kind::kBoolean, false},
    {"real_time_recency_timeout", "10s", "Accepted for compatibility.", Kind::kDuration, false},
    {"search_path", "public", "Schemas that unqualified names are looked up in.", Kind::kText,
     true},
    {"server_version", "9.5.0", "What clients think they talk to.", Kind::kReadOnly, true},
    {"server_version_num", "90500", "The same as a number.", Kind::kReadOnly, false},
    {"sql_safe_updates", "off", "Accepted for compatibility.", Kind::kBoolean, false},
    {"standard_conforming_strings", "on", "Always on.", Kind::kFixed, true},
    {"statement_timeout", "60s", "0 turns it off.", Kind::kDuration, false},
    {"TimeZone", "UTC", "Always UTC.", Kind::kText, true},
    {"transaction_isolation", "strict serializable", "How reads are ordered.", Kind::kText, false},
    {"welcome_message", "on", "Whether a new session is greeted.", Kind::kBoolean, false},
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::unexpected<Error> invalid_value(std::string_view name, const std::string& value) {
  return fail(sql_state::kInvalidParameterValue,
              fmt::format("invalid value for parameter \"{}\": \"{}\"", name, value));
}

Result<std::string> checked_zone(const std::string& value) {
  std::string zone = lower(value);
  if (zone == "utc" || zone == "gmt" || zone == "+00:00" || zone == "etc/utc" || zone == "0") {
    return std::string("UTC");
  }
  return invalid_value("TimeZone", value);
}

Result<std::string> checked_isolation(const std::string& value) {
  std::string level = lower(value);
  for (const char* known : {"strict serializable", "serializable", "strong session serializable",
                            "repeatable read", "read committed", "read uncommitted"}) {
    if (level == known) {
      return is_implemented_isolation(level) ? level : std::string("serializable");
    }
  }
  return invalid_value("transaction_isolation", value);
}

Result<std::string> checked(const VariableSpec& spec, const std::string& value) {
  if (spec.kind == Kind::kReadOnly) {
    return fail(sql_state::kCannotChangeParameter,
                fmt::format("parameter \"{}\" cannot be changed", spec.name));
  }
  if (spec.kind == Kind::kBoolean) {
    std::optional<bool> boolean = parse_boolean(value);
    if (!boolean) {
      return fail(sql_state::kInvalidParameterValue,
                  fmt::format("parameter \"{}\" requires a \"boolean\" value", spec.name));
    }
    return std::string(*boolean ? "on" : "off");
  }
  if (spec.kind == Kind::kDuration) {
    if (!parse_duration_ms(value)) return invalid_value(spec.name, value);
    return value;
  }
  if (spec.kind == Kind::kFixed) {
    std::string wanted = lower(value);
    std::string only = lower(spec.initial);
    if (wanted == only || (only == "utf8" && wanted == "utf-8") ||
        (only == "iso, mdy" && (wanted == "iso" || wanted == "iso,mdy"))) {
      return std::string(spec.initial);
    }
    return fail(sql_state::kInvalidParameterValue,
                fmt::format("parameter \"{}\" can only be set to \"{}\"", spec.name, spec.initial));
  }
  if (spec.name == "TimeZone") return checked_zone(value);
  if (spec.name == "transaction_isolation") return checked_isolation(value);
  return value;
}

}  // namespace

bool is_implemented_isolation(std::string_view level) {
  return lower(level).ends_with("serializable");
}

std::optional<bool> parse_boolean(std::string_view text) {
  std::string value = lower(text);
  if (value == "on" || value == "true" || value == "t" || value == "1" || value == "yes")
    return true;
  if (value == "off" || value == "false" || value == "f" || value == "0" || value == "no") {
    return false;
  }
  return std::nullopt;
}

std::optional<uint64_t> parse_duration_ms(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  std::string unit =
      lower(std::string_view(end, static_cast<size_t>(text.data() + text.size() - end)));
  while (!unit.empty() && unit.front() == ' ') unit.erase(0, 1);
  static const std::map<std::string, uint64_t> units = {{"", 1},
                                                        {"ms", 1},
                                                        {"s", 1000},
                                                        {"sec", 1000},
                                                        {"second", 1000},
                                                        {"seconds", 1000},
                                                        {"min", 60000},
                                                        {"minute", 60000},
                                                        {"minutes", 60000},
                                                        {"m", 60000},
                                                        {"h", 3600000},
                                                        {"hour", 3600000},
                                                        {"hours", 3600000},
                                                        {"d", 86400000},
                                                        {"day", 86400000},
                                                        {"days", 86400000}};
  auto found = units.find(unit);
  if (found == units.end()) return std::nullopt;
  return number * found->second;
}

SessionVariables::SessionVariables(const std::map<std::string, std::string>& server_values) {
  for (const VariableSpec& spec : kVariables) {
    Variable variable;
    variable.spec = &spec;
    auto given = server_values.find(std::string(spec.name));
    variable.initial = given == server_values.end() ? std::string(spec.initial) : given->second;
    variable.value = variable.initial;
    variables_[lower(spec.name)] = variable;
  }
}

SessionVariables::Variable* SessionVariables::find(std::string_view name) {
  auto found = variables_.find(lower(name));
  return found == variables_.end() ? nullptr : &found->second;
}
const SessionVariables::Variable* SessionVariables::find(std::string_view name) const {
  auto found = variables_.find(lower(name));
  return found == variables_.end() ? nullptr : &found->second;
}

Status SessionVariables::set(std::string_view name, const std::string& value, bool local) {
  Variable* variable = find(name);
  if (!variable) {
    return fail(sql_state::kUndefinedObject,
                fmt::format("unrecognized configuration parameter \"{}\"", name));
  }
  ASSIGN_OR_RETURN(std::string checked_value, checked(*variable->spec, value));
  if (in_transaction_) {
    auto& saved = local ? variable->before_local : variable->before_transaction;
    if (!saved) saved = variable->value;
  } else if (local) {
    return {};  // Outside a transaction SET LOCAL has no effect.
  }
  variable->value = checked_value;
  return {};
}

Status SessionVariables::reset(std::string_view name) {
  Variable* variable = find(name);
  if (!variable) {
    return fail(sql_state::kUndefinedObject,
                fmt::format("unrecognized configuration parameter \"{}\"", name));
  }
  if (variable->spec->kind == Kind::kReadOnly) return {};
  return set(name, variable->initial, false);
}

void SessionVariables::reset_all() {
  for (auto& [name, variable] : variables_) {
    if (variable.spec->kind != Kind::kReadOnly) variable.value = variable.initial;
  }
}

void SessionVariables::begin_transaction() {
  in_transaction_ = true;
}

void SessionVariables::end_transaction(bool committed) {
  in_transaction_ = false;
  for (auto& [name, variable] : variables_) {
    if (variable.before_local) variable.value = *variable.before_local;
    if (!committed && variable.before_transaction) variable.value = *variable.before_transaction;
    variable.before_local.reset();
    variable.before_transaction.reset();
  }
}

void SessionVariables::make_defaults() {
  for (auto& [name, variable] : variables_) variable.initial = variable.value;
}

Result<std::string> SessionVariables::show(std::string_view name) const {
  const Variable* variable = find(name);
  if (variable) return variable->value;
  return fail(sql_state::kUndefinedObject,
              fmt::format("unrecognized configuration parameter \"{}\"", name));
}

std::vector<std::array<std::string, 3>> SessionVariables::show_all() const {
  std::vector<std::array<std::string, 3>> out;
  for (const auto& [name, variable] : variables_) {
    out.push_back({std::string(variable.spec->name), variable.value,
                   std::string(variable.spec->description)});
  }
  return out;
}

const std::string& SessionVariables::get(std::string_view name) const {
  const Variable* variable = find(name);
  CHECK(variable != nullptr);
  return variable->value;
}

bool SessionVariables::is_on(std::string_view name) const {
  return get(name) == "on";
}

std::vector<std::string> SessionVariables::search_path() const {
  std::vector<std::string> out;
  std::string_view rest = get("search_path");
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string_view part = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (part.size() >= 2 && part.front() == '"' && part.back() == '"') {
      part = part.substr(1, part.size() - 2);
    }
    if (!part.empty()) out.emplace_back(part);
  }
  return out;
}

uint64_t SessionVariables::duration_ms(std::string_view name) const {
  return parse_duration_ms(get(name)).value_or(0);
}

std::vector<std::pair<std::string, std::string>> SessionVariables::take_changes() {
  std::vector<std::pair<std::string, std::string>> out;
  for (auto& [name, variable] : variables_) {
    if (!variable.spec->reported || variable.reported == variable.value) continue;
    variable.reported = variable.value;
    out.emplace_back(std::string(variable.spec->name), variable.value);
  }
  return out;
}

}  // namespace penstock::coordinator
