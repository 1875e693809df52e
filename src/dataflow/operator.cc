// Handing chunks and errors on.
#include "dataflow/operator.h"

#include <array>

namespace penstock::dataflow {

namespace {
constexpr std::array<data::PhysicalKind, 1> kErrorKinds = {data::PhysicalKind::kBytes};
}  // namespace

void Emitter::push(const data::DeltaBatch& chunk) {
  if (chunk.size() == 0 || step_.abandoned()) return;
  for (const Consumer& consumer : consumers_) {
    consumer.target->accept(consumer.port, chunk, *consumer.out);
  }
}

void Emitter::push_errors(const data::DeltaBatch& errors) {
  if (errors.size() == 0 || step_.abandoned()) return;
  for (ErrorCollector* collector : collectors_) collector->add_errors(errors);
}

ErrorRows::ErrorRows() : builder_(kErrorKinds) {}

void ErrorRows::add(const data::RowError& error, int64_t diff) {
  builder_.column(0).append_bytes(error.encode());
  builder_.append_diff(diff);
}

void ErrorRows::push_to(Emitter& out) {
  if (!builder_.empty()) out.push_errors(builder_.finish());
}

data::RowError negative_multiplicity(std::string_view where) {
  return {sql_state::kInternalError, "invalid data in source: " + std::string(where) +
                                         " got a row deleted more often than inserted"};
}

}  // namespace penstock::dataflow
