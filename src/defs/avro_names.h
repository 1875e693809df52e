// Which names Avro allows (Apache Avro 1.11 specification, Names). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock::defs {

// The part of a full name ("a.b.Name") that is not a name, if there is one: names begin with a
// letter or '_', and go on with letters, digits and '_'.
std::optional<std::string_view> malformed_avro_name(std::string_view full_name);
// Whether the last part of a full name is the name of one of Avro's primitive types.
bool is_avro_primitive(std::string_view full_name);

// Text as a namespace: what Avro does not allow in a name becomes '_', which also stands before a
// digit at the beginning of a part.
std::string avro_namespace(std::string_view text);

}  // namespace penstock::defs
