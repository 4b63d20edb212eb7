#include "CVector.h"

#include <cmath>
#include <cstring>

// One body for every instruction set: the loader picks the clone that the processor can run.
#if defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))
// Vectors wider than the baseline's registers never cross a call: everything that takes one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

// G neighbouring lanes at a time: 16 or 8 fill a vector register, 1 takes what is left of a matrix row.
template <int G>
struct Lanes {
  typedef float Float __attribute__((vector_size(G * sizeof(float)), aligned(4)));
  typedef double Double __attribute__((vector_size(G * sizeof(double)), aligned(8)));
  typedef int Bits __attribute__((vector_size(G * sizeof(int)), aligned(4)));

  INLINE Float load(const float *p) { return *reinterpret_cast<const Float *>(p); }
  INLINE void store(float *p, Float v) { *reinterpret_cast<Float *>(p) = v; }
  INLINE void store(double *p, Double v) { *reinterpret_cast<Double *>(p) = v; }
  INLINE Double widen(Float v) { return __builtin_convertvector(v, Double); }
  INLINE Float narrow(Double v) { return __builtin_convertvector(v, Float); }
  // v where condition > 0, else 0.
  INLINE Float where_positive(Float condition, Float v) {
    return reinterpret_cast<Float>(reinterpret_cast<Bits>(v) & (condition > 0));
  }
  // max(v, 0), but not a number stays one: a diverged run must not look like a dead one.
  INLINE Float relu(Float v) { return reinterpret_cast<Float>(reinterpret_cast<Bits>(v) & ~(v <= 0)); }
};

// Calls body<G>(block, lane) for groups of G lanes that together cover every lane of every block.
#define FOR_LANE_GROUPS(map, BODY)                                   \
  for (int block = 0; block < (map).blocks; block++) {               \
    int lane = 0;                                                    \
    for (; lane + 16 <= (map).lanes; lane += 16) BODY(16);           \
    for (; lane + 8 <= (map).lanes; lane += 8) BODY(8);              \
    for (; lane < (map).lanes; lane++) BODY(1);                      \
  }

INLINE size_t image_stride(const vector_map &map) { return (size_t)map.blocks * map.pixels * map.lanes; }
// Where a lane of a block begins in an image, and in a vector per channel.
INLINE size_t plane_offset(const vector_map &map, int block, int lane) {
  return (size_t)block * map.pixels * map.lanes + lane;
}
INLINE size_t channel_offset(const vector_map &map, int block, int lane) { return (size_t)block * map.lanes + lane; }

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

template <int G>
INLINE void moments(const vector_map &map, int block, int lane, const float *x, double *sums) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), channels = (size_t)map.blocks * map.lanes;
  typename L::Double sum = {}, squares = {};
  for (int n = 0; n < map.images; n++) {
    const float *plane = x + n * image_stride(map) + plane_offset(map, block, lane);
    for (int p = 0; p < map.pixels; p++) {
      const typename L::Double v = L::widen(L::load(plane + (size_t)p * map.lanes));
      sum += v;
      squares += v * v;
    }
  }
  L::store(sums + c, sum);
  L::store(sums + channels + c, squares);
}

CLONES void vector_moments(vector_map map, const float *x, double *sums) {
#define BODY(G) moments<G>(map, block, lane, x, sums)
  FOR_LANE_GROUPS(map, BODY)
#undef BODY
}

template <int G>
INLINE void normalize(const vector_map &map, int block, int lane, const float *x, const float *scale,
                      const float *shift, int relu, const float *mask, float *y) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), channels = (size_t)map.blocks * map.lanes;
  const typename L::Float a = L::load(scale + c), b = L::load(shift + c);
  for (int n = 0; n < map.images; n++) {
    const size_t start = n * image_stride(map) + plane_offset(map, block, lane);
    typename L::Float m = {};
    if (mask) m = L::load(mask + n * channels + c);
    for (int p = 0; p < map.pixels; p++) {
      const size_t i = start + (size_t)p * map.lanes;
      typename L::Float z = a * L::load(x + i) + b;
      if (relu) z = L::relu(z);
      if (mask) z *= m;
      L::store(y + i, z);
    }
  }
}

CLONES void vector_normalize(vector_map map, const float *x, const float *scale, const float *shift, int relu,
                             const float *mask, float *y) {
#define BODY(G) normalize<G>(map, block, lane, x, scale, shift, relu, mask, y)
  FOR_LANE_GROUPS(map, BODY)
#undef BODY
}

template <int G>
INLINE void normalize_add(const vector_map &map, int block, int lane, const float *x, const float *scale,
                          const float *shift, const float *r, const float *r_scale, const float *r_shift, float *y) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane);
  const typename L::Float a = L::load(scale + c), b = L::load(shift + c);
  typename L::Float ra = {}, rb = {};
  if (r_scale) ra = L::load(r_scale + c), rb = L::load(r_shift + c);
  for (int n = 0; n < map.images; n++) {
    const size_t start = n * image_stride(map) + plane_offset(map, block, lane);
    for (int p = 0; p < map.pixels; p++) {
      const size_t i = start + (size_t)p * map.lanes;
      typename L::Float shortcut = L::load(r + i);
      if (r_scale) shortcut = ra * shortcut + rb;
      L::store(y + i, L::relu(a * L::load(x + i) + b + shortcut));
    }
  }
}

CLONES void vector_normalize_add(vector_map map, const float *x, const float *scale, const float *shift,
                                 const float *r, const float *r_scale, const float *r_shift, float *y) {
#define BODY(G) normalize_add<G>(map, block, lane, x, scale, shift, r, r_scale, r_shift, y)
  FOR_LANE_GROUPS(map, BODY)
#undef BODY
}

template <int G>
INLINE void normalize_backward_sums(const vector_map &map, int block, int lane, const float *x, const float *dy,
                                    const float *mean, const float *scale, const float *shift, int relu,
                                    const float *mask, double *sums, float *dmask) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), channels = (size_t)map.blocks * map.lanes;
  const typename L::Float a = L::load(scale + c), b = L::load(shift + c), mu = L::load(mean + c);
  typename L::Double sum = {}, products = {};
  for (int n = 0; n < map.images; n++) {
    const size_t start = n * image_stride(map) + plane_offset(map, block, lane);
    typename L::Float m = {};
    if (mask) m = L::load(mask + n * channels + c);
    typename L::Double opened = {};
    for (int p = 0; p < map.pixels; p++) {
      const size_t i = start + (size_t)p * map.lanes;
      const typename L::Float v = L::load(x + i);
      const typename L::Float z = a * v + b;
      typename L::Float g = L::load(dy + i);
      if (dmask) opened += L::widen(g) * L::widen(relu ? L::relu(z) : z);
      if (relu) g = L::where_positive(z, g);
      if (mask) g *= m;
      sum += L::widen(g);
      products += L::widen(g) * L::widen(v - mu);
    }
    if (dmask) L::store(dmask + n * channels + c, L::narrow(opened));
  }
  L::store(sums + c, sum);
  L::store(sums + channels + c, products);
}

CLONES void vector_normalize_backward_sums(vector_map map, const float *x, const float *dy, const float *mean,
                                           const float *scale, const float *shift, int relu, const float *mask,
                                           double *sums, float *dmask) {
#define BODY(G) normalize_backward_sums<G>(map, block, lane, x, dy, mean, scale, shift, relu, mask, sums, dmask)
  FOR_LANE_GROUPS(map, BODY)
#undef BODY
}

template <int G>
INLINE void normalize_backward(const vector_map &map, int block, int lane, const float *x, const float *dy,
                               const float *mean, const float *scale, const float *shift, int relu,
                               const float *mask, const float *constant, const float *slope, float *dx) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), channels = (size_t)map.blocks * map.lanes;
  const typename L::Float a = L::load(scale + c), b = L::load(shift + c), mu = L::load(mean + c);
  const typename L::Float k = L::load(constant + c), s = L::load(slope + c);
  for (int n = 0; n < map.images; n++) {
    const size_t start = n * image_stride(map) + plane_offset(map, block, lane);
    typename L::Float m = {};
    if (mask) m = L::load(mask + n * channels + c);
    for (int p = 0; p < map.pixels; p++) {
      const size_t i = start + (size_t)p * map.lanes;
      const typename L::Float v = L::load(x + i);
      typename L::Float g = L::load(dy + i);
      if (relu) g = L::where_positive(a * v + b, g);
      if (mask) g *= m;
      L::store(dx + i, a * g - k - s * (v - mu));
    }
  }
}

CLONES void vector_normalize_backward(vector_map map, const float *x, const float *dy, const float *mean,
                                      const float *scale, const float *shift, int relu, const float *mask,
                                      const float *constant, const float *slope, float *dx) {
#define BODY(G) normalize_backward<G>(map, block, lane, x, dy, mean, scale, shift, relu, mask, constant, slope, dx)
  FOR_LANE_GROUPS(map, BODY)
#undef BODY
}

CLONES void vector_relu_backward(size_t count, const float *y, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
}

template <int G>
INLINE void plane_means(const vector_map &map, int block, int lane, int channels, const float *x, float *means) {
  typedef Lanes<G> L;
  const int c = (int)channel_offset(map, block, lane);
  for (int n = 0; n < map.images; n++) {
    const float *plane = x + n * image_stride(map) + plane_offset(map, block, lane);
    typename L::Double sum = {};
    for (int p = 0; p < map.pixels; p++) sum += L::widen(L::load(plane + (size_t)p * map.lanes));
    for (int l = 0; l < G && c + l < channels; l++) means[(size_t)n * channels + c + l] = (float)(sum[l] / map.pixels);
  }
}

CLONES void vector_plane_means(vector_map map, int channels, const float *x, float *means) {
#define BODY(G) plane_means<G>(map, block, lane, channels, x, means)
  FOR_LANE_GROUPS(map, BODY)
#undef BODY
}

template <int G>
INLINE void plane_means_backward(const vector_map &map, int block, int lane, int channels, const float *dmeans,
                                 int accumulate, float *dx) {
  typedef Lanes<G> L;
  const int c = (int)channel_offset(map, block, lane);
  for (int n = 0; n < map.images; n++) {
    float *plane = dx + n * image_stride(map) + plane_offset(map, block, lane);
    typename L::Float share = {};
    for (int l = 0; l < G && c + l < channels; l++) share[l] = dmeans[(size_t)n * channels + c + l] / map.pixels;
    for (int p = 0; p < map.pixels; p++) {
      float *at = plane + (size_t)p * map.lanes;
      L::store(at, accumulate ? L::load(at) + share : share);
    }
  }
}

CLONES void vector_plane_means_backward(vector_map map, int channels, const float *dmeans, int accumulate, float *dx) {
#define BODY(G) plane_means_backward<G>(map, block, lane, channels, dmeans, accumulate, dx)
  FOR_LANE_GROUPS(map, BODY)
#undef BODY
}

// The part of window `o` (3 wide, stride 2, padding 1) that lies inside 0 ..< size.
INLINE int window_start(int o) { return o == 0 ? 0 : 2 * o - 1; }
INLINE int window_end(int o, int size) { return 2 * o + 2 < size ? 2 * o + 2 : size; }

CLONES void vector_max_pool(vector_map map, int height, int width, const float *x, float *y, uint8_t *winners) {
  const int out_height = (height - 1) / 2 + 1, out_width = (width - 1) / 2 + 1, lanes = map.lanes;
  for (int plane = 0; plane < map.images * map.blocks; plane++) {
    const float *in = x + (size_t)plane * height * width * lanes;
    for (int oh = 0; oh < out_height; oh++) {
      for (int ow = 0; ow < out_width; ow++) {
        const size_t o = (((size_t)plane * out_height + oh) * out_width + ow) * lanes;
        for (int l = 0; l < lanes; l++) y[o + l] = -INFINITY, winners[o + l] = 0;
        for (int h = window_start(oh); h < window_end(oh, height); h++) {
          for (int w = window_start(ow); w < window_end(ow, width); w++) {
            const uint8_t position = (uint8_t)((h - 2 * oh + 1) * 3 + (w - 2 * ow + 1));
            const float *v = in + ((size_t)h * width + w) * lanes;
            for (int l = 0; l < lanes; l++) {
              const int wins = v[l] > y[o + l];
              y[o + l] = wins ? v[l] : y[o + l];
              winners[o + l] = wins ? position : winners[o + l];
            }
          }
        }
      }
    }
  }
}

CLONES void vector_max_pool_backward(vector_map map, int height, int width, const float *dy, const uint8_t *winners,
                                     float *dx) {
  const int out_height = (height - 1) / 2 + 1, out_width = (width - 1) / 2 + 1, lanes = map.lanes;
  const size_t in_count = (size_t)map.images * map.blocks * height * width * lanes;
  for (size_t i = 0; i < in_count; i++) dx[i] = 0;
  for (int plane = 0; plane < map.images * map.blocks; plane++) {
    float *in = dx + (size_t)plane * height * width * lanes;
    for (int oh = 0; oh < out_height; oh++) {
      for (int ow = 0; ow < out_width; ow++) {
        const size_t o = (((size_t)plane * out_height + oh) * out_width + ow) * lanes;
        for (int l = 0; l < lanes; l++) {
          const int h = 2 * oh - 1 + winners[o + l] / 3, w = 2 * ow - 1 + winners[o + l] % 3;
          in[((size_t)h * width + w) * lanes + l] += dy[o + l];
        }
      }
    }
  }
}

CLONES void vector_add(size_t count, float *a, const float *b) {
  for (size_t i = 0; i < count; i++) a[i] += b[i];
}

CLONES void vector_to_bf16(size_t count, const float *x, uint16_t *y) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    const bool is_number = (bits & 0x7fffffff) <= 0x7f800000;
    // Rounding could carry a NaN into infinity: it is cut, and a bit kept set.
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
