// How rows become the keys and values of messages, whatever the format.
//
// A change (the Debezium envelope) is framed by constant bytes around encoded rows, so a row that
// was encoded before, and lay on disk meanwhile, can be framed as well as one still in a batch.
// Immutable; freely used by several threads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "data/delta_batch.h"

namespace penstock::format {

// before_present row | before_absent, then after_present row | after_absent, then close.
struct ChangeFrame {
  std::string_view before_present;
  std::string_view before_absent;
  std::string_view after_present;
  std::string_view after_absent;
  std::string_view close;
};

// A change taken apart again: the rows within it, as views.
struct ChangeRows {
  std::optional<std::string_view> before;
  std::optional<std::string_view> after;
};

// One more, last member of an encoded row: put in place of the `closing` bytes at its end.
struct RowTail {
  std::string closing;
  std::string tail;
};

class RowEncoder {
 public:
  virtual ~RowEncoder() = default;
  // Appends one row; false if the format has no room for one of its values, and then what was
  // appended is worth nothing. REQUIRES: a batch of the relation the encoder was made for.
  [[nodiscard]] virtual bool append_row(const data::DeltaBatch& batch, size_t row,
                                        std::string& out) const = 0;
  // Why append_row() said false: the column and its value.
  virtual std::string refusal(const data::DeltaBatch&, size_t) const { return ""; }
  virtual ChangeFrame change_frame() const = 0;
  // A member that is `text` in every row. Its schema is AvroSchemaOptions::last_text_field.
  virtual RowTail row_tail(std::string_view name, std::string_view text) const = 0;
};

}  // namespace penstock::format
