// ALTER SINK ... SET FROM: waits in the session's thread until the sink can change over. Everything
// of the old relation before the cutover has been sent then, and nothing of the new one.
#include "coordinator/execute/alter_sink.h"

#include <fmt/core.h>

#include <chrono>
#include <memory>

#include "base/check.h"
#include "catalog/facts_of.h"
#include "coordinator/sequence/statements.h"
#include "defs/names.h"

namespace penstock::coordinator {
namespace {

constexpr std::chrono::milliseconds kPoll{20};

std::unexpected<Error> cancelled() {
  return fail(sql_state::kQueryCanceled, "canceling statement due to user request");
}

// Until everything up to `time` has been sent, and nothing is half sent.
Status wait_for_sink(Session& session, ObjectId sink, Timestamp time) {
  while (!session.cancelled().wait_for(kPoll)) {
    catalog::ItemRef item = session.services().catalog.snapshot()->item(sink);
    if (!item) return fail(sql_state::kUndefinedObject, "the sink was dropped");
    ASSIGN_OR_RETURN(std::optional<sinks::SinkPlace> place, session.services().sink_place(sink));
    if (!place) return {};  // Not born yet: it begins with what it reads then.
    if (place->halted) {
      return fail(Error(sql_state::kObjectNotInState,
                        fmt::format("sink {} does not go on by itself", item->name.item))
                      .with_detail(*place->halted));
    }
    if (place->can_change_over() && place->next > time) return {};
  }
  return cancelled();
}

}  // namespace

Status check_topics(Session& session, const defs::SinkDef& sink,
                    const catalog::CatalogState& catalog) {
  const auto& kafka = catalog::facts_of<defs::KafkaConnectionDef>(catalog, sink.connection);
  const std::string progress =
      defs::progress_topic(kafka, session.services().identity.environment_id, sink.connection);
  for (const auto& [option, topic] :
       {std::pair("TOPIC", &sink.topic), std::pair("DEAD LETTER TOPIC", &sink.dead_letter_topic)}) {
    if (*topic != progress) continue;
    return fail(Error(sql_state::kInvalidParameterValue,
                      fmt::format("{} cannot be the progress topic of the connection: {}", option,
                                  progress))
                    .with_hint("Name another topic."));
  }
  return {};
}

Result<std::shared_ptr<storage::ReadHold>> hold_where_it_is(Session& session,
                                                            CollectionId collection) {
  storage::Storage& storage = session.services().storage;
  while (!session.cancelled().wait_for(kPoll)) {
    ASSIGN_OR_RETURN(storage::CollectionInfo info, storage.reader().info(collection));
    if (!info.publication || *info.publication >= info.upper) continue;
    ASSIGN_OR_RETURN(std::unique_ptr<storage::ReadHold> hold,
                     storage.holds().acquire(collection, "ALTER SINK", info.upper.previous()));
    return std::shared_ptr<storage::ReadHold>(std::move(hold));
  }
  return cancelled();
}

namespace {

// What picks the rows out of the new relation, until the sink has moved there; if it does not, it
// goes again.
class PreparedCollection {
 public:
  PreparedCollection(Session& session, ObjectId sink, CollectionId collection)
      : session_(session), sink_(sink), collection_(collection) {}
  ~PreparedCollection() {
    // Also when the statement is cancelled.
    const StopToken never;
    (void)session_.services().run_ddl(
        session_.view(),
        [this](SequenceContext& context) {
          return sequence_abandoned_sink(sink_, collection_, context);
        },
        never);
  }
  PreparedCollection(const PreparedCollection&) = delete;
  PreparedCollection& operator=(const PreparedCollection&) = delete;

  CollectionId collection() const { return collection_; }

 private:
  Session& session_;
  const ObjectId sink_;
  const CollectionId collection_;
};

Result<std::shared_ptr<PreparedCollection>> prepare(Session& session, ObjectId sink,
                                                    const sql::AlterStatement& statement) {
  if (session.in_block()) {
    return fail(sql_state::kActiveTransaction,
                "ALTER SINK ... SET FROM of a sink with KEY VIOLATIONS 'resolve' cannot be run "
                "inside a transaction block");
  }
  std::optional<CollectionId> made;
  ASSIGN_OR_RETURN(Sequenced prepared, session.services().run_ddl(
                                           session.view(),
                                           [&](SequenceContext& context) {
                                             return sequence_prepared_sink(statement, context);
                                           },
                                           session.cancelled()));
  for (const Effect& effect : prepared.effects) {
    if (const auto* create = std::get_if<CreateCollection>(&effect)) made = create->spec.id;
  }
  CHECK(made.has_value());
  return std::make_shared<PreparedCollection>(session, sink, *made);
}

}  // namespace

Result<DdlFunction> alter_sink(Session& session, const sql::AlterStatement& statement) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  IdMint unused(0);
  SequenceContext context{*catalog,          view.names, view.role,     view.cluster_name,
                          view.is_superuser, unused,     view.statement};
  ASSIGN_OR_RETURN(AlteredSink altered, altered_sink(statement, context));
  const uint64_t version = std::get<defs::SinkDef>(altered.before->facts).version;
  const ObjectId sink = altered.before->id;
  RETURN_IF_ERROR(check_topics(session, altered.plan.def, *catalog));
  std::shared_ptr<PreparedCollection> prepared;
  std::shared_ptr<storage::ReadHold> hold;
  if (altered.is_change && std::holds_alternative<sql::SetSinkFrom>(statement.action)) {
    CollectionId collection = altered.plan.def.collection();
    if (altered.plan.resolves_key && !altered.plan.def.resolved) {
      ASSIGN_OR_RETURN(prepared, prepare(session, sink, statement));
      collection = prepared->collection();
    }
    ASSIGN_OR_RETURN(hold, hold_where_it_is(session, collection));
    RETURN_IF_ERROR(wait_for_sink(session, sink, hold->time()));
  }
  // Hold and collection live as long as the function does: until the sink has them.
  return [&statement, sink, version, hold, prepared](SequenceContext& now) -> Result<Sequenced> {
    catalog::ItemRef item = now.catalog.item(sink);
    if (!item || std::get<defs::SinkDef>(item->facts).version != version) {
      return fail(sql_state::kSerializationFailure, "sink was altered concurrently");
    }
    if (prepared) return sequence_moved_sink(statement, prepared->collection(), now);
    return sequence(statement, now);
  };
}

}  // namespace penstock::coordinator
