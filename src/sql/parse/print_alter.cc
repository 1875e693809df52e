// DROP, ALTER, COMMENT, GRANT as text.
#include <string>
#include <variant>

#include "sql/parse/printer.h"

namespace penstock::sql {
namespace {

struct AlterPrinter {
  Printer& out;

  void operator()(const DropObjects& drop) {
    out.text("DROP ");
    out.text(words_of(drop.type));
    out.text(drop.if_exists ? " IF EXISTS " : " ");
    out.list(drop.names);
    if (drop.behavior == DropBehavior::kCascade) out.text(" CASCADE");
    if (drop.behavior == DropBehavior::kRestrict) out.text(" RESTRICT");
  }
  void operator()(const AlterStatement& alter) {
    out.text("ALTER ");
    out.text(words_of(alter.type));
    out.text(alter.if_exists ? " IF EXISTS " : " ");
    out.put(alter.name);
    out.text(" ");
    std::visit(*this, alter.action);
  }
  void operator()(const ValidateConnection& validate) {
    named("VALIDATE CONNECTION ", validate.name);
  }
  void operator()(const ValidateSink& validate) { named("VALIDATE SINK ", validate.name); }
  void operator()(const AuditSink& audit) {
    out.text("AUDIT SINK");
    named(" ", audit.name);
    if (!audit.at) return;
    out.text(" AT ");
    out.put(*audit.at);
  }
  void operator()(const CommentOn& comment) {
    out.text("COMMENT ON ");
    out.text(comment.column ? "COLUMN" : words_of(comment.type));
    named(" ", comment.name);
    if (comment.column) named(".", *comment.column);
    out.text(" IS ");
    if (comment.comment) {
      out.literal(*comment.comment);
    } else {
      out.text("NULL");
    }
  }

  // --- actions of ALTER ---
  void operator()(const RenameTo& action) { named("RENAME TO ", action.name); }
  void operator()(const OwnerTo& action) { named("OWNER TO ", action.role); }
  void operator()(const SwapWith& action) { named("SWAP WITH ", action.name); }
  void operator()(const SetCluster& action) { named("SET CLUSTER ", action.cluster); }
  void operator()(const SetOptions& action) {
    out.text("SET ");
    out.list_in_parens(action.options);
  }
  void operator()(const ResetOptions& action) {
    out.text("RESET");
    out.put_option_names(action.options);
  }
  void operator()(const SetSecretValue& action) { named("AS ", action.value); }
  void operator()(const SetSinkFrom& action) { named("SET FROM ", action.relation); }
  void operator()(const AdoptSinkProgress&) { out.text("ADOPT PROGRESS"); }
  void operator()(const RestartWithSnapshot& action) {
    out.text("RESTART WITH SNAPSHOT");
    if (action.as_difference) out.text(" AS DIFFERENCE");
  }
  void operator()(const AlterConnectionActions& alter) {
    for (std::size_t i = 0; i < alter.actions.size(); ++i) {
      if (i > 0) out.text(", ");
      connection_action(alter.actions[i]);
    }
    out.put_with(alter.with);
  }
  void operator()(const RefreshReferences&) { out.text("REFRESH REFERENCES"); }
  void operator()(const AddSubsources& action) {
    out.text("ADD SUBSOURCE ");
    for (std::size_t i = 0; i < action.tables.size(); ++i) {
      if (i > 0) out.text(", ");
      out.put(action.tables[i].upstream);
      if (action.tables[i].alias) named(" AS ", *action.tables[i].alias);
    }
    out.put_with(action.with);
  }
  void operator()(const DropSubsources& action) {
    out.text("DROP SUBSOURCE ");
    out.list(action.names);
  }
  void operator()(const AddColumn& action) {
    out.text(action.if_not_exists ? "ADD COLUMN IF NOT EXISTS " : "ADD COLUMN ");
    put_column_definition(out, action.column);
  }
  void operator()(const ApplyReplacement& action) {
    named("APPLY REPLACEMENT ", action.replacement);
  }
  void operator()(const AlterRoleAttributes& action) {
    out.text("WITH");
    for (const Option& option : action.attributes) {
      out.text(" " + option.name);
      if (!option.value) continue;
      out.text(" ");
      if (out.redacted()) {
        out.text("'<REDACTED>'");
      } else {
        out.put(*option.value);
      }
    }
  }
  void operator()(const AlterRoleVariable& action) {
    std::visit([&](const auto& change) { put_session_statement(out, StatementKind(change)); },
               action.change);
  }

  // --- privileges ---
  void operator()(const GrantPrivileges& grant) {
    out.text(grant.revoke ? "REVOKE " : "GRANT ");
    if (grant.privileges.empty()) out.text("ALL");
    for (std::size_t i = 0; i < grant.privileges.size(); ++i) {
      if (i > 0) out.text(", ");
      out.text(grant.privileges[i]);
    }
    out.text(" ON ");
    target(grant.target);
    out.text(grant.revoke ? " FROM " : " TO ");
    out.list(grant.roles);
  }
  void operator()(const GrantRole& grant) {
    out.text(grant.revoke ? "REVOKE " : "GRANT ");
    out.list(grant.roles);
    out.text(grant.revoke ? " FROM " : " TO ");
    out.list(grant.members);
  }
  template <typename Other>
  void operator()(const Other&) {}  // Printed by another family.

  // --- pieces ---
  template <typename Name>
  void named(std::string_view words, const Name& name) {
    out.text(words);
    out.put(name);
  }
  void connection_action(const ConnectionAction& action) {
    if (action.kind == ConnectionActionKind::kRotateKeys) return out.text("ROTATE KEYS");
    if (action.kind == ConnectionActionKind::kSet) {
      out.text("SET (");
      out.put(*action.option);
      return out.text(")");
    }
    out.text("DROP (" + action.option->name + ")");
  }
  void target(const GrantTarget& value) {
    if (value.system) return out.text("SYSTEM");
    if (!value.names.empty()) {
      out.text(words_of(value.type));
      out.text(" ");
      return out.list(value.names);
    }
    out.text("ALL ");
    out.text(plural_words_of(value.type));
    if (!value.in_schemas.empty()) out.text(" IN SCHEMA ");
    out.list(value.in_schemas);
    if (!value.in_databases.empty()) out.text(" IN DATABASE ");
    out.list(value.in_databases);
  }
};

}  // namespace

void put_alter_statement(Printer& out, const StatementKind& kind) {
  std::visit(AlterPrinter{out}, kind);
}

}  // namespace penstock::sql
