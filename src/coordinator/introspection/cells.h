// Short makers of the values in rows of the system's relations.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "defs/names.h"
#include "types/datum.h"

namespace penstock::coordinator {

inline types::Datum text(std::string_view value) {
  return types::Datum::bytes(std::string(value));
}
inline types::Datum text_or_null(const std::optional<std::string>& value) {
  return value ? types::Datum::bytes(*value) : types::Datum::null();
}
inline types::Datum text_or_null(std::string_view value) {
  return value.empty() ? types::Datum::null() : text(value);
}
inline types::Datum number(uint64_t value) {
  return types::Datum::integer(static_cast<int64_t>(value));
}
inline types::Datum number_or_null(const std::optional<uint64_t>& value) {
  return value ? number(*value) : types::Datum::null();
}
inline types::Datum flag(bool value) {
  return types::Datum::boolean(value);
}
inline types::Datum null() {
  return types::Datum::null();
}
inline types::Datum id(ObjectId object) {
  return text(defs::object_id_text(object));
}
inline std::string cluster_text(ClusterId cluster) {
  return "u" + std::to_string(cluster.value);
}
inline std::string replica_text(ClusterId cluster, uint32_t number) {
  return cluster_text(cluster) + "r" + std::to_string(number);
}
inline types::Datum id_or_null(ClusterId cluster) {
  return cluster.is_none() ? null() : text(cluster_text(cluster));
}
// Owners are roles; a role's id is its name with a mark, since roles have no other identity.
inline types::Datum owner(const std::string& role) {
  return text("r_" + role);
}

}  // namespace penstock::coordinator
