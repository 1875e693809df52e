// ALTER SINK, before anything is decided.
#pragma once

#include <memory>

#include "coordinator/session.h"
#include "sql/parse/ast_statement_alter.h"

namespace penstock::coordinator {

// Waits until the sink can change over to the relation that it shall read, in the calling thread.
// Errors: those of the statement as a whole; 57014; 55000 a sink that does not go on by itself;
// and, from the function, 40001 if somebody else altered it meanwhile.
Result<DdlFunction> alter_sink(Session& session, const sql::AlterStatement& statement);

// Messages beside records of progress could be taken for such, and would be compacted with them.
Status check_topics(Session& session, const defs::SinkDef& sink,
                    const catalog::CatalogState& catalog);

// A hold on a collection where it is now, as soon as it is published. Error 57014.
Result<std::shared_ptr<storage::ReadHold>> hold_where_it_is(Session& session,
                                                            CollectionId collection);

}  // namespace penstock::coordinator
