#include <algorithm>
#include <cstring>

#include "CPixels.h"
#include "Lanes.h"

// Pillow's roundings are those of separate multiplications and additions.
#pragma clang fp contract(off)

// Pixels are done in groups of 16; of the last group, which may be shorter, as many bytes as there are are read and
// written.
enum { GROUP = 16 };
typedef Lanes<GROUP> L;
typedef L::Float Float;
typedef L::Double Double;
typedef L::Bits Bits;
typedef L::Bytes Bytes;

INLINE Bytes load(const uint8_t *p) { return *reinterpret_cast<const Bytes *>(p); }
INLINE void store(uint8_t *p, Bytes v) { *reinterpret_cast<Bytes *>(p) = v; }
INLINE Bytes load(const uint8_t *p, size_t count) {
  if (count >= GROUP) return load(p);
  Bytes v = {};
  memcpy(&v, p, count);
  return v;
}
INLINE void store(uint8_t *p, Bytes v, size_t count) {
  if (count >= GROUP) return store(p, v);
  memcpy(p, &v, count);
}
INLINE Bits widen(Bytes v) { return __builtin_convertvector(v, Bits); }
INLINE Bytes narrow(Bits v) { return __builtin_convertvector(v, Bytes); }
INLINE Float to_float(Bits v) { return __builtin_convertvector(v, Float); }
INLINE Bits truncate(Float v) { return __builtin_convertvector(v, Bits); }
INLINE Bits clip(Bits v) { return __builtin_elementwise_max(__builtin_elementwise_min(v, Bits{} + 255), Bits{}); }
INLINE Bits choose(Bits condition, Bits a, Bits b) { return (a & condition) | (b & ~condition); }

// Resampling

// Weights are whole multiples of 2⁻²² that add up to about 1. Bicubic ones are partly negative, and add up to less
// than 1.3 in absolute value; so sums stay within 255·1.3·2²² + 2²¹ < 2³¹. Starting from a half makes the shift,
// which rounds towards −∞, round to nearest.
const int PRECISION = 22;
const int HALF = 1 << (PRECISION - 1);

// 16 vectors of 16 bytes: byte j of vector i and byte i of vector j change places.
INLINE void transpose(Bytes *v) {
  Bytes w[GROUP];
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 8; i++) {
      w[2 * i] = __builtin_shufflevector(v[i], v[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      w[2 * i + 1] =
          __builtin_shufflevector(v[i], v[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    for (int i = 0; i < GROUP; i++) v[i] = w[i];
  }
}

INLINE size_t whole_groups(size_t count) { return (count + GROUP - 1) / GROUP * GROUP; }

size_t pixels_strip_bytes(int width, int outputs) {
  return GROUP * (whole_groups(3 * (size_t)width) + 3 * whole_groups(outputs));
}

// A strip of up to 16 rows is turned on its side, so that one vector holds the same byte of 16 rows and one weight
// serves all of it; the sums are turned back. The strip holds first the source, [byte of the row][row], then the
// three planes of the result, [output][row].
INLINE void resample_strip(const uint8_t *source, size_t stride, int rows, int width, const pixel_weights &weights,
                           uint8_t *strip, uint8_t *const *planes) {
  const size_t bytes = 3 * (size_t)width, outputs = weights.outputs;
  uint8_t *turned[3];
  for (int c = 0; c < 3; c++) turned[c] = strip + GROUP * (whole_groups(bytes) + c * whole_groups(outputs));
  Bytes square[GROUP];
  for (size_t at = 0; at < bytes; at += GROUP) {
    for (int r = 0; r < GROUP; r++) square[r] = load(source + std::min(r, rows - 1) * stride + at, bytes - at);
    transpose(square);
    for (int i = 0; i < GROUP; i++) store(strip + GROUP * (at + i), square[i]);
  }
  for (size_t x = 0; x < outputs; x++) {
    Bits sums[3] = {Bits{} + HALF, Bits{} + HALF, Bits{} + HALF};
    const uint8_t *in = strip + GROUP * 3 * (size_t)weights.first[x];
    for (int k = 0; k < weights.counts[x]; k++) {
      const int32_t weight = weights.weights[x * weights.taps + k];
      for (int c = 0; c < 3; c++) sums[c] += widen(load(in + GROUP * (3 * k + c))) * weight;
    }
    for (int c = 0; c < 3; c++) store(turned[c] + GROUP * x, narrow(clip(sums[c] >> PRECISION)));
  }
  for (int c = 0; c < 3; c++) {
    for (size_t x = 0; x < outputs; x += GROUP) {
      for (int i = 0; i < GROUP; i++) square[i] = load(turned[c] + GROUP * (x + i));
      transpose(square);
      for (int r = 0; r < rows; r++) store(planes[c] + r * outputs + x, square[r], outputs - x);
    }
  }
}

CLONES void pixels_resample_rows(const uint8_t *source, size_t stride, int rows, int width, pixel_weights weights,
                                 uint8_t *strip, uint8_t *planes) {
  const size_t plane = (size_t)rows * weights.outputs;
  for (int row = 0; row < rows; row += GROUP) {
    uint8_t *const results[3] = {planes + (size_t)row * weights.outputs, planes + plane + (size_t)row * weights.outputs,
                                 planes + 2 * plane + (size_t)row * weights.outputs};
    resample_strip(source + row * stride, stride, std::min<int>(GROUP, rows - row), width, weights, strip, results);
  }
}

INLINE void resample_columns(const uint8_t *source, int width, const pixel_weights &weights, uint8_t *result) {
  for (int y = 0; y < weights.outputs; y++) {
    const uint8_t *in = source + (size_t)weights.first[y] * width;
    const int32_t *row = weights.weights + (size_t)y * weights.taps;
    const int count = weights.counts[y];
    uint8_t *out = result + (size_t)y * width;
    int x = 0;
    for (; x + 4 * GROUP <= width; x += 4 * GROUP) {  // four sums in registers
      Bits sums[4] = {Bits{} + HALF, Bits{} + HALF, Bits{} + HALF, Bits{} + HALF};
      for (int k = 0; k < count; k++) {
        for (int i = 0; i < 4; i++) sums[i] += widen(load(in + (size_t)k * width + x + GROUP * i)) * row[k];
      }
      for (int i = 0; i < 4; i++) store(out + x + GROUP * i, narrow(clip(sums[i] >> PRECISION)));
    }
    for (; x < width; x += GROUP) {
      Bits sum = Bits{} + HALF;
      for (int k = 0; k < count; k++) sum += widen(load(in + (size_t)k * width + x, width - x)) * row[k];
      store(out + x, narrow(clip(sum >> PRECISION)), width - x);
    }
  }
}

CLONES void pixels_resample_columns(const uint8_t *source, int width, pixel_weights weights, uint8_t *result) {
  resample_columns(source, width, weights, result);
}

// Colour

INLINE Bits blend(Bits base, Bits x, float factor) {
  return clip(truncate(to_float(base) + factor * to_float(x - base)));
}

// 0.299, 0.587 and 0.114 times 2¹⁶, rounded so that they add up to 2¹⁶: a grey keeps its value.
INLINE Bits luma(Bits red, Bits green, Bits blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

// Calls BODY(i, n) for groups of pixels from i on, of which n are there.
#define FOR_PIXELS(count, BODY)                             \
  size_t i = 0;                                             \
  for (; i + GROUP <= (count); i += GROUP) BODY(i, GROUP);  \
  if (i < (count)) BODY(i, (count)-i)

INLINE void blend(uint8_t base, uint8_t *x, size_t n, float factor) {
  store(x, narrow(blend(Bits{} + base, widen(load(x, n)), factor)), n);
}

CLONES void pixels_blend(size_t bytes, uint8_t *x, uint8_t base, float factor) {
#define BODY(i, n) blend(base, x + i, n, factor)
  FOR_PIXELS(bytes, BODY);
#undef BODY
}

// Three planes, and how their pixels are read and written.
struct Planes {
  uint8_t *red, *green, *blue;
};
struct Pixels {
  Bits red, green, blue;
};
INLINE Pixels load(const Planes &planes, size_t i, size_t n) {
  return {widen(load(planes.red + i, n)), widen(load(planes.green + i, n)), widen(load(planes.blue + i, n))};
}
INLINE void store(const Planes &planes, size_t i, size_t n, const Pixels &p) {
  store(planes.red + i, narrow(p.red), n);
  store(planes.green + i, narrow(p.green), n);
  store(planes.blue + i, narrow(p.blue), n);
}
INLINE Planes planes_at(uint8_t *planes, size_t count) { return {planes, planes + count, planes + 2 * count}; }

INLINE uint64_t luma_sum(size_t count, const uint8_t *planes) {
  const Planes p = planes_at(const_cast<uint8_t *>(planes), count);
  uint64_t sum = 0;
  size_t i = 0;
  // No lane's sum of as many bytes leaves 31 bits.
  const size_t run = (size_t)GROUP << 22;
  while (i + GROUP <= count) {
    Bits sums = {};
    for (const size_t end = std::min(count, i + run); i + GROUP <= end; i += GROUP) {
      const Pixels pixels = load(p, i, GROUP);
      sums += luma(pixels.red, pixels.green, pixels.blue);
    }
    for (int lane = 0; lane < GROUP; lane++) sum += sums[lane];
  }
  for (; i < count; i++) sum += (p.red[i] * 19595u + p.green[i] * 38470u + p.blue[i] * 7471u + 0x8000) >> 16;
  return sum;
}

CLONES uint64_t pixels_luma_sum(size_t count, const uint8_t *planes) { return luma_sum(count, planes); }

INLINE void saturate(const Planes &planes, size_t i, size_t n, float factor) {
  const Pixels p = load(planes, i, n);
  const Bits grey = luma(p.red, p.green, p.blue);
  store(planes, i, n, {blend(grey, p.red, factor), blend(grey, p.green, factor), blend(grey, p.blue, factor)});
}

CLONES void pixels_saturate(size_t count, uint8_t *planes, float factor) {
  const Planes p = planes_at(planes, count);
#define BODY(i, n) saturate(p, i, n, factor)
  FOR_PIXELS(count, BODY);
#undef BODY
}

INLINE void grayscale(const Planes &planes, size_t i, size_t n) {
  const Pixels p = load(planes, i, n);
  const Bits grey = luma(p.red, p.green, p.blue);
  store(planes, i, n, {grey, grey, grey});
}

CLONES void pixels_grayscale(size_t count, uint8_t *planes) {
  const Planes p = planes_at(planes, count);
#define BODY(i, n) grayscale(p, i, n)
  FOR_PIXELS(count, BODY);
#undef BODY
}

// Pillow's `rgb2hsv` and `hsv2rgb`, which mix single and double precision. Where single precision alone gives the same
// bytes for every colour (tests compare all 2²⁴) it is used.
INLINE Pixels turned(const Pixels &p, int shift) {
  const Bits high = __builtin_elementwise_max(p.red, __builtin_elementwise_max(p.green, p.blue));
  const Bits low = __builtin_elementwise_min(p.red, __builtin_elementwise_min(p.green, p.blue));
  const Bits range = high - low;
  const Bits is_grey = range == 0;
  // A grey has the range 1 here, and is put right at the end.
  const Float divisor = to_float(range - is_grey);

  // One channel is highest, one lowest, and the gap of the one between to the highest decides. The sextant's number is
  // 0, 2 or 4 plus the difference of two gaps, of which the lowest channel's is 1.
  const Bits red_leads = p.red == high, green_leads = ~red_leads & (p.green == high);
  const Bits blue_is_low = p.blue == low, red_is_low = p.red == low;
  // The channel between comes before the highest one in the order red, green, blue, red; the gap is subtracted then.
  const Bits subtracts = choose(red_leads, blue_is_low, choose(green_leads, ~blue_is_low, ~red_is_low));
  const Bits between = choose(red_leads, choose(blue_is_low, p.green, p.blue),
                              choose(green_leads, choose(blue_is_low, p.red, p.blue),
                                     choose(red_is_low, p.green, p.red)));
  const Bits base = choose(red_leads, Bits{}, choose(green_leads, Bits{} + 2, Bits{} + 4)) + choose(subtracts, Bits{} + 1, Bits{} - 1);
  const Float gap = to_float(high - between) / divisor;
  const Float sextant = to_float(base) + L::flip(gap, subtracts & (int)0x80000000);
  Float turn = sextant / 6;
  turn = L::select(turn < 0, turn + 1, turn);
  const Bits hue = (truncate(turn * 255) + shift) & 255;
  const Bits nonzero = choose(high == 0, Bits{} + 1, high);
  const Bits saturation = truncate(to_float(range) / to_float(nonzero) * 255);

  const Bits position = hue * 6;
  const Bits number = (position * 257 + 257) >> 16;  // position / 255, exactly for 0 … 1,530: 1/255 is 257/65,535
  const Float fraction = to_float(position - number * 255) / 255;
  const Float strength = to_float(saturation) / 255;
  const Float value = to_float(high);
  const Bits bottom = truncate(value * (1 - strength) + 0.5f);
  // In even sextants the channel between rises, in odd ones it falls.
  const Double rising = L::widen(strength) * (1 - L::widen(fraction));
  const Double falling = L::widen(strength * fraction);
  typedef long long Longs __attribute__((vector_size(GROUP * sizeof(long long))));
  const Longs falls = __builtin_convertvector(-(number & 1), Longs);
  const Double share = reinterpret_cast<Double>((reinterpret_cast<Longs>(falling) & falls) |
                                                (reinterpret_cast<Longs>(rising) & ~falls));
  const Bits middle = __builtin_convertvector(L::widen(value) * (1 - share) + 0.5, Bits);

  const Bits pale = is_grey | (saturation == 0);
  const Bits zero = (number == 0) | (number == 6);  // 6: the hue of 255, which is red again
  const Bits one = number == 1, two = number == 2, three = number == 3, four = number == 4, five = number == 5;
  const Bits red = (high & (zero | five)) | (middle & (one | four)) | (bottom & (two | three));
  const Bits green = (high & (one | two)) | (middle & (zero | three)) | (bottom & (four | five));
  const Bits blue = (high & (three | four)) | (middle & (two | five)) | (bottom & (zero | one));
  return {choose(pale, high, red), choose(pale, high, green), choose(pale, high, blue)};
}

INLINE void shift_hue(const Planes &planes, size_t i, size_t n, int shift) {
  store(planes, i, n, turned(load(planes, i, n), shift));
}

CLONES void pixels_shift_hue(size_t count, uint8_t *planes, uint8_t shift) {
  const Planes p = planes_at(planes, count);
#define BODY(i, n) shift_hue(p, i, n, shift)
  FOR_PIXELS(count, BODY);
#undef BODY
}

CLONES void pixels_solarize(size_t bytes, uint8_t *x, uint8_t threshold) {
  for (size_t i = 0; i < bytes; i++) x[i] = x[i] >= threshold ? 255 - x[i] : x[i];
}

INLINE void flip(size_t rows, int width, uint8_t *x) {
  for (size_t row = 0; row < rows; row++, x += width) {
    int left = 0, right = width;
    for (; left + 2 * GROUP <= right; left += GROUP, right -= GROUP) {
#define REVERSED(v) __builtin_shufflevector(v, v, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
      const Bytes a = load(x + left), b = load(x + right - GROUP);
      store(x + left, REVERSED(b));
      store(x + right - GROUP, REVERSED(a));
#undef REVERSED
    }
    std::reverse(x + left, x + right);
  }
}

CLONES void pixels_flip(size_t rows, int width, uint8_t *x) { flip(rows, width, x); }

// Blur

// y[i] = Σ_k weights[k]·in(k)[i], terms added from the first to the last.
template <class Rows>
INLINE void correlate(int count, int taps, const float *weights, const Rows &in, float *y) {
  int i = 0;
  for (; i + 4 * GROUP <= count; i += 4 * GROUP) {  // four sums in registers
    Float sums[4] = {};
    for (int k = 0; k < taps; k++) {
      for (int j = 0; j < 4; j++) sums[j] += weights[k] * L::load(in(k) + i + GROUP * j);
    }
    for (int j = 0; j < 4; j++) L::store(y + i + GROUP * j, sums[j]);
  }
  for (; i + GROUP <= count; i += GROUP) {
    Float sum = {};
    for (int k = 0; k < taps; k++) sum += weights[k] * L::load(in(k) + i);
    L::store(y + i, sum);
  }
  for (; i < count; i++) {
    float sum = 0;
    for (int k = 0; k < taps; k++) sum += weights[k] * in(k)[i];
    y[i] = sum;
  }
}

INLINE void blur(const uint8_t *plane, int width, int height, int radius, const float *weights, const int32_t *columns,
                 const int32_t *lines, float *scratch, float *result) {
  float *const padded = scratch, *const rows = scratch + width + 2 * radius;
  const int taps = 2 * radius + 1;
  for (int y = 0; y < height; y++) {
    const uint8_t *row = plane + (size_t)y * width;
    for (int x = 0; x < radius; x++) padded[x] = row[columns[x]];
    for (int x = 0; x < width; x++) padded[radius + x] = row[x];
    for (int x = radius + width; x < width + 2 * radius; x++) padded[x] = row[columns[x]];
    const auto shifted = [&](int k) __attribute__((always_inline)) { return padded + k; };
    correlate(width, taps, weights, shifted, rows + (size_t)y * width);
  }
  for (int y = 0; y < height; y++) {
    const auto line = [&](int k) __attribute__((always_inline)) { return rows + (size_t)lines[y + k] * width; };
    correlate(width, taps, weights, line, result + (size_t)y * width);
  }
}

CLONES void pixels_blur(const uint8_t *plane, int width, int height, int radius, const float *weights,
                        const int32_t *columns, const int32_t *lines, float *scratch, float *result) {
  blur(plane, width, height, radius, weights, columns, lines, scratch, result);
}

CLONES void pixels_round(size_t count, const float *x, uint8_t *y) {
  for (size_t i = 0; i < count; i++) y[i] = (uint8_t)(int)(x[i] + 0.5f);
}

// Between forms

void pixels_look_up(size_t count, const uint8_t *x, const float *table, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = table[x[i]];
}

CLONES void pixels_interleave(size_t count, const uint8_t *planes, uint8_t *pixels) {
  for (size_t i = 0; i < count; i++) {
    for (int c = 0; c < 3; c++) pixels[3 * i + c] = planes[c * count + i];
  }
}

CLONES void pixels_separate(size_t count, const uint8_t *pixels, uint8_t *planes) {
  for (size_t i = 0; i < count; i++) {
    for (int c = 0; c < 3; c++) planes[c * count + i] = pixels[3 * i + c];
  }
}
