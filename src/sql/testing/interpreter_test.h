// A naive interpreter of both kinds of plans, for tests: what a plan means, said as simply as
// possible.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "plan/dataflow_plan.h"
#include "plan/rel_expr.h"
#include "types/datum.h"

namespace penstock::sql {

using DatumRow = std::vector<types::Datum>;
using ColumnTypes = std::vector<types::ColumnType>;

// "1,x,NULL"
std::string row_text(const DatumRow& row, const ColumnTypes& columns);

// Rows with multiplicities, by their text.
struct Bag {
  struct Entry {
    DatumRow row;
    int64_t diff = 0;
  };
  ColumnTypes columns;
  std::map<std::string, Entry> rows;

  void add(const DatumRow& row, int64_t diff);
};

struct Contents {
  Bag rows;
  std::map<std::string, int64_t> errors;  // By message.
};
using Database = std::map<CollectionId, Bag>;

Contents interpret(const plan::RelRef& rel, const Database& database);
Contents interpret(const plan::DataflowPlan& plan, const Database& database);  // The one export.

// SQL order of rows: by `order`, ties by all columns, ascending, NULLs last.
bool comes_before(const DatumRow& a, const DatumRow& b, const ColumnTypes& columns,
                  const std::vector<plan::SortColumn>& order);

}  // namespace penstock::sql
