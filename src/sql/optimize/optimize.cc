// The order of the rules. Each round may make room for another: a binding used in one place only is
// put there, and then filters pass.
#include "sql/optimize/optimize.h"

#include "sql/optimize/bindings.h"
#include "sql/optimize/demand.h"
#include "sql/optimize/domain_elimination.h"
#include "sql/optimize/predicate_pushdown.h"
#include "sql/optimize/rel_rewrite.h"
#include "sql/optimize/simplification.h"

namespace penstock::sql {

using plan::RelRef;

RelRef optimize(RelRef rel) {
  constexpr int kRounds = 10;  // Most plans need three.
  const types::RelationType type = rel->type;
  Bindings bindings = with_bindings_hoisted(rel);
  for (int round = 0; round < kRounds; ++round) {
    const Bindings before = bindings;
    inline_bindings(bindings);
    drop_unneeded(bindings);
    apply_rule(bindings, with_scalars_refined);
    apply_rule(bindings, simplified);
    apply_rule(bindings, with_predicates_pushed);
    share_filters(bindings);
    apply_rule(bindings, without_domains);
    if (same_bindings(before, bindings)) break;
  }
  // The rounds raise projections, so that other operators meet. Now they go down for good.
  drop_unneeded(bindings);
  apply_rule(bindings, tidied);
  inline_bindings(bindings);
  return keeping_facts(as_tree(std::move(bindings)), type);
}

}  // namespace penstock::sql
