#pragma once

// How functions walk over activations.

#include "CVector.h"
#include "Lanes.h"

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
