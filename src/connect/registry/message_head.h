// What a registry puts in front of each key and value that is written by one of its schemas: which
// registry's it is, and the schema's id. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock::connect {

enum class HeadForm : uint8_t {
  kConfluent,  // A byte 0, and an id of 4 bytes.
  kGlue,       // A byte 3, a byte 0 (not compressed), and an id of 16 bytes.
};

size_t head_bytes(HeadForm form);

// What stands behind the head, whatever its id; none if the message has no such head.
std::optional<std::string_view> take_head_off(HeadForm form, std::string_view message);

}  // namespace penstock::connect
