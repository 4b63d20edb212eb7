// Linked into a bundle's program in the place of functions (--wrap) that alone would keep it from running with
// glibc 2.34, which many clusters have, where it is built on Debian 12 or Ubuntu 22.04.

#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

// Swift's libraries call hypot: glibc 2.35 has a second version, which sets no errno; every glibc has the first.
double first_hypot(double x, double y);
float first_hypotf(float x, float y);
__asm__(".symver first_hypot, hypot@GLIBC_2.2.5\n"
        ".symver first_hypotf, hypotf@GLIBC_2.2.5");
double __wrap_hypot(double x, double y) { return first_hypot(x, y); }
float __wrap_hypotf(float x, float y) { return first_hypotf(x, y); }

// The C++ runtime's random_device calls arc4random, which came with glibc 2.36.
uint32_t __wrap_arc4random(void) {
  uint32_t value;
  if (getrandom(&value, sizeof value, 0) != sizeof value) abort();
  return value;
}
