// A position in PostgreSQL's write-ahead log: a byte address, written "16/B374D848".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::connect {

struct Lsn {
  uint64_t value = 0;

  friend constexpr auto operator<=>(const Lsn&, const Lsn&) = default;
};

std::string to_text(Lsn lsn);
std::optional<Lsn> parse_lsn(std::string_view text);

}  // namespace penstock::connect
