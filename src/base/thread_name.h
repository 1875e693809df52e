// The name of a thread, as the system's tools show it: at most 15 characters.
#pragma once

#include <pthread.h>

#include <string>

namespace penstock {

inline void name_this_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace penstock
