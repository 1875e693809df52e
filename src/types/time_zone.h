// Time zones as users write them: an offset (+05:30, -8), an abbreviation (PST) or an IANA name.
// Plain value, freely copied between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace penstock::types {

class TimeZone {
 public:
  // Letter case does not matter. Nothing when there is no such zone.
  static std::optional<TimeZone> parse(std::string_view text);
  static TimeZone fixed(int32_t seconds_east);

  // The instant at which a clock in this zone shows `local`. One that is shown twice means the
  // later instant, one that is skipped is read with the offset before the gap.
  int64_t to_utc(int64_t local_micros) const;
  // What a clock in this zone shows at an instant.
  int64_t to_local(int64_t utc_micros) const;
  bool is_utc() const { return !named_ && seconds_east_ == 0; }

 private:
  struct Named;
  int32_t seconds_east_ = 0;
  std::shared_ptr<const Named> named_;  // Absent for a fixed offset.
};

}  // namespace penstock::types
