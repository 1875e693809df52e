// A plan with all its Let bindings at the top, so that rules meet trees without any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "plan/rel_expr.h"

namespace penstock::sql {

// Each value may look at the bindings before it, `body` at all of them.
struct Bindings {
  std::vector<std::pair<uint64_t, plan::RelRef>> values;
  plan::RelRef body;
};

Bindings with_bindings_hoisted(const plan::RelRef& rel);
plan::RelRef as_tree(Bindings bindings);

// Replaces every value and the body by rule(it), in order. What a rule finds out about the rows of
// a binding is known where it is used from then on.
using RelRule = std::function<plan::RelRef(const plan::RelRef&)>;
void apply_rule(Bindings& bindings, const RelRule& rule);

// Puts values where they are used, if that is in one place, or if they are only columns and rows of
// something else. Drops those that nobody uses.
void inline_bindings(Bindings& bindings);

// Filters that stand on every use of a binding become part of it.
void share_filters(Bindings& bindings);

bool same_bindings(const Bindings& a, const Bindings& b);

}  // namespace penstock::sql
