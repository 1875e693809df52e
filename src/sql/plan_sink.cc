// Planning of CREATE SINK ... INTO KAFKA. The order of the checks is what users of the dialect see
// when a statement has several mistakes. See planner.h.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "sql/check_sink.h"
#include "sql/ddl/option_reader.h"
#include "sql/ddl/topic_name.h"
#include "sql/lower/condition.h"
#include "sql/plan_sink_envelope.h"
#include "sql/plan_sink_format.h"
#include "sql/plan_sink_policies.h"
#include "sql/plan_sink_tuning.h"
#include "sql/resolve/item_names.h"
#include "sql/statement_planner.h"
#include "types/type_name.h"

namespace penstock::sql {

using catalog::CatalogItem;
using catalog::ItemRef;
using types::SqlType;
using types::TypeId;

namespace {

constexpr int64_t kMinRefreshMs = 1'000;
constexpr int64_t kMaxRefreshMs = 3'600'000;
constexpr const char* kKeyHint =
    "KEY must contain a unique key of the relation: GROUP BY and DISTINCT make one, a primary key "
    "upstream is one. KEY (...) NOT ENFORCED takes your word for it.";

std::unexpected<Error> refused(std::string message) {
  return fail(sql_state::kInvalidParameterValue, std::move(message));
}

// --- the statement's own options, before anything is looked up ---

Status check_with_options(const CreateSink& statement, const PlanContext& context) {
  if (statement.mode) {
    return refused("MODE is not supported for Kafka sinks, use ENVELOPE instead");
  }
  OptionReader with(statement.with);
  for (const char* own : {"VERSION", "PARTITION STRATEGY", "RESOLVED COLLECTION"}) {
    if (!with.has(own) || context.is_stored) continue;
    return refused(fmt::format("CREATE SINK...WITH ({}..) is not allowed", own));
  }
  return {};
}

Result<std::string> compression(const OptionReader& options) {
  const Option* option = options.find("COMPRESSION TYPE");
  if (option == nullptr) return std::string("lz4");
  if (!option->value) {
    return refused("invalid COMPRESSION TYPE: must provide a compression type value");
  }
  Result<std::string> given = option_text(*option->value);
  if (!given) return refused("invalid COMPRESSION TYPE: compression type must be a string");
  std::string type = *given;
  std::ranges::transform(type, type.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* known : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    if (type == known) return type;
  }
  return refused("invalid COMPRESSION TYPE: " + *given);
}

Status check_positive(std::optional<int32_t> value, const char* option) {
  if (!value || *value > 0) return {};
  return refused(fmt::format("{} must be a positive integer", option));
}

Result<defs::DeliveryGuarantee> delivery(const OptionReader& with) {
  ASSIGN_OR_RETURN(std::optional<std::string> given, with.text("DELIVERY GUARANTEE"));
  std::string name = given.value_or("exactly once");
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name == "exactly once") return defs::DeliveryGuarantee::kExactlyOnce;
  if (name == "at least once") return defs::DeliveryGuarantee::kAtLeastOnce;
  return fail(Error(sql_state::kInvalidParameterValue, "invalid DELIVERY GUARANTEE: " + *given)
                  .with_hint("It is 'exactly once' or 'at least once'."));
}

// As written; whether the numbers make sense is asked later.
struct KafkaOptions {
  std::string compression;
  std::optional<std::string> transactional_id_prefix;
  std::optional<std::string> transactional_id;
  std::optional<std::string> sink_id;
  std::string progress_group_id_prefix;
  std::optional<std::string> topic;
  std::optional<int64_t> refresh_ms;
  defs::KafkaTopicOptions of_topic;
};

Result<KafkaOptions> read_kafka_options(const CreateSink& statement) {
  OptionReader options(statement.options);
  RETURN_IF_ERROR(options.check_unique());
  KafkaOptions out;
  ASSIGN_OR_RETURN(out.compression, compression(options));
  ASSIGN_OR_RETURN(out.transactional_id_prefix, options.text("TRANSACTIONAL ID PREFIX"));
  ASSIGN_OR_RETURN(out.transactional_id, options.text("TRANSACTIONAL ID"));
  ASSIGN_OR_RETURN(out.sink_id, options.text("SINK ID"));
  ASSIGN_OR_RETURN(std::optional<std::string> group, options.text("PROGRESS GROUP ID PREFIX"));
  out.progress_group_id_prefix = group.value_or("");
  ASSIGN_OR_RETURN(out.topic, options.text("TOPIC"));
  ASSIGN_OR_RETURN(out.refresh_ms, options.interval_ms("TOPIC METADATA REFRESH INTERVAL"));
  ASSIGN_OR_RETURN(out.of_topic.partition_count, options.integer("TOPIC PARTITION COUNT"));
  ASSIGN_OR_RETURN(out.of_topic.replication_factor, options.integer("TOPIC REPLICATION FACTOR"));
  ASSIGN_OR_RETURN(auto config, options.text_map("TOPIC CONFIG"));
  if (config) out.of_topic.config = *std::move(config);
  ASSIGN_OR_RETURN(std::optional<bool> legacy, options.boolean("LEGACY IDS"));
  if (legacy.value_or(false)) return refused("LEGACY IDs option is not supported");
  return out;
}

// The names under which another system's sink is taken over.
Status use_identity(const KafkaOptions& options, defs::SinkDef& def) {
  def.transactional_id_prefix = options.transactional_id_prefix.value_or("");
  def.transactional_id = options.transactional_id;
  def.progress_id = options.sink_id;
  if (def.transactional_id && options.transactional_id_prefix) {
    return refused("TRANSACTIONAL ID and TRANSACTIONAL ID PREFIX exclude each other");
  }
  if (def.transactional_id && def.transactional_id->empty()) {
    return refused("invalid TRANSACTIONAL ID: it is empty");
  }
  const auto is_id_character = [](unsigned char c) { return std::isalnum(c) != 0; };
  if (def.progress_id &&
      (def.progress_id->empty() || !std::ranges::all_of(*def.progress_id, is_id_character))) {
    return fail(Error(sql_state::kInvalidParameterValue,
                      fmt::format("invalid SINK ID: {}", *def.progress_id))
                    .with_hint("It is what follows mz-sink- in the key of the sink's progress "
                               "record: u42, for instance."));
  }
  return {};
}

Status use_kafka_options(KafkaOptions options, defs::SinkDef& def) {
  if (!options.topic) return refused("KAFKA CONNECTION must specify TOPIC");
  RETURN_IF_ERROR(check_topic_name("TOPIC", *options.topic));
  def.compression = std::move(options.compression);
  RETURN_IF_ERROR(use_identity(options, def));
  def.progress_group_id_prefix = std::move(options.progress_group_id_prefix);
  def.topic = *std::move(options.topic);
  def.metadata_refresh_ms = options.refresh_ms.value_or(def.metadata_refresh_ms);
  if (def.metadata_refresh_ms > kMaxRefreshMs) {
    return refused("TOPIC METADATA REFRESH INTERVAL cannot be greater than 1 hour");
  }
  if (def.metadata_refresh_ms < kMinRefreshMs) {
    return refused("TOPIC METADATA REFRESH INTERVAL must be at least 1 second");
  }
  RETURN_IF_ERROR(check_positive(options.of_topic.partition_count, "TOPIC PARTITION COUNT"));
  RETURN_IF_ERROR(check_positive(options.of_topic.replication_factor, "TOPIC REPLICATION FACTOR"));
  def.topic_options = std::move(options.of_topic);
  return {};
}

Status read_with_options(const CreateSink& statement, SinkPlan& plan) {
  defs::SinkDef& def = plan.def;
  OptionReader with(statement.with);
  RETURN_IF_ERROR(with.check_unique());
  ASSIGN_OR_RETURN(std::optional<bool> snapshot, with.boolean("SNAPSHOT"));
  def.with_snapshot = snapshot.value_or(true);
  ASSIGN_OR_RETURN(def.delivery, delivery(with));
  RETURN_IF_ERROR(plan_value_columns(with, def));
  ASSIGN_OR_RETURN(std::optional<bool> schemas, with.boolean("JSON SCHEMAS"));
  def.json_schemas = schemas.value_or(false);
  ASSIGN_OR_RETURN(std::optional<bool> validate, with.boolean("VALIDATE"));
  plan.validate = validate.value_or(false);
  ASSIGN_OR_RETURN(std::optional<int32_t> version, with.integer("VERSION"));
  def.version = static_cast<uint64_t>(version.value_or(0));
  ASSIGN_OR_RETURN(def.tuning, plan_sink_tuning(with));
  return plan_refused_messages(with, def);
}

// --- what is sunk, and its key ---

Result<ItemRef> exported_relation(const CreateSink& statement, const PlanContext& context) {
  ASSIGN_OR_RETURN(ItemRef from, lookup_item(statement.from, context.catalog, context.names));
  bool exportable = from->relation && (from->kind == catalog::ItemKind::kTable ||
                                       from->kind == catalog::ItemKind::kMaterializedView);
  if (exportable && from->is_system()) {
    return fail(sql_state::kFeatureNotSupported,
                "creating a sink directly on a catalog object not yet supported");
  }
  if (exportable) return from;
  Error error(sql_state::kWrongObjectType,
              fmt::format("{} {} cannot be exported as a sink", catalog::item_kind_name(from->kind),
                          context.catalog.minimal_name(*from, context.names)));
  if (from->kind == catalog::ItemKind::kSource) {
    error = std::move(error).with_hint("Create the sink from one of the source's tables.");
  } else if (from->kind == catalog::ItemKind::kView) {
    error = std::move(error).with_hint("Create a materialized view with the same query.");
  }
  return fail(positioned(std::move(error), statement.from.range));
}

Result<std::vector<size_t>> key_columns(const SinkKey& key, const types::RelationType& relation) {
  std::vector<size_t> out;
  std::set<std::string> seen;
  for (const Identifier& name : key.columns) {
    if (!seen.insert(name.text).second) {
      return fail(sql_state::kDuplicateColumn, "duplicate column referenced in KEY: " + name.text);
    }
    std::vector<size_t> found;
    for (size_t i = 0; i < relation.columns.size(); ++i) {
      if (relation.columns[i].name == name.text) found.push_back(i);
    }
    if (found.empty()) {
      return fail(sql_state::kUndefinedColumn,
                  "column referenced in KEY does not exist: " + name.text);
    }
    if (found.size() > 1) {
      return fail(sql_state::kAmbiguousColumn,
                  "column referenced in KEY is ambiguous: " + name.text);
    }
    out.push_back(found.front());
  }
  return out;
}

bool is_proven(const std::vector<size_t>& key, const types::RelationType& relation) {
  return std::ranges::any_of(relation.keys, [&](const std::vector<size_t>& known) {
    return std::ranges::all_of(
        known, [&](size_t column) { return std::ranges::find(key, column) != key.end(); });
  });
}

std::string column_list(const std::vector<size_t>& columns, const types::RelationType& relation) {
  std::string out = "(";
  for (size_t column : columns) {
    out += fmt::format("{}\"{}\"", out.size() > 1 ? ", " : "", relation.columns[column].name);
  }
  return out + ")";
}

std::string known_keys(const types::RelationType& relation) {
  if (relation.keys.empty()) return "No unique key of it is known.";
  std::string out = "These keys are known to be unique:";
  for (const std::vector<size_t>& key : relation.keys) {
    out += "\n  " + column_list(key, relation);
  }
  return out;
}

// Whether some message says of a key only that it is gone.
bool leaves_deletions(const defs::SinkDef& def) {
  return def.envelope == defs::SinkEnvelope::kUpsert || def.tombstones;
}

// The dialect insists on a key that is unique, or on being told so, where a deletion is only a key.
Status check_upsert_key(const CreateSink& statement, const ItemRef& from,
                        const PlanContext& context, SinkPlan& plan) {
  if (!statement.key) {
    const char* who = plan.def.tombstones ? "sinks with TOMBSTONES" : "upsert sinks";
    return fail(Error(sql_state::kSyntaxError, fmt::format("{} must specify a key", who))
                    .with_hint(kKeyHint));
  }
  if (plan.def.key_is_proven) return {};
  const std::string relation = context.catalog.full_name(*from);
  const std::string key = column_list(*plan.def.key, *from->relation);
  if (!statement.key->not_enforced) {
    return fail(Error(sql_state::kInvalidParameterValue,
                      plan.def.tombstones ? "key of TOMBSTONES could not be validated as unique"
                                          : "upsert key could not be validated as unique")
                    .with_detail(fmt::format("KEY {} is not known to be a unique key of \"{}\". {}",
                                             key, relation, known_keys(*from->relation)))
                    .with_hint(kKeyHint));
  }
  plan.notice =
      Error(sql_state::kSuccessfulCompletion, plan.def.tombstones
                                                  ? "key of TOMBSTONES not validated to be unique"
                                                  : "upsert key not validated to be unique")
          .with_detail(fmt::format(
              "KEY {} is not known to be a unique key of \"{}\". Where several rows have the same "
              "key, consumers may see several changes of it at one time, or a deletion although a "
              "row with the key remains.",
              key, relation))
          .with_hint(kKeyHint);
  return {};
}

void choose_natural_key(const types::RelationType& relation, defs::SinkDef& def) {
  if (def.key || relation.keys.empty()) return;
  def.natural_key = *std::ranges::min_element(relation.keys);
}

// --- partitioning ---

// Under DEBEZIUM the partition must not depend on what an update may change.
Status check_partition_columns(const expr::ScalarExpr& expression, const defs::SinkDef& def) {
  std::optional<size_t> outside;
  expr::for_each_column(expression, [&](size_t column) {
    bool in_key = def.key && std::ranges::find(*def.key, column) != def.key->end();
    if (!in_key && !outside) outside = column;
  });
  if (!outside) return {};
  return fail(Error(sql_state::kInvalidParameterValue,
                    fmt::format("PARTITION BY expression cannot refer to non-key column \"{}\"",
                                def.relation.columns[*outside].name))
                  .with_detail("With ENVELOPE DEBEZIUM, PARTITION BY may refer to columns of KEY "
                               "only, so that all changes of a key are in one partition."));
}

Result<expr::ScalarRef> partition_expression(const CreateSink& statement, const ItemRef& from,
                                             const defs::SinkDef& def, const PlanContext& context,
                                             std::vector<ObjectId>& uses) {
  OptionReader options(statement.options);
  const Option* option = options.find("PARTITION BY");
  if (option == nullptr) return expr::ScalarRef();
  if (!option->value) return refused("invalid PARTITION BY: must provide an expression");
  const auto* expression = std::get_if<Box<Expr>>(&option->value->kind);
  CHECK(expression != nullptr);
  Binder binder = make_binder(context);
  ASSIGN_OR_RETURN(BoundTable table, binder.bind_item(*from));
  // Columns go by their own name alone: the relation may be renamed, or be another one later.
  for (ScopeColumn& column : table.scope.columns) column.table = kNoTable;
  table.scope.tables.clear();
  const ScopeChain scopes{&table.scope, nullptr};
  const ExprContext where{&scopes, "PARTITION BY", false, false, nullptr};
  ASSIGN_OR_RETURN(BoundExprRef bound, binder.bind_expr(**expression, where));
  if (has_subquery(*bound)) {
    return fail(
        positioned(Error(sql_state::kFeatureNotSupported, "PARTITION BY does not allow subqueries"),
                   (*expression)->range));
  }
  const SqlType type = bound->type.type;
  Result<BoundExprRef> hash = binder.coerce(std::move(bound), SqlType::of(TypeId::kUInt8),
                                            expr::CastContext::kAssignment, "PARTITION BY");
  if (!hash) {
    return fail(
        positioned(Error(sql_state::kDatatypeMismatch,
                         fmt::format("PARTITION BY does not support casting from {} to uint8",
                                     types::display_name(type))),
                   (*expression)->range));
  }
  ASSIGN_OR_RETURN(expr::ScalarRef planned, plan_scalar(**hash, context));
  if (def.envelope == defs::SinkEnvelope::kDebezium) {
    RETURN_IF_ERROR(check_partition_columns(*planned, def));
  }
  for (ObjectId named : binder.dependencies()) use_item(named, uses);
  return planned;
}

Result<ItemRef> kafka_connection(const CreateSink& statement, const PlanContext& context) {
  ASSIGN_OR_RETURN(ItemRef item, lookup_item(statement.connection, context.catalog, context.names));
  if (std::holds_alternative<defs::KafkaConnectionDef>(item->facts)) return item;
  return fail(positioned(Error(sql_state::kWrongObjectType,
                               fmt::format("{} is not a kafka connection",
                                           context.catalog.minimal_name(*item, context.names))),
                         statement.connection.range));
}

// What can be said before the name is looked at: what things are called, and of what kind options
// are.
Result<KafkaOptions> check_statement(const CreateSink& statement, const PlanContext& context) {
  Statement copy{{}, statement};
  RETURN_IF_ERROR(resolve_item_names(copy, context.catalog, context.names));
  RETURN_IF_ERROR(check_documented_columns(statement, context));
  RETURN_IF_ERROR(check_with_options(statement, context));
  RETURN_IF_ERROR(kafka_connection(statement, context));
  return read_kafka_options(statement);
}

}  // namespace

Status check_create_sink(const CreateSink& statement, const PlanContext& context) {
  RETURN_IF_ERROR(check_statement(statement, context));
  return {};
}

Result<SinkPlan> plan_create_sink(const CreateSink& statement, const PlanContext& context) {
  SinkPlan plan;
  defs::SinkDef& def = plan.def;
  ASSIGN_OR_RETURN(KafkaOptions options, check_statement(statement, context));
  ASSIGN_OR_RETURN(ItemRef connection, kafka_connection(statement, context));
  if (!statement.envelope) return fail(sql_state::kSyntaxError, "ENVELOPE clause is required");
  RETURN_IF_ERROR(plan_sink_envelope(statement, def));
  ASSIGN_OR_RETURN(ItemRef from, exported_relation(statement, context));
  def.from = from->id;
  def.connection = connection->id;
  def.relation = *from->relation;
  if (statement.key) {
    ASSIGN_OR_RETURN(def.key, key_columns(*statement.key, def.relation));
    def.key_is_proven = is_proven(*def.key, def.relation);
  }
  RETURN_IF_ERROR(plan_key_violations(statement, plan));
  choose_natural_key(def.relation, def);
  if (leaves_deletions(def) && statement.key) {
    RETURN_IF_ERROR(check_upsert_key(statement, from, context, plan));
  }
  RETURN_IF_ERROR(plan_sink_headers(statement, def));
  if (leaves_deletions(def) && !statement.key) {
    RETURN_IF_ERROR(check_upsert_key(statement, from, context, plan));
  }
  RETURN_IF_ERROR(read_with_options(statement, plan));
  RETURN_IF_ERROR(use_kafka_options(std::move(options), def));
  RETURN_IF_ERROR(check_dead_letter_topic(def));
  plan.uses = {def.from, def.connection};
  ASSIGN_OR_RETURN(plan.partition_by,
                   partition_expression(statement, from, def, context, plan.uses));
  RETURN_IF_ERROR(plan_sink_formats(statement, context, def, plan.uses));
  return plan;
}

}  // namespace penstock::sql
