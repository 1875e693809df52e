// See optimize.h.
#include "sql/optimize/optimize.h"

#include "base/check.h"
#include "expr/fold.h"
#include "sql/optimize/rel_rewrite.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelRef;

RelRef optimize(RelRef rel) {
  Result<RelRef> folded =
      rewrite_scalars(rel, [](const ScalarRef& expression) -> Result<ScalarRef> {
        return expr::fold_constants(expression);
      });
  CHECK(folded.has_value());
  return *folded;
}

}  // namespace penstock::sql
