#pragma once

// How the kernels are written: groups of lanes, compiled for every instruction set.

#include <stddef.h>
#include <stdint.h>

// One body for every instruction set: the loader picks the clone that the processor can run (CInstructions.h).
#if defined(__x86_64__) && defined(__linux__) && defined(SLUICE_NO_AVX512)
#define CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#elif defined(__x86_64__) && defined(__linux__)
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
