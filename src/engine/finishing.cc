// ORDER BY, OFFSET, LIMIT over the rows of a peek.
#include "engine/finishing.h"

#include <algorithm>

#include "data/encoded_rows.h"
#include "data/sort_key_codec.h"

namespace penstock::engine {
namespace {

struct Position {
  uint32_t batch = 0;
  uint32_t row = 0;
};

// Sort keys of all rows: the order asked for, then all columns, so that ties keep a fixed order.
std::vector<std::pair<std::string, Position>> keyed_rows(
    const std::vector<data::BatchRef>& batches, const std::vector<types::ColumnType>& columns,
    const std::vector<plan::SortColumn>& order) {
  std::vector<data::SortField> fields;
  std::vector<size_t> positions;
  auto add = [&](size_t column, bool descending, bool nulls_first) {
    types::ColumnType type = columns[column];
    type.nullable = true;
    fields.push_back({type, descending, nulls_first});
    positions.push_back(column);
  };
  for (const plan::SortColumn& column : order) {
    add(column.column, column.descending, column.nulls_first);
  }
  for (size_t i = 0; i < columns.size(); ++i) add(i, false, false);
  data::SortKeyCodec codec(fields);
  std::vector<std::pair<std::string, Position>> keyed;
  data::EncodedRows keys;
  for (uint32_t b = 0; b < batches.size(); ++b) {
    std::vector<data::Column> sorted;
    for (size_t position : positions) sorted.push_back(batches[b]->column(position));
    codec.encode(sorted, batches[b]->size(), keys);
    for (uint32_t row = 0; row < batches[b]->size(); ++row) {
      keyed.emplace_back(std::string(keys.row(row)), Position{b, row});
    }
  }
  return keyed;
}

}  // namespace

std::vector<data::BatchRef> finish_rows(const std::vector<data::BatchRef>& batches,
                                        const std::vector<types::ColumnType>& columns,
                                        const Finishing& finishing) {
  std::vector<std::pair<std::string, Position>> keyed =
      keyed_rows(batches, columns, finishing.order);
  std::ranges::sort(keyed, {}, [](const auto& entry) -> const std::string& { return entry.first; });
  std::vector<data::PhysicalKind> kinds;
  for (size_t column : finishing.projection) {
    kinds.push_back(types::physical_kind(columns[column].type));
  }
  std::vector<data::BatchRef> out;
  data::BatchBuilder builder(kinds);
  uint64_t skip = finishing.offset;
  uint64_t left = finishing.limit.value_or(~uint64_t{0});
  for (const auto& [key, position] : keyed) {
    const data::DeltaBatch& batch = *batches[position.batch];
    auto copies = static_cast<uint64_t>(batch.diff(position.row));
    uint64_t skipped = std::min(skip, copies);
    skip -= skipped;
    copies = std::min(copies - skipped, left);
    left -= copies;
    for (uint64_t i = 0; i < copies; ++i) {
      for (size_t column = 0; column < finishing.projection.size(); ++column) {
        builder.column(column).append_from(batch.column(finishing.projection[column]),
                                           position.row);
      }
      builder.append_diff(1);
      if (builder.full()) out.push_back(std::make_shared<const data::DeltaBatch>(builder.finish()));
    }
    if (left == 0) break;
  }
  if (!builder.empty()) out.push_back(std::make_shared<const data::DeltaBatch>(builder.finish()));
  return out;
}

}  // namespace penstock::engine
