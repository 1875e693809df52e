// Which planner a kind of connection has, and what ALTER CONNECTION makes of a stored statement.
#include "sql/ddl/plan_connection.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "sql/ddl/connection_options.h"
#include "sql/ddl/option_reader.h"

namespace penstock::sql {
namespace {

using catalog::CatalogView;
using catalog::NameContext;

// Options of which at most one may be given: setting one takes the other's place.
const std::pair<std::string_view, std::string_view> kExclusive = {"BROKER", "BROKERS"};

std::string_view exclusive_with(std::string_view option) {
  if (option == kExclusive.first) return kExclusive.second;
  if (option == kExclusive.second) return kExclusive.first;
  return "";
}

Status check_key_rotation(const AlterConnectionActions& actions, const std::string& full_name) {
  if (actions.actions.size() > 1) {
    return fail(sql_state::kFeatureNotSupported,
                "cannot specify any other actions alongside ALTER CONNECTION...ROTATE KEYS");
  }
  if (!actions.with.empty()) {
    return fail(sql_state::kFeatureNotSupported,
                "ALTER CONNECTION...ROTATE KEYS does not support WITH (...)");
  }
  return fail(sql_state::kWrongObjectType, full_name + " is not an SSH connection");
}

Status check_actions(ConnectionType type, const std::vector<ConnectionAction>& actions) {
  for (const ConnectionAction& action : actions) {
    const std::string& name = action.option->name;
    if (name == "PROGRESS TOPIC" || name == "PROGRESS TOPIC REPLICATION FACTOR") {
      return fail(sql_state::kFeatureNotSupported,
                  fmt::format("cannot ALTER {} option {}", connection_type_words(type), name));
    }
    for (const ConnectionAction& other : actions) {
      if (action.kind != ConnectionActionKind::kSet || other.kind != ConnectionActionKind::kDrop) {
        continue;
      }
      if (other.option->name == name) {
        return fail(sql_state::kSyntaxError, "cannot both SET and DROP/RESET options " + name);
      }
      if (other.option->name == exclusive_with(name)) {
        return fail(
            sql_state::kSyntaxError,
            fmt::format("cannot both SET and DROP/RESET mutually exclusive {} options {}, {}",
                        connection_type_words(type), kExclusive.first, kExclusive.second));
      }
    }
  }
  return {};
}

}  // namespace

Result<ConnectionPlan> plan_create_connection(const CreateConnection& statement,
                                              const CatalogView& catalog,
                                              const NameContext& context) {
  ConnectionPlan plan;
  OptionReader with(statement.with);
  RETURN_IF_ERROR(with.check_unique());
  ASSIGN_OR_RETURN(std::optional<bool> validate, with.boolean("VALIDATE"));
  plan.validate = validate.value_or(statement.type != ConnectionType::kAws);
  switch (statement.type) {
    case ConnectionType::kKafka: {
      ASSIGN_OR_RETURN(plan.def, plan_kafka_connection(statement, catalog, context));
      return plan;
    }
    case ConnectionType::kPostgres: {
      ASSIGN_OR_RETURN(plan.def, plan_postgres_connection(statement, catalog, context));
      return plan;
    }
    case ConnectionType::kAws: {
      ASSIGN_OR_RETURN(plan.def, plan_aws_connection(statement, catalog, context));
      return plan;
    }
    case ConnectionType::kConfluentSchemaRegistry: {
      ASSIGN_OR_RETURN(plan.def, plan_registry_connection(statement, catalog, context));
      return plan;
    }
    case ConnectionType::kAwsGlueSchemaRegistry: {
      ASSIGN_OR_RETURN(plan.def, plan_glue_connection(statement, catalog, context));
      return plan;
    }
    default:
      return fail(
          sql_state::kFeatureNotSupported,
          fmt::format("{} connections not yet supported", connection_type_words(statement.type)));
  }
}

Result<CreateConnection> alter_connection(CreateConnection stored,
                                          const AlterConnectionActions& actions,
                                          const std::string& full_name) {
  for (const ConnectionAction& action : actions.actions) {
    if (action.kind != ConnectionActionKind::kRotateKeys) continue;
    return std::unexpected(check_key_rotation(actions, full_name).error());
  }
  RETURN_IF_ERROR(check_actions(stored.type, actions.actions));
  std::vector<Option> set;
  for (const ConnectionAction& action : actions.actions) {
    if (action.kind == ConnectionActionKind::kSet) set.push_back(*action.option);
    std::string_view other = exclusive_with(action.option->name);
    std::erase_if(stored.options, [&](const Option& option) {
      return option.name == action.option->name ||
             (action.kind == ConnectionActionKind::kSet && option.name == other);
    });
  }
  RETURN_IF_ERROR(OptionReader(set).check_unique());
  stored.options.insert(stored.options.end(), set.begin(), set.end());
  stored.with = actions.with;
  return stored;
}

}  // namespace penstock::sql
