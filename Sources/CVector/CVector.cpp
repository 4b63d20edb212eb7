#include "CVector.h"

#include <cmath>
#include <cstring>

#include "Lanes.h"

int vector_preferred_lanes(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") ? 16 : 8;
#else
  return 8;
#endif
}

const char *vector_instruction_set(void) {
#if defined(__x86_64__) && defined(__linux__)
  if (__builtin_cpu_supports("x86-64-v4")) return "avx512";
  if (__builtin_cpu_supports("x86-64-v3")) return "avx2";
#endif
  return "baseline";
}

CLONES void vector_add(size_t count, float *a, const float *b) {
  for (size_t i = 0; i < count; i++) a[i] += b[i];
}

CLONES void vector_to_bf16(size_t count, const float *x, uint16_t *y) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    const bool is_number = (bits & 0x7fffffff) <= 0x7f800000;
    // The lower half is dropped. Adding 0x7fff carries into the upper half where what is dropped is more than a
    // half, and one more where the last kept bit is odd: exactly halves then go to the even neighbour. Rounding
    // could carry a NaN into infinity: it is cut, and a bit kept set.
    y[i] = (uint16_t)(is_number ? (bits + 0x7fff + (bits >> 16 & 1)) >> 16 : bits >> 16 | 0x40);
  }
}

CLONES void vector_from_bf16(size_t count, const uint16_t *x, float *y) {
  for (size_t i = 0; i < count; i++) {
    const uint32_t bits = (uint32_t)x[i] << 16;
    memcpy(y + i, &bits, sizeof bits);
  }
}

CLONES void vector_sgd(size_t count, float *w, const float *gradient, float *velocity, float learning_rate,
                       float momentum, float weight_decay) {
  for (size_t i = 0; i < count; i++) {
    velocity[i] = momentum * velocity[i] + (gradient[i] + weight_decay * w[i]);
    w[i] -= learning_rate * velocity[i];
  }
}

CLONES void vector_lars(size_t count, float *w, const float *gradient, float *velocity, float scale,
                        float learning_rate, float momentum, float weight_decay) {
  for (size_t i = 0; i < count; i++) {
    velocity[i] = momentum * velocity[i] + scale * (gradient[i] + weight_decay * w[i]);
    w[i] -= learning_rate * velocity[i];
  }
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
