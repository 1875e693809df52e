// Casts of lists, maps and records: part by part with the casts of their types.
#include "expr/casts/cast_tables.h"
#include "types/array_value.h"
#include "types/nested_value.h"

namespace penstock::expr {
namespace {

using types::Datum;
using types::SqlType;
using types::TypeId;
using enum TypeId;

// The casts of the parts, compiled once for the call's types.
class PartCasts final : public KernelState {
 public:
  void prepare(const SqlType& from, const SqlType& to, CastContext context) {
    if (!casts_.empty()) return;
    if (to.id != kRecord) return add(*from.element, *to.element, context);
    for (size_t i = 0; i < to.fields->size(); ++i) {
      add((*from.fields)[i].type.type, (*to.fields)[i].type.type, context);
    }
  }
  Result<Datum> operator()(size_t part, Datum value) {
    if (!casts_[part]) return value;
    data::Column column = data::Column::constant(kinds_[part], value, 1);
    EvalResult result = casts_[part]->evaluate(std::span(&column, 1), 1, data::Rows::all(1));
    if (result.errors) {
      const data::RowError& error = *result.errors->error(0);
      return fail(error.state, error.message);
    }
    return result.values.datum(0);
  }

 private:
  void add(const SqlType& from, const SqlType& to, CastContext context) {
    ScalarRef part = column_ref(0, {from, true});
    std::optional<ScalarRef> made = cast(part, to, context);
    CHECK(made.has_value());
    kinds_.push_back(types::physical_kind(from));
    casts_.emplace_back();
    if (*made != part) casts_.back().emplace(*made);
  }

  std::vector<std::optional<Evaluator>> casts_;
  std::vector<types::PhysicalKind> kinds_;
};

template <CastContext context>
void cast_parts(KernelCall& call) {
  const SqlType& from = call.argument_types[0];
  auto& casts = call.state_of<PartCasts>();
  casts.prepare(from, call.type, context);
  call.rows.for_each([&](size_t row) {
    Result<std::string> made =
        types::convert_parts(from, call.type, call.arguments[0].bytes(row), std::ref(casts));
    if (made) {
      call.out.set_bytes(row, *made);
    } else {
      call.fail(row, made.error());
    }
  });
}

void array_to_list(KernelCall& call) {
  const SqlType& from = *call.argument_types[0].element;
  auto& casts = call.state_of<PartCasts>();
  casts.prepare(call.argument_types[0], call.type, CastContext::kExplicit);
  call.rows.for_each([&](size_t row) {
    types::ArrayValue array = types::decode_array(from, call.arguments[0].bytes(row));
    if (array.dimensions.size() > 1) {
      return call.fail(row, Error(sql_state::kFeatureNotSupported,
                                  "casting multi-dimensional array to list not yet supported"));
    }
    for (Datum& element : array.elements) {
      Result<Datum> made = casts(0, std::move(element));
      if (!made) return call.fail(row, made.error());
      element = *std::move(made);
    }
    call.out.set_bytes(row, types::encode_list(*call.type.element, array.elements));
  });
}

template <CastContext context>
constexpr CastEntry part_by_part(TypeId type) {
  return cast_entry(type, type, context, failing_batch_kernel(cast_parts<context>));
}

constexpr CastContext I = CastContext::kImplicit;
constexpr CastContext A = CastContext::kAssignment;
constexpr CastContext E = CastContext::kExplicit;

constexpr CastEntry kCasts[] = {
    part_by_part<I>(kList),   part_by_part<A>(kList),
    part_by_part<E>(kList),   part_by_part<I>(kMap),
    part_by_part<A>(kMap),    part_by_part<E>(kMap),
    part_by_part<I>(kRecord), part_by_part<A>(kRecord),
    part_by_part<E>(kRecord), cast_entry(kArray, kList, E, failing_batch_kernel(array_to_list)),
};

// Only the name of a type, or of fields, or what may be NULL in it becomes another.
constexpr FunctionSpec kRename =
    injective(same_bits(cast_entry(kRecord, kRecord, I, RowKernel()))).function;

}  // namespace

const FunctionSpec& renaming_cast() {
  return kRename;
}

std::span<const CastEntry> nested_casts() {
  return kCasts;
}

}  // namespace penstock::expr
