// Pages, and blocks too large for them.
#include "dataflow/row_arena.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"

namespace penstock::dataflow {

RowArena::RowArena(size_t page_bytes) : page_bytes_(page_bytes) {}

RowArena::~RowArena() {
  for (char* page : pages_) ::operator delete(page);
  for (char* block : large_) ::operator delete(block);
}

char* RowArena::next_of(const char* block) {
  char* next;
  std::memcpy(&next, block, sizeof(next));
  return next;
}

void RowArena::set_next(char* block, char* next) {
  std::memcpy(block, &next, sizeof(next));
}

char* RowArena::allocate_from_new_page(size_t size) {
  // What is left of the old page is lost: less than one block.
  size_t bytes = std::max(page_bytes_, size);
  char* page = static_cast<char*>(::operator new(bytes));
  pages_.push_back(page);
  reserved_bytes_ += bytes;
  page_at_ = page + size;
  page_end_ = page + bytes;
  return page;
}

char* RowArena::allocate_large(size_t bytes) {
  char* block = static_cast<char*>(::operator new(bytes));
  DCHECK((reinterpret_cast<uintptr_t>(block) >> 48) == 0);
  used_bytes_ += bytes;
  reserved_bytes_ += bytes;
  large_.insert(block);
  return block;
}

void RowArena::release_large(char* block, size_t bytes) {
  used_bytes_ -= bytes;
  reserved_bytes_ -= bytes;
  CHECK_OP(==, large_.erase(block), size_t{1});
  ::operator delete(block);
}

}  // namespace penstock::dataflow
