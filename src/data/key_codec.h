// Keys of joins, groups and DISTINCT as byte strings: SQL equality of two keys is equality of their
// bytes, so hashing and memcmp decide. NULL equals NULL here (as for GROUP BY); a join leaves rows
// with a NULL key out before.
//
// A key is the RowCodec's encoding of the columns in canonical form: -0.0 becomes 0.0, every NaN
// one NaN, bpchar loses trailing blanks; numeric, interval, uuid, jsonb and text are canonical
// already. Immutable after construction.
#pragma once

#include <span>
#include <vector>

#include "data/encoded_rows.h"
#include "data/row_codec.h"
#include "types/sql_type.h"

namespace penstock::data {

class KeyCodec {
 public:
  explicit KeyCodec(std::vector<types::ColumnType> types);

  size_t num_fields() const { return types_.size(); }
  // How the keys lie in memory.
  const RowCodec& layout() const { return layout_; }
  // Whether the field's value can be got back from the key bit for bit (otherwise only an equal
  // one, the canonical).
  bool is_exact(size_t field) const;

  // REQUIRES: as RowCodec::encode.
  void encode(std::span<const Column> columns, size_t num_rows, EncodedRows& out) const;

 private:
  std::vector<types::ColumnType> types_;
  RowCodec layout_;
  bool all_exact_ = true;
};

// The column with every value in the form that stands for all its equals.
Column canonical_column(const types::SqlType& type, const Column& column);

}  // namespace penstock::data
