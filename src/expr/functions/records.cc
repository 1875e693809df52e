// Records: the constructor and access to fields.
#include <string>

#include "expr/functions/call_kernel.h"
#include "expr/functions/families.h"
#include "types/nested_value.h"

namespace penstock::expr {
namespace {

using types::Datum;
using types::SqlType;
using enum types::TypeId;

std::optional<SqlType> type_of_row(std::span<const types::ColumnType> arguments) {
  types::RecordFields fields;
  for (const types::ColumnType& argument : arguments) {
    fields.push_back({"f" + std::to_string(fields.size() + 1), argument});
  }
  return SqlType::record_of(std::move(fields));
}
std::string build_row(const KernelCall& call, size_t row) {
  std::vector<Datum> values;
  values.reserve(call.arguments.size());
  for (const data::Column& argument : call.arguments) values.push_back(argument.datum(row));
  return types::encode_record(*call.type.fields, values);
}

// The binder turns a name into a number, and knows the type that goes with it.
std::optional<SqlType> no_type(std::span<const types::ColumnType>) {
  return std::nullopt;
}
void field(KernelCall& call) {
  const types::RecordFields& fields = *call.argument_types[0].fields;
  call.rows.for_each([&](size_t row) {
    auto number = static_cast<size_t>(call.arguments[1].value<int32_t>(row)) - 1;
    Datum value;
    if (number < fields.size()) {
      value = types::field_of_record(fields, call.arguments[0].bytes(row), number);
    }
    if (value.is_null()) {
      call.out.set_null(row);
    } else {
      call.out.set_datum(row, value);
    }
  });
}

constexpr FunctionSpec kFunctions[] = {
    with_derived_type(
        seeing_nulls(variadic(entry("row", {kAny}, kAnyRecord, call_kernel<build_row>())),
                     Nullability::kNever),
        type_of_row),
    with_derived_type(
        with_nullability(entry("field", {kAnyRecord, kInt4}, kAny, batch_kernel(field)),
                         Nullability::kAlways),
        no_type),
};

}  // namespace

std::span<const FunctionSpec> record_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
