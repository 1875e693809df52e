// What a key that is not unique, and a message that is refused, come to.
#include "sql/plan_sink_policies.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "sql/ddl/topic_name.h"
#include "sql/resolve/item_names.h"

namespace penstock::sql {
namespace {

using defs::KeyViolations;
using defs::RefusedMessages;

constexpr const char* kKeyViolations = "KEY VIOLATIONS";
constexpr const char* kResolvedCollection = "RESOLVED COLLECTION";
constexpr const char* kRefusedMessages = "REFUSED MESSAGES";
constexpr const char* kDeadLetterTopic = "DEAD LETTER TOPIC";

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

Result<RefusedMessages> refused_messages(const OptionReader& with) {
  ASSIGN_OR_RETURN(std::optional<std::string> given, with.text(kRefusedMessages));
  const std::string name = lower_case(given.value_or("stall"));
  if (name == "stall") return RefusedMessages::kStall;
  if (name == "skip") return RefusedMessages::kSkip;
  if (name == "dead letter") return RefusedMessages::kDeadLetter;
  return fail(refused(fmt::format("invalid {}: {}", kRefusedMessages, *given))
                  .with_hint("It is 'stall', 'skip' or 'dead letter'."));
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

Status plan_refused_messages(const OptionReader& with, defs::SinkDef& def) {
  ASSIGN_OR_RETURN(def.refused_messages, refused_messages(with));
  ASSIGN_OR_RETURN(std::optional<std::string> topic, with.text(kDeadLetterTopic));
  const bool has_letters = def.refused_messages == RefusedMessages::kDeadLetter;
  if (topic && !has_letters) {
    return fail(
        refused(fmt::format("{} needs {} = 'dead letter'", kDeadLetterTopic, kRefusedMessages)));
  }
  if (!has_letters) return {};
  if (!topic) {
    return fail(
        refused(fmt::format("{} 'dead letter' needs {}", kRefusedMessages, kDeadLetterTopic)));
  }
  RETURN_IF_ERROR(check_topic_name(kDeadLetterTopic, *topic));
  def.dead_letter_topic = *std::move(topic);
  return {};
}

Status check_dead_letter_topic(const defs::SinkDef& def) {
  if (def.refused_messages != RefusedMessages::kDeadLetter) return {};
  if (def.dead_letter_topic != def.topic) return {};
  return fail(
      refused(fmt::format("{} cannot be the TOPIC of the sink: {}", kDeadLetterTopic, def.topic))
          .with_hint("Name another topic."));
}

}  // namespace penstock::sql
