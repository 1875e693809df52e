// See overload.h. The numbered steps are those of PostgreSQL's documentation, chapter 10.
#include "sql/bind/overload.h"

#include <algorithm>
#include <functional>

#include "expr/cast_catalogue.h"
#include "expr/function_catalogue.h"
#include "types/type_name.h"

namespace penstock::sql {
namespace {

using expr::PatternKind;
using expr::TypeCategory;
using expr::TypePattern;
using types::SqlType;
using types::TypeId;

using Arguments = std::span<const SqlType>;
using Positions = std::vector<size_t>;  // Of candidates still in the race.

bool is_unknown(const SqlType& type) {
  return type.id == TypeId::kUnknown;
}

bool casts_implicitly(const SqlType& from, const SqlType& to) {
  return is_unknown(from) || types::same_base_type(from, to) ||
         expr::find_cast(from, to, expr::CastContext::kImplicit).has_value();
}

const TypePattern& parameter(const OverloadCandidate& candidate, size_t index) {
  return candidate.parameters[std::min(index, candidate.parameters.size() - 1)];
}

bool accepts_arity(const OverloadCandidate& candidate, size_t count) {
  return candidate.variadic ? count + 1 >= candidate.parameters.size()
                            : count == candidate.parameters.size();
}

bool is_compatible_pattern(PatternKind kind) {
  return kind == PatternKind::kAnyCompatible || kind == PatternKind::kAnyCompatibleArray ||
         kind == PatternKind::kAnyCompatibleList;
}

// An array, list, map or range: what patterns may want by name.
bool is_container(TypeId type) {
  return type == TypeId::kArray || type == TypeId::kList || type == TypeId::kMap ||
         type == TypeId::kRange;
}

// The T that all polymorphic parameters of a signature share: text while nothing says what it is,
// and then `undetermined` is set. Nothing when the arguments have no such T.
std::optional<SqlType> shared_type(const OverloadCandidate& candidate, Arguments arguments,
                                   bool& undetermined) {
  std::vector<SqlType> votes;
  bool compatible = false;
  bool polymorphic = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const TypePattern& pattern = parameter(candidate, i);
    if (!pattern.is_polymorphic()) continue;
    polymorphic = true;
    compatible |= is_compatible_pattern(pattern.kind);
    if (is_unknown(arguments[i])) continue;
    const TypeId container = expr::container_of(pattern.kind);
    if (container == TypeId::kUnknown) {
      votes.push_back(types::without_modifier(arguments[i]));
    } else if (arguments[i].id == container) {
      votes.push_back(*arguments[i].element);
    } else {
      return std::nullopt;
    }
  }
  if (compatible) return common_type(votes);
  undetermined = polymorphic && votes.empty();
  if (votes.empty()) return SqlType::of(TypeId::kText);
  for (const SqlType& vote : votes) {
    if (!types::same_base_type(vote, votes[0])) return std::nullopt;
  }
  return votes[0];
}

// What an argument has to be brought to for a parameter; nothing when it never fits.
std::optional<SqlType> target_type(const TypePattern& pattern, const SqlType& argument,
                                   const SqlType& shared) {
  switch (pattern.kind) {
    case PatternKind::kExact:
      return SqlType::of(pattern.type);
    case PatternKind::kArrayOf:
      return SqlType::array_of(SqlType::of(pattern.type));
    case PatternKind::kRangeOf:
      return SqlType::range_of(SqlType::of(pattern.type));
    case PatternKind::kAnyRecord:
      if (argument.id != TypeId::kRecord) return std::nullopt;
      return argument;
    case PatternKind::kAnyNonArray:
      if (argument.id == TypeId::kArray || argument.id == TypeId::kList) return std::nullopt;
      [[fallthrough]];
    case PatternKind::kAny:
      return is_unknown(argument) ? SqlType::of(TypeId::kText) : types::without_modifier(argument);
    default:
      return expr::contained(expr::container_of(pattern.kind), shared);
  }
}

// The types the arguments have to be brought to; nothing when they do not fit.
std::optional<std::vector<SqlType>> fit(const OverloadCandidate& candidate, Arguments arguments,
                                        bool& undetermined) {
  const std::optional<SqlType> shared = shared_type(candidate, arguments, undetermined);
  if (!shared) return std::nullopt;
  std::vector<SqlType> out;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::optional<SqlType> to = target_type(parameter(candidate, i), arguments[i], *shared);
    if (!to || !casts_implicitly(arguments[i], *to)) return std::nullopt;
    out.push_back(std::move(*to));
  }
  return out;
}

// A candidate with what its parameters mean for these arguments. `declared` says which parameters
// name a type: only those can match exactly, or be of a preferred type.
struct Fitted {
  size_t index = 0;
  std::vector<SqlType> parameters;
  std::vector<bool> declared;
  bool undetermined = false;

  bool is_specific() const { return std::ranges::all_of(declared, std::identity()); }
};

using Race = std::vector<Fitted>;

// Keeps the candidates with the highest score.
template <typename Score>
void keep_best(Race& race, const Score& score) {
  if (race.size() <= 1) return;
  size_t best = 0;
  for (const Fitted& fitted : race) best = std::max(best, score(fitted));
  std::erase_if(race, [&](const Fitted& fitted) { return score(fitted) < best; });
}

template <typename Keep>
void keep_if_any(Race& race, const Keep& keep) {
  if (std::ranges::any_of(race, keep)) {
    std::erase_if(race, [&](const Fitted& fitted) { return !keep(fitted); });
  }
}

size_t exact_matches(const Fitted& fitted, Arguments arguments) {
  size_t count = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool exact = types::same_base_type(arguments[i], fitted.parameters[i]);
    count += fitted.declared[i] && exact ? 1 : 0;
  }
  return count;
}

// An unknown argument of a pair counts as of the other one's type.
std::vector<SqlType> with_pair_assumed(Arguments arguments) {
  std::vector<SqlType> assumed(arguments.begin(), arguments.end());
  if (assumed.size() == 2 && is_unknown(assumed[0]) != is_unknown(assumed[1])) {
    assumed[is_unknown(assumed[0]) ? 0 : 1] = assumed[is_unknown(assumed[0]) ? 1 : 0];
  }
  return assumed;
}

// Step 3: a candidate that takes exactly the given types.
void keep_exact(Race& race, Arguments arguments) {
  const std::vector<SqlType> assumed = with_pair_assumed(arguments);
  auto is_exact = [&](const Fitted& fitted) {
    return exact_matches(fitted, assumed) == assumed.size();
  };
  keep_if_any(race, is_exact);
}

// uint2 would rather be an int4 than a float8.
void keep_near_matches(Race& race, Arguments arguments) {
  auto is_near = [&](const Fitted& fitted) {
    bool has_unsigned = false;
    for (size_t i = 0; i < arguments.size(); ++i) {
      const TypeId near = expr::near_match(arguments[i].id);
      if (near == arguments[i].id) continue;
      has_unsigned = true;
      if (fitted.parameters[i].id != near) return false;
    }
    return has_unsigned;
  };
  keep_if_any(race, is_near);
}

size_t preferred_matches(const Fitted& fitted, Arguments arguments) {
  size_t count = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (is_unknown(arguments[i])) continue;
    const bool exact = types::same_base_type(arguments[i], fitted.parameters[i]);
    const bool preferred = expr::is_preferred(fitted.parameters[i].id);
    count += fitted.declared[i] && (exact || preferred) ? 1 : 0;
  }
  return count;
}

// What an untyped argument is taken for: a category of types, and of these the preferred one if a
// candidate has it.
struct Guess {
  size_t argument = 0;
  TypeCategory category;
  bool preferred = false;

  bool agrees(const Fitted& fitted) const {
    const TypeId type = fitted.parameters[argument].id;
    return expr::category_of(type) == category && (!preferred || expr::is_preferred(type));
  }
};

// Text if a candidate takes it there, else what all candidates take; nothing when they differ.
std::optional<Guess> guess(const Race& race, size_t argument) {
  Guess out{argument, expr::category_of(race[0].parameters[argument].id), false};
  bool differ = false;
  for (const Fitted& fitted : race) {
    const TypeCategory category = expr::category_of(fitted.parameters[argument].id);
    differ |= category != out.category;
    if (category == TypeCategory::kString) out.category = category;
  }
  if (differ && out.category != TypeCategory::kString) return std::nullopt;
  for (const Fitted& fitted : race) {
    const TypeId type = fitted.parameters[argument].id;
    out.preferred |= expr::category_of(type) == out.category && expr::is_preferred(type);
  }
  return out;
}

// Step 4.e: what untyped arguments most likely are, by the categories the candidates take there. It
// is all of them or none.
void keep_by_category(Race& race, Arguments arguments) {
  if (race.size() <= 1) return;
  std::vector<Guess> guesses;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!is_unknown(arguments[i])) continue;
    const std::optional<Guess> made = guess(race, i);
    if (!made) return;
    guesses.push_back(*made);
  }
  keep_if_any(race, [&](const Fitted& fitted) {
    return std::ranges::all_of(guesses, [&](const Guess& made) { return made.agrees(fitted); });
  });
}

// Step 4.f: untyped arguments are of the type that all typed ones share.
void keep_by_known_type(Race& race, Arguments arguments) {
  const SqlType* known = nullptr;
  for (const SqlType& argument : arguments) {
    if (is_unknown(argument)) continue;
    if (known != nullptr && !types::same_base_type(*known, argument)) return;
    known = &argument;
  }
  if (known == nullptr) return;
  keep_if_any(race, [&](const Fitted& fitted) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (is_unknown(arguments[i]) && !casts_implicitly(*known, fitted.parameters[i])) return false;
    }
    return true;
  });
}

// A candidate for these very types is better than one for any type.
void keep_specific(Race& race) {
  keep_if_any(race, [](const Fitted& fitted) { return fitted.is_specific(); });
}

// Arrays, lists and maps would rather be such than elements of one; an untyped argument beside one
// is another.
void keep_containers(Race& race, std::span<const OverloadCandidate> candidates,
                     Arguments arguments) {
  std::vector<SqlType> assumed = with_pair_assumed(arguments);
  keep_if_any(race, [&](const Fitted& fitted) {
    for (size_t i = 0; i < assumed.size(); ++i) {
      const PatternKind kind = parameter(candidates[fitted.index], i).kind;
      if (is_container(assumed[i].id) && expr::container_of(kind) != assumed[i].id) return false;
    }
    return true;
  });
}

}  // namespace

OverloadChoice choose_overload(std::span<const OverloadCandidate> candidates, Arguments arguments) {
  Race race;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (!accepts_arity(candidates[i], arguments.size())) continue;
    Fitted fitted{i, {}, {}, false};
    std::optional<std::vector<SqlType>> types = fit(candidates[i], arguments, fitted.undetermined);
    if (!types) continue;
    fitted.parameters = std::move(*types);
    for (size_t at = 0; at < arguments.size(); ++at) {
      const PatternKind kind = parameter(candidates[i], at).kind;
      fitted.declared.push_back(kind == PatternKind::kExact || kind == PatternKind::kArrayOf ||
                                kind == PatternKind::kRangeOf);
    }
    race.push_back(std::move(fitted));
  }
  OverloadChoice choice;
  if (race.empty()) {
    choice.failure = OverloadFailure::kNoMatch;
    return choice;
  }
  if (race.size() > 1) keep_exact(race, arguments);
  keep_best(race, [&](const Fitted& fitted) { return exact_matches(fitted, arguments); });
  if (race.size() > 1) keep_near_matches(race, arguments);
  keep_best(race, [&](const Fitted& fitted) { return preferred_matches(fitted, arguments); });
  if (race.size() > 1) keep_containers(race, candidates, arguments);
  keep_by_category(race, arguments);
  if (race.size() > 1) keep_by_known_type(race, arguments);
  if (race.size() > 1) keep_specific(race);
  if (race.size() > 1) {
    choice.failure = OverloadFailure::kAmbiguous;
    return choice;
  }
  choice.index = race[0].index;
  choice.parameters = std::move(race[0].parameters);
  if (race[0].undetermined) choice.failure = OverloadFailure::kUndeterminedPolymorphic;
  return choice;
}

namespace {

// Of lists, maps and records the common type is made of the common types of their parts; their
// names, if all agree in them.
std::optional<SqlType> common_part(std::span<const SqlType> types, const auto& part) {
  std::vector<SqlType> parts;
  for (const SqlType& type : types) parts.push_back(part(type));
  return common_type(parts);
}

std::optional<SqlType> common_record(std::span<const SqlType> types) {
  types::RecordFields fields = *types[0].fields;
  for (const SqlType& type : types) {
    if (type.fields->size() != fields.size()) return std::nullopt;
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    std::optional<SqlType> common =
        common_part(types, [&](const SqlType& type) { return (*type.fields)[i].type.type; });
    if (!common) return std::nullopt;
    fields[i].type.type = *std::move(common);
    for (const SqlType& type : types) fields[i].type.nullable |= (*type.fields)[i].type.nullable;
  }
  return SqlType::record_of(std::move(fields));
}

std::optional<SqlType> common_nested(std::span<const SqlType> types) {
  if (types[0].id == TypeId::kRecord) return common_record(types);
  std::optional<SqlType> element =
      common_part(types, [](const SqlType& type) { return *type.element; });
  if (!element) return std::nullopt;
  return expr::contained(types[0].id, *std::move(element));
}

}  // namespace

std::optional<SqlType> common_type(std::span<const SqlType> types) {
  std::vector<SqlType> known;
  bool has_signed = false;
  for (const SqlType& type : types) {
    if (is_unknown(type)) continue;
    known.push_back(type);
    has_signed |= type.id == TypeId::kInt2 || type.id == TypeId::kInt4 || type.id == TypeId::kInt8;
  }
  if (known.empty()) return SqlType::of(TypeId::kText);
  if (has_signed) {
    for (SqlType& type : known) type.id = expr::near_match(type.id);
  }
  SqlType chosen = known[0];
  const bool all_equal =
      std::ranges::all_of(known, [&](const SqlType& type) { return type == chosen; });
  for (const SqlType& type : known) {
    if (types::same_base_type(type, chosen)) continue;
    if (expr::category_of(type.id) != expr::category_of(chosen.id)) return std::nullopt;
    if (!expr::is_preferred(chosen.id) && casts_implicitly(chosen, type) &&
        !casts_implicitly(type, chosen)) {
      chosen = type;
    }
  }
  if (types::is_composed(chosen) && !all_equal) {
    std::optional<SqlType> nested = common_nested(known);
    if (!nested) return std::nullopt;
    chosen = *std::move(nested);
    const bool one_name =
        std::ranges::all_of(known, [&](const SqlType& t) { return t.named == known[0].named; });
    if (one_name) chosen.named = known[0].named;
  }
  chosen.modifier = -1;
  for (const SqlType& type : known) {
    if (!casts_implicitly(type, chosen)) return std::nullopt;
  }
  return chosen;
}

std::string type_text(const SqlType& type) {
  return is_unknown(type) ? "unknown" : types::display_name(types::without_modifier(type));
}

std::string argument_text(Arguments arguments) {
  std::string out;
  for (const SqlType& argument : arguments) {
    if (!out.empty()) out += ", ";
    out += type_text(argument);
  }
  return out;
}

}  // namespace penstock::sql
