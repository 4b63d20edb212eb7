#pragma once

// How the kernels are written: groups of lanes, compiled for every instruction set.

#include "CVector.h"

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
  typedef uint8_t Bytes __attribute__((vector_size(G), aligned(1)));

  INLINE Float load(const float *p) { return *reinterpret_cast<const Float *>(p); }
  INLINE void store(float *p, Float v) { *reinterpret_cast<Float *>(p) = v; }
  INLINE void add(double *p, Double v) { store(p, *reinterpret_cast<const Double *>(p) + v); }
  INLINE void store(double *p, Double v) { *reinterpret_cast<Double *>(p) = v; }
  INLINE Float all(float v) { return v - Float{}; }
  INLINE Double widen(Float v) { return __builtin_convertvector(v, Double); }
  INLINE Float narrow(Double v) { return __builtin_convertvector(v, Float); }
  INLINE Bits load_bytes(const uint8_t *p) {
    return __builtin_convertvector(*reinterpret_cast<const Bytes *>(p), Bits);
  }
  INLINE void store(uint8_t *p, Bits v) { *reinterpret_cast<Bytes *>(p) = __builtin_convertvector(v, Bytes); }
  // v where the condition's bits are set, else 0.
  INLINE Float where(Bits condition, Float v) { return reinterpret_cast<Float>(reinterpret_cast<Bits>(v) & condition); }
  INLINE Float where_positive(Float condition, Float v) { return where(condition > 0, v); }
  INLINE Float select(Bits condition, Float a, Float b) {
    return reinterpret_cast<Float>((reinterpret_cast<Bits>(a) & condition) | (reinterpret_cast<Bits>(b) & ~condition));
  }
  // Changes the sign where `sign` holds its bit.
  INLINE Float flip(Float v, Bits sign) { return reinterpret_cast<Float>(reinterpret_cast<Bits>(v) ^ sign); }
  // max(v, 0), but not a number stays one: a diverged run must not look like a dead one.
  INLINE Float relu(Float v) { return reinterpret_cast<Float>(reinterpret_cast<Bits>(v) & ~(v <= 0)); }
};

// Calls BODY(G) for the G lanes from `lane` on of each `block` of image n, so that together they cover everything, in
// the order in which it lies in memory. (Clones cannot call closures.)
#define FOR_LANES_OF_IMAGE(map, n, BODY)                 \
  for (int block = 0; block < (map).blocks; block++) {   \
    int lane = 0;                                        \
    for (; lane + 16 <= (map).lanes; lane += 16) BODY(16); \
    for (; lane + 8 <= (map).lanes; lane += 8) BODY(8);  \
    for (; lane < (map).lanes; lane++) BODY(1);          \
  }
#define FOR_PLANES(map, BODY) \
  for (int n = 0; n < (map).images; n++) FOR_LANES_OF_IMAGE(map, n, BODY)
// From the last image to the first: what was written last is still in the cache.
#define FOR_PLANES_LAST_FIRST(map, BODY) \
  for (int n = (map).images - 1; n >= 0; n--) FOR_LANES_OF_IMAGE(map, n, BODY)

INLINE size_t image_stride(const vector_map &map) { return (size_t)map.blocks * map.pixels * map.lanes; }
// Where a lane of a block begins in a map, and in a vector per channel.
INLINE size_t plane_offset(const vector_map &map, int n, int block, int lane) {
  return n * image_stride(map) + (size_t)block * map.pixels * map.lanes + lane;
}
INLINE size_t channel_offset(const vector_map &map, int block, int lane) { return (size_t)block * map.lanes + lane; }

// Floats are summed over runs of RUN pixels in single precision, then widened: a run's rounding is below that of its
// terms' own, and a conversion for every pixel would cost more than the memory.
enum { RUN = 4 };

// Stores a plane's sum as a mean, for the lanes that are channels; rows have no padding.
template <int G>
INLINE void store_means(const vector_map &map, int c, int n, int channels, typename Lanes<G>::Double sum, float *means) {
  for (int l = 0; l < G && c + l < channels; l++) means[(size_t)n * channels + c + l] = (float)(sum[l] / map.pixels);
}
