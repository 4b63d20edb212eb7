#include "CVector.h"
#include "Lanes.h"

// Logarithm and exponential of eight numbers at once, with the same operations on every lane and instruction set.
typedef Lanes<8> L;
typedef L::Double Double;
typedef long long Long __attribute__((vector_size(8 * sizeof(long long)), aligned(8)));

// Finite x > 0, to about 1 ulp: x = 2^k·(1 + f), √½ ≤ 1 + f < √2, and the polynomial of fdlibm's e_log.c.
//
// The constant below is √½ as bits: with it subtracted, the exponent field counts from √½ instead of from 1, and the
// shift by 52 gives k. With s = f / (2 + f), log(1 + f) = 2·artanh(s) = 2·s + s·R(s²), where s·R is the series
// 2·s³/3 + 2·s⁵/5 + …, a polynomial here. As s·(2 + f) = f, 2·s = f − s·f, and with h = f²/2, s·f = h − s·h; so
// log(1 + f) = f − (h − s·(h + R)), in which f, the largest term, is exact. k·ln 2 is added in two parts, of which
// the first has so few bits that its product with k is exact.
INLINE Double log(Double x) {
  const Long bits = reinterpret_cast<Long>(x);
  const Long k = (bits - 0x3fe6a09e667f3bcdLL) >> 52;
  const Double f = reinterpret_cast<Double>(bits - (k << 52)) - 1.0;
  const Double s = f / (2.0 + f), z = s * s;
  const Double r = z * (0.6666666666666735130 +
                        z * (0.3999999999940941908 +
                             z * (0.2857142874366239149 +
                                  z * (0.2222219843214978396 +
                                       z * (0.1818357216161805012 +
                                            z * (0.1531383769920937332 + z * 0.1479819860511658591))))));
  const Double half = 0.5 * f * f, e = __builtin_convertvector(k, Double);
  return e * 6.93147180369123816490e-01 - ((half - (s * (half + r) + e * 1.90821492927058770002e-10)) - f);
}

// |x| ≤ 700, to about 1 ulp: x = k·ln 2 + r, |r| ≤ ½ ln 2, and the series of e^r.
//
// What the series leaves out after r¹³/13! is at most (½ ln 2)¹⁴/14!, below 5·10⁻¹⁸; half a unit in the last place
// of e^r, which is at least √½, is 5·10⁻¹⁷. 2^k is put together from its exponent field.
INLINE Double exp(Double x) {
  const double magic = 6755399441055744.0;  // 1.5·2⁵²: adding it rounds to a whole number
  const Double k = (x * 1.4426950408889634074 + magic) - magic;
  const Double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
  Double sum = Double{} + 1.0 / 6227020800.0;  // 1 / 13!
  const double factorials[] = {479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1};
#pragma clang loop unroll(full)
  for (int i = 0; i < 13; i++) sum = sum * r + 1 / factorials[i];
  return sum * reinterpret_cast<Double>((__builtin_convertvector(k, Long) + 1023) << 52);
}

INLINE Double clamp(Double x, double limit) {
  const Double low = Double{} - limit, high = Double{} + limit;
  x = x < low ? low : x;
  return x > high ? high : x;
}

INLINE void logistic_noise(size_t count, const float *uniforms, double *noise) {
  for (size_t i = 0; i < count; i += 8) {
    float chunk[8] = {};
    double result[8];
    const size_t n = count - i < 8 ? count - i : 8;
    for (size_t l = 0; l < n; l++) chunk[l] = uniforms[i + l];
    const Double u = L::widen(L::load(chunk));
    L::store(result, log(u + 1e-8) - log(1.0 - u + 1e-8));
    for (size_t l = 0; l < n; l++) noise[i + l] = result[l];
  }
}

CLONES void vector_logistic_noise(size_t count, const float *uniforms, double *noise) {
  logistic_noise(count, uniforms, noise);
}

// s ≥ ½ exactly where the sample ℓ = g + noise is at least 0, so the mask asks ℓ's sign, which no rounding of s can
// change. The exponent is clamped where s has long been 0 or 1 in a float, so that it fits its field.
INLINE void gate(size_t count, const float *logits, const double *noise, double temperature, float *soft,
                 float *mask) {
  for (size_t i = 0; i < count; i += 8) {
    double chunk[8] = {};
    float result[8];
    const size_t n = count - i < 8 ? count - i : 8;
    for (size_t l = 0; l < n; l++) chunk[l] = logits[i + l] + noise[i + l];
    const Double sample = *reinterpret_cast<const Double *>(chunk);
    L::store(result, L::narrow(1.0 / (1.0 + exp(clamp(-sample / temperature, 700)))));
    for (size_t l = 0; l < n; l++) {
      soft[i + l] = result[l];
      mask[i + l] = chunk[l] >= 0 ? 1 : 0;
    }
  }
}

CLONES void vector_gate(size_t count, const float *logits, const double *noise, double temperature, float *soft,
                        float *mask) {
  gate(count, logits, noise, temperature, soft, mask);
}

CLONES size_t vector_count_positive(size_t count, const float *x) {
  size_t positive = 0;
  for (size_t i = 0; i < count; i++) positive += x[i] > 0;
  return positive;
}
