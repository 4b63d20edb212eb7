#include <cmath>

#include "CVector.h"
#include "Lanes.h"

// Rows of matrices: exponentials and products, as objectives need them.

// Calls BODY(G) for groups of 16 numbers from i on, then for single ones.
#define FOR_GROUPS(count, BODY)                \
  size_t i = 0;                                \
  for (; i + 16 <= (count); i += 16) BODY(16); \
  for (; i < (count); i++) BODY(1);

// A sum over a row: by lanes, then over the lanes, then what is left of the row.
struct RowSum {
  Lanes<16>::Double lanes = {};
  double rest = 0;

  __attribute__((always_inline)) void add(Lanes<16>::Double v) { lanes += v; }
  __attribute__((always_inline)) void add(Lanes<1>::Double v) { rest += v[0]; }
  __attribute__((always_inline)) double total() const {
    double sum = 0;
    for (int lane = 0; lane < 16; lane++) sum += lanes[lane];
    return sum + rest;
  }
};

// exp x = 2ⁿ·exp r with x = n·ln 2 + r and |r| ≤ ½·ln 2, and a polynomial for exp r; its coefficients and the two
// parts of ln 2, of which n·(the first) is exact, are those of expf in S. L. Moshier's Cephes library.
//
// The first part, 355/512, has nine bits and n at most eight, so their product fits a float's 24; the second is
// ln 2 − 355/512. Adding 1.5·2²³ rounds to a whole number because a float of that size has no bits below 1; its lowest
// bits are then n in two's complement, and shifted into the exponent field they multiply by 2ⁿ. The polynomial is
// 1 + r + r²·p(r): its largest terms come last and are rounded least.
template <int G>
INLINE typename Lanes<G>::Float exponential(typename Lanes<G>::Float x) {
  typedef typename Lanes<G>::Float Float;
  typedef typename Lanes<G>::Bits Bits;
  const float rounder = 0x1.8p23f;  // a sum with it is rounded to a whole number, which its lowest bits hold
  const Float rounded = x * 1.44269504f + rounder;
  const Float n = rounded - rounder;
  const Float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Float p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const Bits result = reinterpret_cast<Bits>(p) + (reinterpret_cast<Bits>(rounded) << 23);
  // Elsewhere the result is no normal number. Comparisons with what is not a number are all false.
  const Bits is_normal = (x >= -87.33654f) & (x <= 88.72283f), is_above = x > 88.72283f, is_nan = x != x;
  const Bits infinity = reinterpret_cast<Bits>(Float{} + INFINITY);
  return reinterpret_cast<Float>((result & is_normal) | (infinity & is_above) |
                                 (reinterpret_cast<Bits>(x) & is_nan));
}

INLINE void exp_all(size_t count, const float *x, float *y) {
#define BODY(G) Lanes<G>::store(y + i, exponential<G>(Lanes<G>::load(x + i)))
  FOR_GROUPS(count, BODY)
#undef BODY
}

CLONES void vector_exp(size_t count, const float *x, float *y) { exp_all(count, x, y); }

INLINE double sum_exp(size_t count, const float *x, float shift) {
  RowSum sum;
#define BODY(G) sum.add(Lanes<G>::widen(exponential<G>(Lanes<G>::load(x + i) - shift)))
  FOR_GROUPS(count, BODY)
#undef BODY
  return sum.total();
}

CLONES double vector_sum_exp(size_t count, const float *x, float shift) { return sum_exp(count, x, shift); }

INLINE void softmax(size_t count, float *x, float log_sum) {
#define BODY(G) Lanes<G>::store(x + i, exponential<G>(Lanes<G>::load(x + i) - log_sum))
  FOR_GROUPS(count, BODY)
#undef BODY
}

CLONES void vector_softmax(size_t count, float *x, float log_sum) { softmax(count, x, log_sum); }

template <int G>
INLINE void mutual_softmax(float *x, float row_log_sum, const float *column_log_sums, float scale) {
  typedef Lanes<G> L;
  const typename L::Float v = L::load(x);
  L::store(x, scale * (exponential<G>(v - row_log_sum) + exponential<G>(v - L::load(column_log_sums))));
}

CLONES void vector_mutual_softmax(size_t count, float *x, float row_log_sum, const float *column_log_sums,
                                  float scale) {
#define BODY(G) mutual_softmax<G>(x + i, row_log_sum, column_log_sums + i, scale)
  FOR_GROUPS(count, BODY)
#undef BODY
}

CLONES float vector_max(size_t count, const float *x) {
  float largest[16];
  for (int lane = 0; lane < 16; lane++) largest[lane] = -INFINITY;
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int lane = 0; lane < 16; lane++) largest[lane] = x[i + lane] > largest[lane] ? x[i + lane] : largest[lane];
  }
  for (; i < count; i++) largest[0] = x[i] > largest[0] ? x[i] : largest[0];
  for (int lane = 1; lane < 16; lane++) largest[0] = largest[lane] > largest[0] ? largest[lane] : largest[0];
  return largest[0];
}

INLINE size_t find_above(size_t count, const float *x, const float *bias, float threshold, uint32_t *found) {
  typedef Lanes<16> L;
  size_t hits = 0;
  size_t i = 0;
  // Hits are rare: 64 numbers are passed over by one branch, then 16.
  for (; i + 64 <= count; i += 64) {
    L::Bits above[4];
    for (int g = 0; g < 4; g++) above[g] = (L::load(x + i + 16 * g) + L::load(bias + i + 16 * g)) > threshold;
    if (__builtin_reduce_or(above[0] | above[1] | above[2] | above[3]) == 0) continue;
    for (int g = 0; g < 4; g++) {
      if (__builtin_reduce_or(above[g]) == 0) continue;
      const size_t first = i + 16 * g;
      for (size_t j = first; j < first + 16; j++)
        if (x[j] + bias[j] > threshold) found[hits++] = (uint32_t)j;
    }
  }
  for (; i < count; i++)
    if (x[i] + bias[i] > threshold) found[hits++] = (uint32_t)i;
  return hits;
}

CLONES size_t vector_find_above(size_t count, const float *x, const float *bias, float threshold, uint32_t *found) {
  return find_above(count, x, bias, threshold, found);
}

INLINE double dot(size_t count, const float *x, const float *y) {
  RowSum sum;
#define BODY(G) sum.add(Lanes<G>::widen(Lanes<G>::load(x + i)) * Lanes<G>::widen(Lanes<G>::load(y + i)))
  FOR_GROUPS(count, BODY)
#undef BODY
  return sum.total();
}

CLONES double vector_dot(size_t count, const float *x, const float *y) { return dot(count, x, y); }

template <class V>
INLINE V square(V v) {
  return v * v;
}

INLINE double square_distance(size_t count, const float *x, const float *y) {
  RowSum sum;
#define BODY(G) sum.add(square(Lanes<G>::widen(Lanes<G>::load(x + i)) - Lanes<G>::widen(Lanes<G>::load(y + i))))
  FOR_GROUPS(count, BODY)
#undef BODY
  return sum.total();
}

CLONES double vector_square_distance(size_t count, const float *x, const float *y) {
  return square_distance(count, x, y);
}

INLINE double dot_wide(size_t count, const float *x, const double *y) {
  RowSum sum;
#define BODY(G) \
  sum.add(Lanes<G>::widen(Lanes<G>::load(x + i)) * *reinterpret_cast<const typename Lanes<G>::Double *>(y + i))
  FOR_GROUPS(count, BODY)
#undef BODY
  return sum.total();
}

CLONES double vector_dot_wide(size_t count, const float *x, const double *y) { return dot_wide(count, x, y); }

CLONES void vector_add_wide(size_t count, double a, const float *x, double *sums) {
  for (size_t i = 0; i < count; i++) sums[i] += a * x[i];
}

CLONES void vector_centre(size_t count, double a, const float *x, const double *centre, double b, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = (float)((a * x[i] - centre[i]) * b);
}

CLONES void vector_scale(size_t count, double a, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = (float)(a * x[i]);
}

CLONES void vector_combine(size_t count, double a, const float *x, double b, const float *y, float *sum) {
  for (size_t i = 0; i < count; i++) sum[i] = (float)(a * x[i] + b * y[i]);
}
