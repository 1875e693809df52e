// Ranges on PostgreSQL's wire.
#include "format/pg/range_binary.h"

#include <utility>

#include "format/pg/big_endian.h"
#include "format/pg/pg_binary.h"
#include "types/range_value.h"
#include "types/type_name.h"

namespace penstock::format {
namespace {

using types::Datum;
using types::RangeBound;
using types::SqlType;

void append_bound(const SqlType& element, const RangeBound& bound, std::string& out) {
  if (bound.is_infinite()) return;
  std::string value;
  append_binary(element, bound.value, value);
  put_big_endian(out, static_cast<int32_t>(value.size()));
  out += value;
}

std::unexpected<Error> wrong_form(const SqlType& type) {
  return fail(SqlState{"22P03"},
              "incorrect binary data format for type " + types::display_name(type));
}

Result<RangeBound> take_bound(const SqlType& type, bool infinite, bool inclusive,
                              BigEndianReader& in) {
  if (infinite) return RangeBound{};
  const auto length = in.take<int32_t>();
  if (in.failed() || length < 0) return wrong_form(type);
  const std::string_view bytes = in.bytes(static_cast<size_t>(length));
  if (in.failed()) return wrong_form(type);
  ASSIGN_OR_RETURN(Datum value, parse_binary(*type.element, bytes));
  return RangeBound{std::move(value), inclusive};
}

}  // namespace

void append_range_binary(const SqlType& type, std::string_view bytes, std::string& out) {
  const types::RangeValue range = types::decode_range(*type.element, bytes);
  out += static_cast<char>(range.flags());
  append_bound(*type.element, range.lower, out);
  append_bound(*type.element, range.upper, out);
}

Result<Datum> parse_range_binary(const SqlType& type, std::string_view bytes) {
  BigEndianReader in(bytes);
  const auto flags = in.take<uint8_t>();
  auto has = [&](uint8_t flag) { return (flags & flag) != 0; };
  types::RangeValue range{.empty = true};
  if (!has(types::kRangeEmpty)) {
    ASSIGN_OR_RETURN(RangeBound lower, take_bound(type, has(types::kRangeLowerInfinite),
                                                  has(types::kRangeLowerInclusive), in));
    ASSIGN_OR_RETURN(RangeBound upper, take_bound(type, has(types::kRangeUpperInfinite),
                                                  has(types::kRangeUpperInclusive), in));
    ASSIGN_OR_RETURN(range, types::make_range(*type.element, std::move(lower), std::move(upper)));
  }
  if (in.failed() || !in.at_end()) return wrong_form(type);
  return Datum::bytes(types::encode_range(*type.element, range));
}

}  // namespace penstock::format
