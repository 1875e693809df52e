// ALTER SINK: SET FROM, and the options of its producer.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/check.h"
#include "coordinator/sequence/item_facts.h"
#include "coordinator/sequence/statements.h"
#include "sql/ddl/option_reader.h"
#include "sql/parse/parse.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using catalog::ItemKind;
using catalog::ItemRef;

constexpr const char* kAlterable[] = {
    "COMMIT INTERVAL",  "TRANSACTION TIMEOUT", "MAX MESSAGE BYTES",  "LINGER",
    "PRODUCER CONFIG",  "SNAPSHOT RATE LIMIT", "DELIVERY GUARANTEE", "REFUSED MESSAGES",
    "DEAD LETTER TOPIC"};

std::unexpected<Error> being_altered() {
  return fail(sql_state::kSerializationFailure, "sink was altered concurrently");
}

Status check_alterable(const sql::Option& option, const char* action) {
  if (std::ranges::find(kAlterable, option.name) != std::end(kAlterable)) return {};
  if (option.name == "KEY VIOLATIONS") {
    return fail(Error(sql_state::kFeatureNotSupported, "KEY VIOLATIONS of a sink cannot be altered")
                    .with_detail("The topic has been written the other way: what it says of a key "
                                 "that several rows have would stay until the key changes.")
                    .with_hint("Create another sink with another topic."));
  }
  return fail(
      Error(sql_state::kFeatureNotSupported,
            fmt::format("ALTER SINK ... {} ({}) not yet supported", action, option.name))
          .with_hint("What can be altered is how the producer works, and what the sink reads."));
}

const sql::Option* find_option(const std::vector<sql::Option>& options, const std::string& name) {
  auto found =
      std::ranges::find_if(options, [&](const sql::Option& one) { return one.name == name; });
  return found == options.end() ? nullptr : &*found;
}

void remove_option(std::vector<sql::Option>& options, const std::string& name) {
  std::erase_if(options, [&](const sql::Option& one) { return one.name == name; });
}

// A dead letter topic goes with the policy that needs it.
void settle_letters(bool is_said, sql::CreateSink& sink) {
  const sql::Option* policy = find_option(sink.with, "REFUSED MESSAGES");
  std::string name = policy != nullptr && policy->value
                         ? sql::option_text(*policy->value).value_or("")
                         : std::string();
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool has_letters = name == "dead letter";
  if (!is_said && !has_letters) remove_option(sink.with, "DEAD LETTER TOPIC");
}

Status set_options(const sql::SetOptions& action, sql::CreateSink& sink) {
  for (size_t i = 0; i < action.options.size(); ++i) {
    const sql::Option& option = action.options[i];
    RETURN_IF_ERROR(check_alterable(option, "SET"));
    const std::vector<sql::Option> before(action.options.begin(),
                                          action.options.begin() + static_cast<ptrdiff_t>(i));
    if (find_option(before, option.name) != nullptr) {
      return fail(sql_state::kSyntaxError, option.name + " specified more than once");
    }
    remove_option(sink.with, option.name);
    sink.with.push_back(option);
  }
  settle_letters(find_option(action.options, "DEAD LETTER TOPIC") != nullptr, sink);
  return {};
}

Status reset_options(const sql::ResetOptions& action, sql::CreateSink& sink) {
  for (const sql::Option& option : action.options) {
    RETURN_IF_ERROR(check_alterable(option, "RESET"));
    if (find_option(sink.with, option.name) == nullptr) {
      return fail(sql_state::kInvalidParameterValue,
                  fmt::format("cannot RESET {}: option is not set", option.name));
    }
    remove_option(sink.with, option.name);
  }
  settle_letters(false, sink);
  return {};
}

// Counts up what progress records say, so that who still runs the old definition is recognised.
void set_version(uint64_t version, sql::CreateSink& sink) {
  remove_option(sink.with, "VERSION");
  sql::Option option;
  option.name = "VERSION";
  option.value = sql::OptionValue{{}, sql::NumberLiteral{std::to_string(version)}};
  sink.with.push_back(std::move(option));
}

// The stored statement under another version, planned.
Result<AlteredSink> with_version(const ItemRef& item, sql::Statement stored, uint64_t version,
                                 const SequenceContext& context) {
  AlteredSink out;
  out.before = item;
  if (std::get<defs::SinkDef>(item->facts).pending) return being_altered();
  ASSIGN_OR_RETURN(sql::Statement unchanged, sql::parse_statement(item->create_sql));
  out.is_change = !(stored == unchanged);
  auto& sink = std::get<sql::CreateSink>(stored.kind);
  set_version(version, sink);
  ASSIGN_OR_RETURN(std::vector<ObjectId> names,
                   sql::resolve_item_names(stored, context.catalog, context.names));
  sql::PlanContext plan_context{
      .catalog = context.catalog, .names = context.names, .is_stored = true};
  ASSIGN_OR_RETURN(out.plan, sql::plan_create_sink(sink, plan_context));
  out.create_sql = sql::print(stored);
  return out;
}

// Whether what one has written is not what the other writes, though the rows be equal.
bool have_other_forms(const defs::SinkDef& before, const defs::SinkDef& after) {
  return before.relation != after.relation || before.key != after.key ||
         before.excluded != after.excluded;
}

// The sink's item changed, and what runs of it started again.
void put_altered(AlteredSink altered, const std::optional<PlaceOrder>& order, Sequenced& out) {
  if (altered.plan.notice && !order)
    out.notices.push_back({"NOTICE", std::move(*altered.plan.notice)});
  catalog::CatalogItem changed = *altered.before;
  changed.create_sql = std::move(altered.create_sql);
  changed.uses = std::move(altered.plan.uses);
  const auto& before = std::get<defs::SinkDef>(altered.before->facts);
  out.effects.push_back(RestartSink{changed.id, before.collection(), altered.plan.def.collection(),
                                    order, have_other_forms(before, altered.plan.def)});
  if (before.resolved && before.resolved != altered.plan.def.resolved) {
    drop_resolved_collection(*before.resolved, out);
  }
  changed.facts = std::move(altered.plan.def);
  out.changes.push_back(put_item(std::move(changed)));
}

// `into`: the collection that it reads from now on, where SET FROM has to resolve the key.
Result<AlteredSink> altered_version(const ItemRef& item, const sql::AlterStatement& statement,
                                    std::optional<CollectionId> into,
                                    const SequenceContext& context) {
  ASSIGN_OR_RETURN(sql::Statement stored, sql::parse_statement(item->create_sql));
  auto* sink = std::get_if<sql::CreateSink>(&stored.kind);
  CHECK(sink != nullptr);
  const auto& def = std::get<defs::SinkDef>(item->facts);
  if (const auto* from = std::get_if<sql::SetSinkFrom>(&statement.action)) {
    sink->from = from->relation;
    ASSIGN_OR_RETURN(ItemRef relation,
                     sql::lookup_item(from->relation, context.catalog, context.names));
    set_resolved_collection(relation->id == def.from ? def.resolved : into, *sink);
  } else if (const auto* set = std::get_if<sql::SetOptions>(&statement.action)) {
    RETURN_IF_ERROR(set_options(*set, *sink));
  } else {
    RETURN_IF_ERROR(reset_options(std::get<sql::ResetOptions>(statement.action), *sink));
  }
  return with_version(item, std::move(stored), def.version + 1, context);
}

}  // namespace

Result<AlteredSink> altered_sink(const sql::AlterStatement& statement,
                                 const SequenceContext& context) {
  ASSIGN_OR_RETURN(ItemRef item, item_of_kind(statement.name, ItemKind::kSink, context));
  return altered_version(item, statement, std::nullopt, context);
}

Result<Sequenced> sequence_altered_sink(const sql::AlterStatement& statement,
                                        const SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER SINK";
  ASSIGN_OR_RETURN(AlteredSink altered, altered_sink(statement, context));
  if (!altered.is_change) return out;
  put_altered(std::move(altered), std::nullopt, out);
  return out;
}

Result<Sequenced> sequence_prepared_sink(const sql::AlterStatement& statement,
                                         SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER SINK";
  ASSIGN_OR_RETURN(AlteredSink altered, altered_sink(statement, context));
  catalog::CatalogItem changed = *altered.before;
  // Until it changes over it depends on both.
  changed.uses.insert(changed.uses.end(), altered.plan.uses.begin(), altered.plan.uses.end());
  ASSIGN_OR_RETURN(CollectionId pending,
                   make_resolved_collection(changed, altered.plan.def, context, out));
  std::get<defs::SinkDef>(changed.facts).pending = pending;
  out.changes.push_back(put_item(std::move(changed)));
  return out;
}

Result<Sequenced> sequence_abandoned_sink(ObjectId sink, CollectionId pending,
                                          const SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER SINK";
  ItemRef item = context.catalog.item(sink);
  if (!item || std::get<defs::SinkDef>(item->facts).pending != pending) return out;
  catalog::CatalogItem changed = *item;
  std::get<defs::SinkDef>(changed.facts).pending.reset();
  ASSIGN_OR_RETURN(sql::SinkPlan plan, sink_plan(*item, context.catalog));
  changed.uses = std::move(plan.uses);
  drop_resolved_collection(pending, out);
  out.changes.push_back(put_item(std::move(changed)));
  return out;
}

Result<Sequenced> sequence_moved_sink(const sql::AlterStatement& statement, CollectionId pending,
                                      const SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER SINK";
  ASSIGN_OR_RETURN(ItemRef item, item_of_kind(statement.name, ItemKind::kSink, context));
  catalog::CatalogItem without = *item;
  auto& def = std::get<defs::SinkDef>(without.facts);
  if (def.pending != pending) return being_altered();
  def.pending.reset();
  ASSIGN_OR_RETURN(AlteredSink altered,
                   altered_version(std::make_shared<const catalog::CatalogItem>(without), statement,
                                   pending, context));
  put_altered(std::move(altered), std::nullopt, out);
  return out;
}

Result<Sequenced> sequence_sink_order(const ItemRef& sink, uint64_t version,
                                      const PlaceOrder& order, const SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER SINK";
  ASSIGN_OR_RETURN(sql::Statement stored, sql::parse_statement(sink->create_sql));
  ASSIGN_OR_RETURN(AlteredSink altered, with_version(sink, std::move(stored), version, context));
  put_altered(std::move(altered), order, out);
  return out;
}

}  // namespace penstock::coordinator
