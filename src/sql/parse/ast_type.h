// Names of types as written: `numeric(10, 2)`, `text[]`, `int list list`, `map[text => jsonb]`.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "sql/parse/ast_name.h"
#include "sql/parse/box.h"

namespace penstock::sql {

struct TypeName;

// Spellings that are keywords of the grammar are reduced to the catalog's names by the parser:
// int, integer -> int4; smallint -> int2; bigint -> int8; boolean -> bool; real -> float4;
// double [precision], float -> float8 (float(p) by its p); decimal, dec -> numeric; string -> text;
// char(n), character(n) -> bpchar(n), bare char -> bpchar(1); character varying -> varchar;
// timestamp [without time zone] -> timestamp; timestamp with time zone -> timestamptz; time without
// time zone -> time; bytes -> bytea; json -> jsonb. A name `char` is therefore always "char".
struct NamedType {
  ItemName name;
  std::vector<std::int64_t> modifiers;
  friend bool operator==(const NamedType&, const NamedType&) = default;
};
// Every number of dimensions is the same type; sizes of dimensions are ignored.
struct ArrayType {
  Box<TypeName> element;
  friend bool operator==(const ArrayType&, const ArrayType&) = default;
};
struct ListType {
  Box<TypeName> element;
  friend bool operator==(const ListType&, const ListType&) = default;
};
struct MapType {
  Box<TypeName> key;
  Box<TypeName> value;
  friend bool operator==(const MapType&, const MapType&) = default;
};

struct TypeName {
  ByteRange range;
  std::variant<NamedType, ArrayType, ListType, MapType> kind;
  friend bool operator==(const TypeName&, const TypeName&) = default;
};

}  // namespace penstock::sql
