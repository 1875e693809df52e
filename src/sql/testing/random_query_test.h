// Random queries over the tables t(a int4, b int4, c text), u(a int4 not null unique, d int4) and
// v(a int4, b int4 not null): joins of all kinds, subqueries, set operations, limits, NULLs and
// expressions that fail for some rows.
#pragma once

#include <string>
#include <vector>

#include "base/rng.h"

namespace penstock::sql {

class RandomQuery {
 public:
  explicit RandomQuery(Rng& rng) : rng_(rng) {}

  std::string text() {
    if (rng_.one_in(6)) {
      const std::string cte = "WITH w AS (" + block(1, 2) + ") ";
      with_cte_ = true;
      return cte + query(1);
    }
    return query(1);
  }
  // Values of a table's rows, as VALUES has them.
  std::string value(bool nullable) {
    if (nullable && rng_.one_in(4)) return "NULL";
    return std::to_string(rng_.below(4));
  }

 private:
  template <size_t N>
  std::string one_of(const char* const (&choices)[N]) {
    return choices[rng_.below(N)];
  }

  std::string query(size_t depth) {
    if (rng_.one_in(4)) {
      return block(depth, 1) +
             one_of({" UNION ", " UNION ALL ", " EXCEPT ", " EXCEPT ALL ", " INTERSECT ",
                     " INTERSECT ALL "}) +
             block(depth, 1);
    }
    return block(depth, 1 + rng_.below(2));
  }

  // A relation with columns a and b under a new alias.
  std::string relation(size_t depth) {
    const std::string alias = "r" + std::to_string(next_alias_++);
    aliases_.push_back(alias);
    if (with_cte_ && rng_.one_in(3)) return "w AS " + alias + "(a, b)";
    switch (rng_.below(depth > 0 ? 8 : 6)) {
      case 0:
      case 1:
        return "t AS " + alias;
      case 2:
      case 3:
        return "(SELECT a, d AS b FROM u) AS " + alias;
      case 4:
      case 5:
        return "v AS " + alias;
      default:
        return derived(depth - 1, alias);
    }
  }
  std::string derived(size_t depth, const std::string& alias) {
    const std::vector<std::string> outside = std::move(aliases_);
    aliases_.clear();
    std::string inner = query(depth);
    if (rng_.one_in(3)) {
      inner = "SELECT * FROM (" + inner + ") AS q(a, b) ORDER BY " +
              one_of({"a", "b DESC", "a DESC, b"}) + " LIMIT " + std::to_string(1 + rng_.below(3));
    }
    aliases_ = outside;
    return "(" + inner + ") AS " + alias + "(a, b)";
  }

  std::string column() { return aliases_[rng_.below(aliases_.size())] + one_of({".a", ".b"}); }
  std::string number() {
    switch (rng_.below(12)) {
      case 0:
        return std::to_string(rng_.below(4));
      case 1:
        return "(" + column() + " + 1)";
      case 2:
        return "(6 / " + column() + ")";
      case 3:
        return "coalesce(" + column() + ", " + column() + ")";
      default:
        return column();
    }
  }
  std::string comparison() {
    return number() +
           one_of({" = ", " = ", " = ", " < ", " <> ", " >= ", " IS NOT DISTINCT FROM "}) +
           number();
  }
  std::string predicate(size_t depth) {
    switch (rng_.below(depth > 0 ? 12 : 7)) {
      case 0:
        return column() + one_of({" IS NULL", " IS NOT NULL"});
      case 1:
        return "(" + comparison() + " OR " + comparison() + ")";
      case 2:
        return "NOT (" + comparison() + ")";
      case 7:
      case 8:
        return one_of({"EXISTS", "NOT EXISTS"}) + " (" + subquery(depth - 1, "") + ")";
      case 9:
        return number() + one_of({" IN (", " NOT IN ("}) + subquery(depth - 1, "") + ")";
      case 10:
        return number() + " = " + scalar_subquery(depth - 1);
      case 11:
        return "(" + predicate(depth - 1) + " OR " + predicate(depth - 1) + ")";
      default:
        return comparison();
    }
  }
  std::string conjunction(size_t depth) {
    std::string out = predicate(depth);
    for (size_t i = rng_.below(3); i > 0; --i) out += " AND " + predicate(depth);
    return out;
  }

  // Sees the aliases around it. One column: `output` of column a of its relation, "" for itself.
  std::string subquery(size_t depth, const std::string& output) {
    const size_t around = aliases_.size();
    const std::string from = relation(depth);
    const std::string column = aliases_.back() + ".a";
    std::string out = "SELECT " + (output.empty() ? column : output + "(" + column + ")");
    out += " FROM " + from;
    if (!rng_.one_in(5)) out += " WHERE " + conjunction(depth);
    aliases_.resize(around);
    return out;
  }
  std::string scalar_subquery(size_t depth) {
    if (rng_.one_in(4)) return "(" + subquery(depth, "") + " LIMIT 1)";
    return "(" + subquery(depth, one_of({"", "count", "max", "min", "sum"})) + ")";
  }

  // A relation with columns a and b that sees the aliases before it.
  std::string lateral(size_t depth) {
    const size_t around = aliases_.size();
    const std::string inner = relation(depth);
    const std::string own = aliases_.back();
    std::string out = "LATERAL (SELECT " + own + ".a, " + number() + " FROM " + inner;
    out += " WHERE " + conjunction(depth);
    if (rng_.one_in(2)) out += " ORDER BY 1, 2 LIMIT " + std::to_string(1 + rng_.below(2));
    aliases_.resize(around);
    const std::string alias = "r" + std::to_string(next_alias_++);
    aliases_.push_back(alias);
    return out + ") AS " + alias + "(a, b)";
  }

  std::string from(size_t depth, size_t relations) {
    std::string out = relation(depth);
    for (size_t i = 1; i < relations; ++i) {
      if (depth > 0 && rng_.one_in(6)) {
        const bool outer = rng_.one_in(2);
        out += (outer ? " LEFT JOIN " : " CROSS JOIN ") + lateral(depth - 1);
        if (outer) out += " ON " + comparison();
        continue;
      }
      const std::string kind =
          one_of({", ", " JOIN ", " JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "});
      const std::string right = relation(depth);
      if (kind == ", ") {
        // A comma binds less than JOIN: a later ON does not see what is before it.
        out += " CROSS JOIN " + right;
      } else {
        out += kind + right + " ON " + column() + " = " + aliases_.back() + ".a";
        if (rng_.one_in(3)) out += " AND " + comparison();
      }
    }
    return out;
  }

  // SELECT with two integer columns.
  std::string block(size_t depth, size_t max_relations) {
    const std::vector<std::string> outside = aliases_;
    aliases_.clear();
    const std::string relations = from(depth, 1 + rng_.below(max_relations + 1));
    const std::string where = rng_.one_in(4) ? "" : " WHERE " + conjunction(depth);
    std::string out;
    if (rng_.one_in(4)) {
      const std::string group = column();
      const std::string aggregate = one_of({"count(", "max(", "min(", "sum("}) + column() + ")";
      out = "SELECT " + group + ", " + aggregate + "::int4 FROM " + relations + where;
      out += " GROUP BY " + group;
      if (rng_.one_in(3)) out += " HAVING " + group + " > 0 AND count(*) > 1";
    } else {
      std::string second = number();
      if (depth > 0 && rng_.one_in(5)) second = scalar_subquery(depth - 1) + "::int4";
      out = std::string("SELECT ") + (rng_.one_in(5) ? "DISTINCT " : "") + column() + ", " + second;
      out += " FROM " + relations + where;
    }
    aliases_ = outside;
    return out;
  }

  Rng& rng_;
  std::vector<std::string> aliases_;  // That an expression may name.
  size_t next_alias_ = 0;
  bool with_cte_ = false;
};

}  // namespace penstock::sql
