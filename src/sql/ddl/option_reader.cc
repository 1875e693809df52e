// Conversions of option values, with the dialect's wording of refusals.
#include "sql/ddl/option_reader.h"

#include <algorithm>
#include <charconv>

#include "sql/resolve/item_names.h"
#include "types/interval.h"
#include "types/text_io.h"

namespace penstock::sql {
namespace {

std::unexpected<Error> invalid(std::string_view option, const std::string& cause) {
  return fail(sql_state::kInvalidParameterValue, "invalid " + std::string(option) + ": " + cause);
}

constexpr int64_t kMicrosPerDay = 86'400'000'000;

}  // namespace

Result<std::string> option_text(const OptionValue& value) {
  if (const auto* text = std::get_if<StringLiteral>(&value.kind)) return text->value;
  if (const auto* word = std::get_if<Identifier>(&value.kind)) return word->text;
  return fail(sql_state::kInvalidParameterValue, "cannot use value as string");
}

const Option* OptionReader::find(std::string_view name) const {
  for (const Option& option : options_) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

Status OptionReader::check_unique() const {
  for (size_t i = 0; i < options_.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const bool same_target = options_[i].target == options_[j].target &&
                               options_[i].target_column == options_[j].target_column;
      if (options_[i].name == options_[j].name && same_target) {
        return fail(sql_state::kSyntaxError, options_[i].name + " specified more than once");
      }
    }
  }
  return {};
}

std::vector<std::string> OptionReader::others(const std::vector<std::string_view>& allowed) const {
  std::vector<std::string> out;
  for (const Option& option : options_) {
    if (std::ranges::find(allowed, option.name) == allowed.end()) out.push_back(option.name);
  }
  std::ranges::sort(out);
  return out;
}

Result<std::optional<std::string>> OptionReader::text(std::string_view name) const {
  const Option* option = find(name);
  if (!option) return std::nullopt;
  if (!option->value) return invalid(name, "must provide a string value");
  Result<std::string> text = option_text(*option->value);
  if (!text) return invalid(name, text.error().message);
  return *text;
}

Result<std::optional<std::vector<std::string>>> OptionReader::texts(std::string_view name) const {
  const Option* option = find(name);
  if (!option) return std::nullopt;
  if (!option->value) return invalid(name, "must provide a sequence value");
  const auto* sequence = std::get_if<OptionSequence>(&option->value->kind);
  if (!sequence) return invalid(name, "cannot use value as array");
  std::vector<std::string> out;
  for (const OptionValue& item : sequence->items) {
    Result<std::string> text = option_text(item);
    if (!text) return invalid(name, text.error().message);
    out.push_back(*text);
  }
  return out;
}

Result<std::optional<int32_t>> OptionReader::integer(std::string_view name) const {
  const Option* option = find(name);
  if (!option) return std::nullopt;
  if (!option->value) return invalid(name, "must provide an integer value");
  const auto* number = std::get_if<NumberLiteral>(&option->value->kind);
  if (!number) return invalid(name, "cannot use value as number");
  int32_t value = 0;
  const char* end = number->text.data() + number->text.size();
  auto [at, error] = std::from_chars(number->text.data(), end, value);
  if (error != std::errc() || at != end) {
    return invalid(name, "invalid numeric value: " + number->text);
  }
  return value;
}

Result<std::optional<bool>> OptionReader::boolean(std::string_view name) const {
  const Option* option = find(name);
  if (!option) return std::nullopt;
  if (!option->value) return true;
  if (const auto* value = std::get_if<BoolLiteral>(&option->value->kind)) return value->value;
  Result<std::string> text = option_text(*option->value);
  if (text && (*text == "true" || *text == "on")) return true;
  if (text && (*text == "false" || *text == "off")) return false;
  return invalid(name, "cannot use value as boolean");
}

Result<std::optional<int64_t>> OptionReader::interval_ms(std::string_view name) const {
  const Option* option = find(name);
  if (!option) return std::nullopt;
  if (!option->value) return invalid(name, "must provide an interval value");
  std::string text;
  if (const auto* interval = std::get_if<IntervalLiteral>(&option->value->kind)) {
    text = interval->value;
  } else if (Result<std::string> plain = option_text(*option->value)) {
    text = *plain;
  } else {
    return invalid(name, "cannot use value as interval");
  }
  Result<types::Datum> value =
      types::parse_text(types::SqlType::of(types::TypeId::kInterval), text);
  if (!value) return invalid(name, value.error().message);
  types::Interval interval = types::Interval::from_fixed16(value->as_fixed16());
  if (interval.months != 0) return invalid(name, "cannot use months or years");
  int64_t micros = 0;
  if (__builtin_mul_overflow(int64_t{interval.days}, kMicrosPerDay, &micros) ||
      __builtin_add_overflow(micros, interval.micros, &micros)) {
    return invalid(name, "interval out of range");
  }
  return micros / 1000;
}

Result<std::optional<std::map<std::string, std::string>>> OptionReader::text_map(
    std::string_view name) const {
  const Option* option = find(name);
  if (!option) return std::nullopt;
  if (!option->value) return invalid(name, "must provide a map of key-value pairs");
  const auto* map = std::get_if<OptionMap>(&option->value->kind);
  if (!map) return invalid(name, "cannot use value as map");
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : map->entries) {
    Result<std::string> text = option_text(value);
    if (!text) return invalid(name, text.error().message);
    out[key] = *text;
  }
  return out;
}

Result<std::optional<ObjectId>> OptionReader::secret(std::string_view name,
                                                     const catalog::CatalogView& catalog,
                                                     const catalog::NameContext& context) const {
  const Option* option = find(name);
  if (!option) return std::nullopt;
  if (!option->value) return invalid(name, "must provide a secret value");
  const auto* reference = std::get_if<SecretRef>(&option->value->kind);
  if (!reference) return invalid(name, "must provide a secret value");
  ASSIGN_OR_RETURN(catalog::ItemRef item, lookup_item(reference->name, catalog, context));
  if (item->kind != catalog::ItemKind::kSecret) {
    return fail(sql_state::kWrongObjectType,
                catalog.minimal_name(*item, context) + " is not a secret");
  }
  return item->id;
}

Result<std::optional<catalog::ItemRef>> OptionReader::object(
    std::string_view name, const catalog::CatalogView& catalog,
    const catalog::NameContext& context) const {
  const Option* option = find(name);
  if (!option) return std::nullopt;
  const auto* item = option->value ? std::get_if<ItemName>(&option->value->kind) : nullptr;
  if (!item) return invalid(name, "must provide an object");
  ASSIGN_OR_RETURN(catalog::ItemRef found, lookup_item(*item, catalog, context));
  return found;
}

Result<std::optional<defs::TextOrSecret>> OptionReader::text_or_secret(
    std::string_view name, const catalog::CatalogView& catalog,
    const catalog::NameContext& context) const {
  const Option* option = find(name);
  if (!option) return std::nullopt;
  if (option->value && std::holds_alternative<SecretRef>(option->value->kind)) {
    ASSIGN_OR_RETURN(std::optional<ObjectId> id, secret(name, catalog, context));
    return defs::TextOrSecret(*id);
  }
  ASSIGN_OR_RETURN(std::optional<std::string> value, text(name));
  if (!value) return std::nullopt;
  return defs::TextOrSecret(*std::move(value));
}

}  // namespace penstock::sql
