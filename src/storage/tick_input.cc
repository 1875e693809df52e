// Sizes of inputs.
#include "storage/tick_input.h"

namespace penstock::storage {

size_t TickInput::size_bytes() const {
  size_t bytes = sizeof(TickInput);
  for (const CollectionInput& collection : collections) {
    for (const data::BatchRef& batch : collection.rows) bytes += batch->memory_bytes();
    for (const data::BatchRef& batch : collection.errors) bytes += batch->memory_bytes();
  }
  for (const Binding& binding : bindings) bytes += binding.position.size();
  for (const MetaChange& change : changes.meta) {
    bytes += change.key.size() + (change.value ? change.value->size() : 0);
  }
  return bytes;
}

}  // namespace penstock::storage
