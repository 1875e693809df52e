// DROP, ALTER, VALIDATE, COMMENT.
#include <string>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/option_list.h"
#include "sql/parse/option_specs.h"
#include "sql/parse/show.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

using Action = decltype(AlterStatement::action);

// The options that SET (…) and RESET (…) know for a kind of object; empty if it has none.
OptionSpecs alterable_options(ObjectType type) {
  switch (type) {
    case ObjectType::kCluster:
      return option_specs::kCluster;
    case ObjectType::kSink:
      return option_specs::kSinkWith;
    case ObjectType::kSource:
      return option_specs::kSourceWith;
    case ObjectType::kTable:
      return option_specs::kTableWith;
    case ObjectType::kMaterializedView:
      return option_specs::kMaterializedViewWith;
    case ObjectType::kView:
    case ObjectType::kIndex:
      return option_specs::kIndexWith;
    default:
      return {};
  }
}

// --- connections ---

// SET (opt [= v]) | RESET (opt) | DROP (opt) | ROTATE KEYS
Result<ConnectionAction> parse_connection_action(Cursor& cursor) {
  const std::size_t place = cursor.place();
  ConnectionAction action;
  ASSIGN_OR_RETURN(const std::string_view word,
                   cursor.expect_one_of({"SET", "RESET", "DROP", "ROTATE"}));
  if (word == "ROTATE") {
    RETURN_IF_ERROR(cursor.expect("KEYS"));
    action.kind = ConnectionActionKind::kRotateKeys;
  } else {
    action.kind = word == "SET" ? ConnectionActionKind::kSet : ConnectionActionKind::kDrop;
    RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
    const auto parse_one = word == "SET" ? parse_option : parse_option_name;
    ASSIGN_OR_RETURN(action.option, parse_one(cursor, OptionSpecs(option_specs::kConnection)));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  }
  action.range = cursor.range_from(place);
  return action;
}

Result<Action> parse_connection_actions(Cursor& cursor) {
  AlterConnectionActions alter;
  do {
    ASSIGN_OR_RETURN(ConnectionAction action, parse_connection_action(cursor));
    alter.actions.push_back(std::move(action));
  } while (cursor.accept(TokenKind::kComma));
  ASSIGN_OR_RETURN(alter.with, parse_with_options(cursor, option_specs::kConnectionWith));
  return alter;
}

// --- roles ---

Result<Action> parse_role_action(Cursor& cursor) {
  if (cursor.accept("SET")) {
    ASSIGN_OR_RETURN(SetVariable set, parse_set_variable(cursor));
    return AlterRoleVariable{std::move(set)};
  }
  if (cursor.accept("RESET")) {
    if (cursor.accept("ALL")) return AlterRoleVariable{ResetVariable{}};
    ASSIGN_OR_RETURN(std::string name, parse_variable_name(cursor));
    return AlterRoleVariable{ResetVariable{std::move(name)}};
  }
  ASSIGN_OR_RETURN(std::vector<Option> attributes, parse_role_attributes(cursor));
  return AlterRoleAttributes{std::move(attributes)};
}

// --- sources, tables, views ---

Result<Action> parse_source_action(Cursor& cursor) {
  if (cursor.accept({"REFRESH", "REFERENCES"})) return RefreshReferences{};
  if (cursor.accept("ADD")) {
    if (!cursor.accept("SUBSOURCE")) RETURN_IF_ERROR(cursor.expect("TABLE"));
    AddSubsources add;
    ASSIGN_OR_RETURN(add.tables, parse_external_references(cursor));
    ASSIGN_OR_RETURN(add.with, parse_with_options(cursor, option_specs::kAddSubsource));
    return add;
  }
  RETURN_IF_ERROR(cursor.expect("DROP"));
  if (!cursor.accept("SUBSOURCE")) RETURN_IF_ERROR(cursor.expect("TABLE"));
  DropSubsources drop;
  ASSIGN_OR_RETURN(drop.names, parse_item_names(cursor));
  return drop;
}

Result<Action> parse_add_column(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect({"ADD", "COLUMN"}));
  AddColumn add;
  ASSIGN_OR_RETURN(add.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(add.column, parse_column_definition(cursor, false));
  return add;
}

// --- what several kinds share ---

// SET CLUSTER c | SET FROM r | SET (…), from behind SET.
Result<Action> parse_set_action(Cursor& cursor, ObjectType type) {
  const bool in_cluster = type == ObjectType::kSink || type == ObjectType::kSource ||
                          type == ObjectType::kMaterializedView || type == ObjectType::kIndex;
  if (in_cluster && cursor.accept("CLUSTER")) {
    ASSIGN_OR_RETURN(Identifier cluster, cursor.identifier());
    return SetCluster{std::move(cluster)};
  }
  if (type == ObjectType::kSink && cursor.accept("FROM")) {
    ASSIGN_OR_RETURN(ItemName relation, parse_item_name(cursor));
    return SetSinkFrom{std::move(relation)};
  }
  const OptionSpecs specs = alterable_options(type);
  if (specs.empty()) return cursor.expected("one of RENAME or OWNER");
  ASSIGN_OR_RETURN(std::vector<Option> options, parse_options_in_parens(cursor, specs));
  return SetOptions{std::move(options)};
}

// RENAME TO | OWNER TO | SWAP WITH; absent if none of them stands here.
Result<std::optional<Action>> parse_naming_action(Cursor& cursor) {
  if (cursor.accept("RENAME")) {
    RETURN_IF_ERROR(cursor.expect("TO"));
    ASSIGN_OR_RETURN(Identifier name, cursor.identifier());
    return RenameTo{std::move(name)};
  }
  if (cursor.accept("OWNER")) {
    RETURN_IF_ERROR(cursor.expect("TO"));
    ASSIGN_OR_RETURN(Identifier role, cursor.identifier());
    return OwnerTo{std::move(role)};
  }
  if (cursor.accept("SWAP")) {
    RETURN_IF_ERROR(cursor.expect("WITH"));
    ASSIGN_OR_RETURN(Identifier name, cursor.identifier());
    return SwapWith{std::move(name)};
  }
  return std::nullopt;
}

Result<Action> parse_action(Cursor& cursor, ObjectType type) {
  ASSIGN_OR_RETURN(std::optional<Action> naming, parse_naming_action(cursor));
  if (naming) return *std::move(naming);
  if (type == ObjectType::kConnection) return parse_connection_actions(cursor);
  if (type == ObjectType::kRole) return parse_role_action(cursor);
  if (type == ObjectType::kSecret) {
    RETURN_IF_ERROR(cursor.expect("AS"));
    ASSIGN_OR_RETURN(Expr value, parse_expr(cursor));
    return SetSecretValue{std::move(value)};
  }
  if (cursor.accept("SET")) return parse_set_action(cursor, type);
  if (const OptionSpecs specs = alterable_options(type); cursor.is("RESET") && !specs.empty()) {
    cursor.take();
    ASSIGN_OR_RETURN(std::vector<Option> names, parse_option_names_in_parens(cursor, specs));
    return ResetOptions{std::move(names)};
  }
  if (type == ObjectType::kSource) return parse_source_action(cursor);
  if (type == ObjectType::kTable && cursor.is("ADD")) return parse_add_column(cursor);
  if (type == ObjectType::kSink && cursor.accept("ADOPT")) {
    RETURN_IF_ERROR(cursor.expect("PROGRESS"));
    return AdoptSinkProgress{};
  }
  if (type == ObjectType::kSink && cursor.accept("RESTART")) {
    RETURN_IF_ERROR(cursor.expect({"WITH", "SNAPSHOT"}));
    RestartWithSnapshot restart;
    restart.as_difference = cursor.accept("AS");
    if (restart.as_difference) RETURN_IF_ERROR(cursor.expect("DIFFERENCE"));
    return restart;
  }
  if (type == ObjectType::kMaterializedView && cursor.accept({"APPLY", "REPLACEMENT"})) {
    ASSIGN_OR_RETURN(ItemName replacement, parse_item_name(cursor));
    return ApplyReplacement{std::move(replacement)};
  }
  return cursor.expected("one of RESET or SET or RENAME or OWNER");
}

// From behind ALTER SYSTEM.
Result<StatementKind> parse_alter_system(Cursor& cursor) {
  ASSIGN_OR_RETURN(const std::string_view word, cursor.expect_one_of({"SET", "RESET"}));
  if (word == "RESET") {
    if (cursor.accept("ALL")) return AlterSystemReset{};
    ASSIGN_OR_RETURN(std::string name, parse_variable_name(cursor));
    return AlterSystemReset{std::move(name)};
  }
  AlterSystemSet set;
  ASSIGN_OR_RETURN(set.name, parse_variable_name(cursor));
  ASSIGN_OR_RETURN(set.values, parse_set_values(cursor));
  return set;
}

}  // namespace

Result<StatementKind> parse_drop(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect("DROP"));
  DropObjects drop;
  ASSIGN_OR_RETURN(drop.type, parse_object_type(cursor));
  ASSIGN_OR_RETURN(drop.if_exists, parse_if_exists(cursor));
  ASSIGN_OR_RETURN(drop.names, parse_item_names(cursor));
  if (cursor.accept("CASCADE")) {
    drop.behavior = DropBehavior::kCascade;
  } else if (cursor.accept("RESTRICT")) {
    drop.behavior = DropBehavior::kRestrict;
  }
  return drop;
}

Result<StatementKind> parse_alter(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect("ALTER"));
  if (cursor.accept("SYSTEM")) return parse_alter_system(cursor);
  AlterStatement alter;
  ASSIGN_OR_RETURN(alter.type, parse_object_type(cursor));
  ASSIGN_OR_RETURN(alter.if_exists, parse_if_exists(cursor));
  ASSIGN_OR_RETURN(alter.name, parse_item_name(cursor));
  ASSIGN_OR_RETURN(alter.action, parse_action(cursor, alter.type));
  return alter;
}

Result<StatementKind> parse_validate(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect("VALIDATE"));
  ASSIGN_OR_RETURN(std::string_view kind, cursor.expect_one_of({"CONNECTION", "SINK"}));
  ASSIGN_OR_RETURN(ItemName name, parse_item_name(cursor));
  if (kind == "SINK") return ValidateSink{std::move(name)};
  return ValidateConnection{std::move(name)};
}

Result<StatementKind> parse_audit(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect({"AUDIT", "SINK"}));
  AuditSink audit;
  ASSIGN_OR_RETURN(audit.name, parse_item_name(cursor));
  if (cursor.accept("AT")) {
    ASSIGN_OR_RETURN(audit.at, parse_expr(cursor));
  }
  return audit;
}

Result<StatementKind> parse_comment(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect({"COMMENT", "ON"}));
  CommentOn comment;
  if (cursor.accept("COLUMN")) {
    ASSIGN_OR_RETURN(comment.name, parse_item_name(cursor));
    if (comment.name.id) {
      RETURN_IF_ERROR(cursor.expect(TokenKind::kDot));
      ASSIGN_OR_RETURN(comment.column, cursor.identifier());
    } else if (comment.name.parts.size() < 2) {
      return cursor.error_at(comment.name.range, "need to specify an object and a column");
    } else {
      comment.column = std::move(comment.name.parts.back());
      comment.name.parts.pop_back();
      comment.name.range.end = comment.name.parts.back().range.end;
    }
  } else {
    ASSIGN_OR_RETURN(comment.type, parse_object_type(cursor));
    ASSIGN_OR_RETURN(comment.name, parse_item_name(cursor));
  }
  RETURN_IF_ERROR(cursor.expect("IS"));
  if (!cursor.accept("NULL")) {
    ASSIGN_OR_RETURN(comment.comment, cursor.string_literal());
  }
  return comment;
}

}  // namespace penstock::sql
