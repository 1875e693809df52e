// The only place that sees everything: flags, wiring, signals.
#include <cstdio>

int main() {
  std::puts("penstock");
  return 0;
}
