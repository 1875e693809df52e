// The durable form of a source's position.
#include "sources/postgres/source_position.h"

#include <charconv>

namespace penstock::sources {

std::string encode_position(const SourcePosition& position) {
  return "1 " + connect::to_text(position.lsn) + " " + std::to_string(position.timeline);
}

std::optional<SourcePosition> decode_position(std::string_view binding) {
  if (!binding.starts_with("1 ")) return std::nullopt;
  binding.remove_prefix(2);
  size_t space = binding.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  std::optional<connect::Lsn> lsn = connect::parse_lsn(binding.substr(0, space));
  if (!lsn) return std::nullopt;
  SourcePosition out{*lsn, 0};
  std::string_view timeline = binding.substr(space + 1);
  const char* end = timeline.data() + timeline.size();
  std::from_chars_result read = std::from_chars(timeline.data(), end, out.timeline);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return out;
}

std::string ended_table_key(ObjectId source, CollectionId table) {
  return "source/" + std::to_string(source.value) + "/ended/" + std::to_string(table.value);
}

}  // namespace penstock::sources
