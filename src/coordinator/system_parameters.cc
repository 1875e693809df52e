// The table of parameters, and their values.
#include "coordinator/system_parameters.h"

#include <fmt/core.h>

#include <array>
#include <charconv>

namespace penstock::coordinator {
namespace {

constexpr std::array kParameters = {kMaxConnections, kMaxRetainedBytes};

const SystemParameter* find(std::string_view name) {
  for (const SystemParameter& parameter : kParameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

std::optional<uint64_t> positive(const std::string& text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

}  // namespace

std::span<const SystemParameter> system_parameters() {
  return kParameters;
}

Status check_system_parameter(std::string_view name, const std::optional<std::string>& value) {
  if (find(name) == nullptr) {
    return fail(sql_state::kUndefinedObject,
                fmt::format("unrecognized configuration parameter \"{}\"", name));
  }
  if (value && !positive(*value)) {
    return fail(Error(sql_state::kInvalidParameterValue,
                      fmt::format("invalid value for parameter \"{}\": \"{}\"", name, *value))
                    .with_hint("It is a whole number above zero."));
  }
  return {};
}

uint64_t value_of(const SystemParameter& parameter, const catalog::CatalogState& catalog) {
  auto found = catalog.system_parameters().find(std::string(parameter.name));
  if (found == catalog.system_parameters().end()) return parameter.default_value;
  return positive(found->second).value_or(parameter.default_value);
}

std::optional<std::string> shown_system_parameter(std::string_view name,
                                                  const catalog::CatalogState& catalog) {
  const SystemParameter* parameter = find(name);
  if (parameter == nullptr) return std::nullopt;
  return std::to_string(value_of(*parameter, catalog));
}

}  // namespace penstock::coordinator
