// Where a row of COPY data ends ("COPY", File Formats, in PostgreSQL's manual).
#include "server/pgwire/copy_rows.h"

#include "format/pg/big_endian.h"

namespace penstock::server {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);

}  // namespace

void CopyRows::feed(std::string_view bytes) {
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_ += bytes;
}

std::optional<size_t> CopyRows::find_line_end() const {
  const size_t end = buffer_.find('\n', begin_);
  if (end == std::string::npos) return std::nullopt;
  return end + 1;
}

// Signature, flags and a header extension in front of the first row; then per row a count of
// fields and the fields, each with its length; a count of -1 is the end mark.
std::optional<size_t> CopyRows::find_binary_end() const {
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  format::BigEndianReader in(rest);
  if (count_ == 0) {
    if (in.bytes(kSignature.size()) != kSignature) return std::nullopt;
    in.take<int32_t>();
    const int32_t extension = in.take<int32_t>();
    if (extension < 0) return std::nullopt;
    in.bytes(static_cast<size_t>(extension));
  }
  const int16_t fields = in.take<int16_t>();
  if (in.failed() || fields < 0) return std::nullopt;
  for (int16_t i = 0; i < fields; ++i) {
    const int32_t size = in.take<int32_t>();
    if (size > 0) in.bytes(static_cast<size_t>(size));
  }
  if (in.failed()) return std::nullopt;
  return begin_ + rest.size() - in.remaining();
}

std::optional<std::string_view> CopyRows::next() {
  const std::optional<size_t> end = binary_ ? find_binary_end() : find_line_end();
  if (!end) return std::nullopt;
  const std::string_view row = std::string_view(buffer_).substr(begin_, *end - begin_);
  begin_ = *end;
  ++count_;
  return row;
}

}  // namespace penstock::server
