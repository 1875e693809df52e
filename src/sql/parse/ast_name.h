// Names as they stand in a statement, and the range of bytes every node of a tree was read from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock::sql {

// Half-open range of bytes of the text given to the parser. Any two ranges are equal: where
// something was written is no part of what it says, so trees can be compared with ==.
struct ByteRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) { return true; }
};

// One identifier: unquoted ones are folded to lower case already, at most 255 bytes.
// Two identifiers are equal when their text is, however they were quoted.
struct Identifier {
  std::string text;
  bool quoted = false;
  ByteRange range;
  friend bool operator==(const Identifier& a, const Identifier& b) { return a.text == b.text; }
};

// Name of a catalog item, schema, database, cluster or role: one to four parts, outermost first.
// A reference by id, `[u1 AS db.schema.x]`, carries the id (and the version, if one is given); its
// parts are then only what the writer called the object.
struct ItemName {
  std::vector<Identifier> parts;
  std::optional<std::string> id;
  std::optional<std::uint64_t> version;
  ByteRange range;
  friend bool operator==(const ItemName&, const ItemName&) = default;
};

}  // namespace penstock::sql
