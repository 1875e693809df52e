// Casts to text from every type, and from text to every type, through the types' text forms.
#include <fmt/core.h>

#include "expr/casts/cast_tables.h"
#include "types/scalar_text.h"
#include "types/text_io.h"

namespace penstock::expr {
namespace {

using data::Column;
using types::SqlType;
using types::TypeId;
using enum TypeId;

// Writes `text` as a value of the result's type: the input function, with its length check.
void store_parsed(const KernelCall& call, size_t row, std::string_view text) {
  if (call.type.id == kText || (call.type.id == kVarchar && call.type.modifier < 0)) {
    call.out.set_bytes(row, text);
    return;
  }
  Result<types::Datum> value = types::parse_text(call.type, text);
  if (value) {
    call.out.set_datum(row, *value);
  } else {
    call.fail(row, value.error());
  }
}

// The value as text; padding blanks of a character type do not count.
std::string_view text_at(const Column& column, const SqlType& type, size_t row) {
  std::string_view text = column.bytes(row);
  if (type.id == kBpchar) {
    while (text.ends_with(' ')) text.remove_suffix(1);
  }
  return text;
}

void cast_from_text(KernelCall& call) {
  call.rows.for_each([&](size_t row) {
    store_parsed(call, row, text_at(call.arguments[0], call.argument_types[0], row));
  });
}

// What an explicit cast keeps of a text that is too long for the result's type.
std::string_view cut(const SqlType& type, std::string_view text) {
  if (type.modifier < 0) return text;
  return types::first_characters(text, static_cast<size_t>(type.modifier));
}

void cut_text(KernelCall& call) {
  call.rows.for_each([&](size_t row) {
    std::string_view text = text_at(call.arguments[0], call.argument_types[0], row);
    store_parsed(call, row, cut(call.type, text));
  });
}

template <bool cutting>
void print(KernelCall& call) {
  const SqlType& from = call.argument_types[0];
  std::string text;
  call.rows.for_each([&](size_t row) {
    text.clear();
    types::append_cast_text(from, call.arguments[0].datum(row), text);
    store_parsed(call, row, cutting ? cut(call.type, text) : std::string_view(text));
  });
}

constexpr CastEntry to_text(TypeId from, TypeId to, CastContext context) {
  return cast_entry(from, to, context, failing_batch_kernel(print<false>));
}
constexpr CastEntry to_cut_text(TypeId from, TypeId to) {
  return cast_entry(from, to, CastContext::kExplicit, failing_batch_kernel(print<true>));
}
constexpr CastEntry from_text(TypeId from, TypeId to, CastContext context) {
  return cast_entry(from, to, context, failing_batch_kernel(cast_from_text));
}

constexpr CastContext I = CastContext::kImplicit;
constexpr CastContext A = CastContext::kAssignment;
constexpr CastContext E = CastContext::kExplicit;

// Different values of these print differently.
constexpr TypeId kPrintInjectively[] = {
    kBool,     kInt2,  kInt4, kInt8,   kUInt2, kUInt4,     kUInt8,
    kBytea,    kDate,  kTime, kUuid,   kOid,   kTimestamp, kTimestampTz,
    kInterval, kArray, kChar, kRecord, kList,  kMap,       kRange,
};
constexpr TypeId kPrintOtherwise[] = {kFloat4, kFloat8, kNumeric, kJsonb, kMzTimestamp};
constexpr TypeId kTexts[] = {kText, kVarchar, kBpchar, kName};
// Everything text can be read as, except other texts.
constexpr TypeId kParsed[] = {
    kBool,   kInt2,    kInt4,  kInt8,  kUInt2, kUInt4,     kUInt8,       kFloat4,
    kFloat8, kNumeric, kBytea, kDate,  kTime,  kTimestamp, kTimestampTz, kInterval,
    kUuid,   kJsonb,   kOid,   kArray, kList,  kMap,       kRecord,      kRange,
};

constexpr size_t kNumPrinted = std::size(kPrintInjectively) + std::size(kPrintOtherwise);
constexpr CastEntry kBetweenTexts[] = {
    // With a length to keep, an explicit cast cuts and an assignment refuses.
    same_bits(cast_entry(kText, kVarchar, E, failing_batch_kernel(cut_text))),
    same_bits(from_text(kText, kVarchar, I)),
    cast_entry(kText, kBpchar, E, failing_batch_kernel(cut_text)),
    from_text(kText, kBpchar, I),
    from_text(kText, kName, I),
    from_text(kText, kChar, A),
    from_text(kText, kMzTimestamp, A),
    same_bits(injective(from_text(kVarchar, kText, I))),
    cast_entry(kVarchar, kVarchar, E, failing_batch_kernel(cut_text)),
    from_text(kVarchar, kVarchar, I),
    cast_entry(kVarchar, kBpchar, E, failing_batch_kernel(cut_text)),
    from_text(kVarchar, kBpchar, I),
    from_text(kVarchar, kName, I),
    from_text(kVarchar, kChar, A),
    injective(from_text(kBpchar, kText, I)),
    cast_entry(kBpchar, kVarchar, E, failing_batch_kernel(cut_text)),
    from_text(kBpchar, kVarchar, I),
    cast_entry(kBpchar, kBpchar, E, failing_batch_kernel(cut_text)),
    from_text(kBpchar, kBpchar, I),
    from_text(kBpchar, kName, I),
    from_text(kBpchar, kChar, A),
    same_bits(injective(from_text(kName, kText, I))),
    cast_entry(kName, kVarchar, E, failing_batch_kernel(cut_text)),
    from_text(kName, kVarchar, A),
    cast_entry(kName, kBpchar, E, failing_batch_kernel(cut_text)),
    from_text(kName, kBpchar, A),
    from_text(kName, kChar, A),
};
constexpr size_t kNumCasts = 5 * kNumPrinted + std::size(kTexts) * std::size(kParsed) +
                             std::size(kTexts) - 1 + std::size(kBetweenTexts);

constexpr std::array<CastEntry, kNumCasts> all() {
  std::array<CastEntry, kNumCasts> out;
  size_t next = 0;
  auto add_sized = [&](TypeId type) {
    for (TypeId text : {kVarchar, kBpchar}) {
      out[next++] = to_cut_text(type, text);
      out[next++] = to_text(type, text, A);
    }
  };
  for (const CastEntry& cast : kBetweenTexts) out[next++] = cast;
  for (TypeId type : kPrintInjectively) {
    CastContext context = type == kOid ? E : type == kChar ? I : A;
    out[next++] = injective(to_text(type, kText, context));
    add_sized(type);
  }
  for (TypeId type : kPrintOtherwise) {
    out[next++] = to_text(type, kText, A);
    add_sized(type);
  }
  for (TypeId text : kTexts) {
    for (TypeId type : kParsed) out[next++] = from_text(text, type, E);
    if (text != kText) out[next++] = from_text(text, kMzTimestamp, E);
  }
  return out;
}
constexpr std::array<CastEntry, kNumCasts> kCasts = all();

}  // namespace

std::span<const CastEntry> text_casts() {
  return kCasts;
}

}  // namespace penstock::expr
