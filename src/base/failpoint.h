// Named places where a test can make the process die, fail or wait.
//
// Armed by the environment variable PENSTOCK_FAILPOINTS, read once at the first use:
//   name=kill            SIGKILL ourselves the first time it is reached
//   name=kill@7          ... the 7th time
//   name=error           failpoint() answers true from now on
//   name=error@3         ... only the 3rd time
//   name=delay:20        every time, wait 20 ms
// Several are separated by ';'. Unarmed, a failpoint costs one relaxed load. Thread-safe.
#pragma once

#include <string_view>

namespace penstock {

// Reaches the failpoint `name`. True = the caller should behave as if the step had failed.
bool failpoint(std::string_view name);

// Arms from text in the form above, replacing what was armed; for tests.
void arm_failpoints(std::string_view text);
// How often it was reached since it was armed; 0 when it is not.
long failpoint_reached(std::string_view name);

}  // namespace penstock
