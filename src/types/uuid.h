// UUIDs: 16 bytes, big-endian, so that byte order is their order.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "types/datum.h"

namespace penstock::types {

// Any letter case: dashed, undashed, in braces, or with urn:uuid: before it.
Result<Fixed16> parse_uuid(std::string_view text);
// Lower case with dashes.
void append_uuid(const Fixed16& uuid, std::string& out);

}  // namespace penstock::types
