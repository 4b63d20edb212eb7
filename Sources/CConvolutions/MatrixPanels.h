#pragma once

// The right sides of matrix products, [panel][inner][16] with zeros beyond the last column. Nothing is computed here, so
// one code serves every instruction set.

#include <stddef.h>

// The panels of b[inner, columns].
static inline void pack_columns(int inner, int columns, const float *b, float *panels) {
  for (int first = 0; first < columns; first += 16) {
    const int lanes = columns - first < 16 ? columns - first : 16;
    for (int k = 0; k < inner; k++, panels += 16) {
      for (int lane = 0; lane < 16; lane++) panels[lane] = lane < lanes ? b[(size_t)k * columns + first + lane] : 0;
    }
  }
}

typedef float Four __attribute__((vector_size(16)));
typedef float FourInMemory __attribute__((vector_size(16), aligned(4)));

// Those of the transpose of b[columns, inner], four by four.
static inline void pack_rows(int inner, int columns, const float *b, float *panels) {
  for (int first = 0; first < columns; first += 16) {
    for (int lane = 0; lane < 16; lane += 4) {
      float *to = panels + lane;
      int k = 0;
      if (first + lane + 4 <= columns) {
        const float *const row = b + (size_t)(first + lane) * inner;
        for (; k + 4 <= inner; k += 4, to += 64) {
          Four r[4];
          for (int i = 0; i < 4; i++) r[i] = *reinterpret_cast<const FourInMemory *>(row + (size_t)i * inner + k);
          const Four a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5), c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
          const Four d = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5), e = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
          *reinterpret_cast<FourInMemory *>(to) = __builtin_shufflevector(a, d, 0, 1, 4, 5);
          *reinterpret_cast<FourInMemory *>(to + 16) = __builtin_shufflevector(a, d, 2, 3, 6, 7);
          *reinterpret_cast<FourInMemory *>(to + 32) = __builtin_shufflevector(c, e, 0, 1, 4, 5);
          *reinterpret_cast<FourInMemory *>(to + 48) = __builtin_shufflevector(c, e, 2, 3, 6, 7);
        }
      }
      for (; k < inner; k++, to += 16) {
        for (int i = 0; i < 4; i++) {
          const int column = first + lane + i;
          to[i] = column < columns ? b[(size_t)column * inner + k] : 0;
        }
      }
    }
    panels += (size_t)inner * 16;
  }
}

