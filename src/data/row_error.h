// The error of a row, as data: a pure function of the row, so that deleting the row retracts it.
//
// An error z-set is a DeltaBatch with one kBytes column holding encode() of each error. Totally
// ordered: where several hold for a row, the greatest wins, so evaluation order does not matter.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace penstock::data {

struct RowError {
  SqlState state = sql_state::kInternalError;
  std::string message;

  // The five characters of the state, then the message.
  std::string encode() const { return std::string(state.view()) + message; }
  static RowError decode(std::string_view bytes) {
    const char code[6] = {bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], '\0'};
    return {SqlState(code), std::string(bytes.substr(5))};
  }
  friend bool operator==(const RowError&, const RowError&) = default;
  friend bool operator<(const RowError& a, const RowError& b) { return a.encode() < b.encode(); }
};

}  // namespace penstock::data
