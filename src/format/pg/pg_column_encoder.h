// One column in PostgreSQL's text or binary form: FORMAT TEXT and FORMAT BYTES. NULL is no bytes.
#pragma once

#include <string>

#include "format/message_encoder.h"
#include "types/sql_type.h"

namespace penstock::format {

enum class PgForm { kText, kBinary };

class PgColumnEncoder final : public RowEncoder {
 public:
  PgColumnEncoder(const types::RelationType& relation, size_t position, PgForm form)
      : type_(relation.columns[position].type.type), position_(position), form_(form) {}

  // Always true.
  bool append_row(const data::DeltaBatch& batch, size_t row, std::string& out) const override;
  // There is neither: what is absent and what is empty would be the same, and a member has no room.
  ChangeFrame change_frame() const override { return {}; }
  RowTail row_tail(std::string_view, std::string_view) const override { return {}; }

 private:
  const types::SqlType type_;
  const size_t position_;
  const PgForm form_;
};

}  // namespace penstock::format
