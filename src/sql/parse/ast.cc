// The boxes of the syntax tree whose content is complete only here.
#include "sql/parse/ast_query.h"
#include "sql/parse/ast_show.h"
#include "sql/parse/ast_statement.h"

namespace penstock::sql {

template class Box<Query>;
template class Box<ShowStatement>;
template class Box<Statement>;

}  // namespace penstock::sql
