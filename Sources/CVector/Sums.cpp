#include <cmath>

#include "CVector.h"
#include "Lanes.h"

// Sums over flat arrays.

CLONES void vector_add(size_t count, float *a, const float *b) {
  for (size_t i = 0; i < count; i++) a[i] += b[i];
}

INLINE double norm(size_t count, const float *x) {
  typedef Lanes<16> L;
  L::Double squares = {};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const L::Double v = L::widen(L::load(x + i));
    squares += v * v;
  }
  double sum = 0;
  for (int lane = 0; lane < 16; lane++) sum += squares[lane];
  for (; i < count; i++) sum += (double)x[i] * x[i];
  return sqrt(sum);
}

CLONES double vector_norm(size_t count, const float *x) { return norm(count, x); }
