// Collections as the tests hold them: rows with weights, by their exact bytes, and errors.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/delta_batch.h"
#include "data/durable_codec.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::dataflow {

using types::Datum;
using Row = std::vector<Datum>;
using Types = std::vector<types::ColumnType>;

// Rows by their exact bytes, with weights that are not 0.
class Bag {
 public:
  struct Entry {
    Row row;
    int64_t weight = 0;
  };
  void add(const std::string& bytes, const Row& row, int64_t weight) {
    Entry& entry = entries_.try_emplace(bytes, Entry{row, 0}).first->second;
    entry.weight += weight;
    if (entry.weight == 0) entries_.erase(bytes);
  }
  void add(const Types& types, const Row& row, int64_t weight) {
    add(bytes_of(types, row), row, weight);
  }
  void add(const data::DeltaBatch& batch) {
    std::vector<data::PhysicalKind> kinds;
    for (const data::Column& column : batch.columns()) kinds.push_back(column.kind());
    data::DurableRowCodec codec(kinds);
    for (size_t i = 0; i < batch.size(); ++i) {
      std::string bytes;
      codec.append_row(batch, i, bytes);
      add(bytes, batch.row(i), batch.diff(i));
    }
  }
  const std::map<std::string, Entry>& entries() const { return entries_; }
  std::map<std::string, int64_t> weights() const {
    std::map<std::string, int64_t> out;
    for (const auto& [bytes, entry] : entries_) out[bytes] = entry.weight;
    return out;
  }
  static std::string bytes_of(const Types& types, const Row& row) {
    std::vector<data::PhysicalKind> kinds = data::physical_kinds(types);
    data::BatchBuilder builder(kinds);
    builder.append_row(row, 1);
    std::string bytes;
    data::DurableRowCodec(kinds).append_row(builder.finish(), 0, bytes);
    return bytes;
  }

 private:
  std::map<std::string, Entry> entries_;
};

using ErrorBag = std::map<std::string, int64_t>;
inline void add_error(ErrorBag& errors, const std::string& error, int64_t weight) {
  if ((errors[error] += weight) == 0) errors.erase(error);
}

struct Collection {
  Bag rows;
  ErrorBag errors;
};

}  // namespace penstock::dataflow
