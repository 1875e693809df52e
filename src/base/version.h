// The version that the program calls itself by, to users and to brokers.
#pragma once

namespace penstock {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace penstock
