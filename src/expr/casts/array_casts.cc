// Casts between arrays, element by element with the cast of their types.
#include "expr/casts/cast_tables.h"
#include "types/array_value.h"

namespace penstock::expr {
namespace {

using types::ArrayValue;
using types::Datum;
using types::SqlType;
using types::TypeId;

// The element's cast, compiled once for the call's types.
class ElementCast final : public KernelState {
 public:
  void prepare(const SqlType& from, const SqlType& to) {
    if (expression_) return;
    std::optional<ScalarRef> made = cast(column_ref(0, {from, true}), to, CastContext::kExplicit);
    CHECK(made.has_value());
    expression_ = std::move(*made);
  }
  Result<Datum> operator()(const Datum& element) const {
    return evaluate_row(expression_, std::span(&element, 1));
  }

 private:
  ScalarRef expression_;
};

void cast_elements(KernelCall& call) {
  const SqlType& from = *call.argument_types[0].element;
  const SqlType& to = *call.type.element;
  auto& element_cast = call.state_of<ElementCast>();
  element_cast.prepare(from, to);
  call.rows.for_each([&](size_t row) {
    ArrayValue array = types::decode_array(from, call.arguments[0].bytes(row));
    for (Datum& element : array.elements) {
      Result<Datum> made = element_cast(element);
      if (!made) return call.fail(row, made.error());
      element = std::move(*made);
    }
    call.out.set_bytes(row, types::encode_array(to, array));
  });
}

constexpr CastEntry kCasts[] = {
    cast_entry(TypeId::kArray, TypeId::kArray, CastContext::kExplicit,
               failing_batch_kernel(cast_elements)),
};

}  // namespace

std::span<const CastEntry> array_casts() {
  return kCasts;
}

}  // namespace penstock::expr
