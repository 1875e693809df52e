// What a key that is not unique comes to.
#include "sql/plan_sink_policies.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "sql/resolve/item_names.h"

namespace penstock::sql {
namespace {

using defs::KeyViolations;

constexpr const char* kKeyViolations = "KEY VIOLATIONS";
constexpr const char* kResolvedCollection = "RESOLVED COLLECTION";

Error refused(std::string message) {
  return Error(sql_state::kInvalidParameterValue, std::move(message));
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Result<KeyViolations> key_violations(const OptionReader& with) {
  ASSIGN_OR_RETURN(std::optional<std::string> given, with.text(kKeyViolations));
  const std::string name = lower_case(given.value_or("count"));
  if (name == "count") return KeyViolations::kCount;
  if (name == "resolve") return KeyViolations::kResolve;
  return fail(refused(fmt::format("invalid {}: {}", kKeyViolations, *given))
                  .with_hint("It is 'count' or 'resolve'."));
}

}  // namespace

Status plan_key_violations(const CreateSink& statement, SinkPlan& plan) {
  defs::SinkDef& def = plan.def;
  OptionReader with(statement.with);
  ASSIGN_OR_RETURN(def.key_violations, key_violations(with));
  if (def.key_violations == KeyViolations::kCount) return {};
  if (!def.key) {
    return fail(refused(fmt::format("{} 'resolve' needs a KEY", kKeyViolations))
                    .with_hint("It keeps one row of each key."));
  }
  if (def.envelope == defs::SinkEnvelope::kAppend) {
    return fail(
        refused(fmt::format("{} 'resolve' is not possible with ENVELOPE APPEND", kKeyViolations))
            .with_hint("It tells every change of every row, whatever its key."));
  }
  ASSIGN_OR_RETURN(std::optional<std::string> collection, with.text(kResolvedCollection));
  std::optional<ObjectId> id = collection ? parse_object_id(*collection) : std::nullopt;
  if (id) def.resolved = CollectionId{id->value};
  plan.resolves_key = !def.key_is_proven;
  def.key_is_proven = true;
  return {};
}

}  // namespace penstock::sql
