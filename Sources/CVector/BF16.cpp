#include <cstring>

#include "CVector.h"
#include "Lanes.h"

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
