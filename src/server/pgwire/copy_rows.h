// Cuts finished COPY data into rows: clients expect one row in each CopyData message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::server {

// Text and CSV: a row ends with a line feed (a quoted one in CSV cuts a row in two messages, which
// readers of CSV put together). Binary: the signature goes with the first row, the end mark is no
// row. Owned by one thread.
class CopyRows {
 public:
  explicit CopyRows(bool binary) : binary_(binary) {}

  void feed(std::string_view bytes);
  // The next whole row; valid until the next feed().
  std::optional<std::string_view> next();
  // What is no row: binary's end mark, or a last line without its end.
  std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }
  uint64_t count() const { return count_; }

 private:
  std::optional<size_t> find_line_end() const;
  std::optional<size_t> find_binary_end() const;

  const bool binary_;
  std::string buffer_;
  size_t begin_ = 0;
  uint64_t count_ = 0;
};

}  // namespace penstock::server
