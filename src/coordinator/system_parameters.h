// Parameters of the whole server: ALTER SYSTEM SET, and --system-parameter at its start.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/catalog_state.h"

namespace penstock::coordinator {

struct SystemParameter {
  std::string_view name;
  uint64_t default_value;  // All of them are whole numbers above zero.
  std::string_view description;
};

inline constexpr SystemParameter kMaxConnections{
    "max_connections", 5000, "Sessions at the same time; those of the superuser do not count."};
inline constexpr SystemParameter kMaxRetainedBytes{
    "max_retained_bytes", uint64_t{16} << 30,
    "History that one consumer may hold back before it has to let go of it."};

std::span<const SystemParameter> system_parameters();

// Whether there is such a parameter and it can have that value. Errors: 42704, 22023.
Status check_system_parameter(std::string_view name, const std::optional<std::string>& value);

uint64_t value_of(const SystemParameter& parameter, const catalog::CatalogState& catalog);

// As SHOW shows it; nothing if there is none of that name.
std::optional<std::string> shown_system_parameter(std::string_view name,
                                                  const catalog::CatalogState& catalog);

}  // namespace penstock::coordinator
