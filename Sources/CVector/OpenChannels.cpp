#include "Maps.h"

// Where the numbers of a block of open channels come from: lanes of one block of the map.
template <int G>
struct Source {
  const float *block;
  typename Lanes<G>::Bits lane, taken;  // of each number, and whether this source has it
};

// G open channels as a block of the result, or fewer and zeros; normalised unless `scale` is NULL.
template <int G>
INLINE void take_block(const vector_map &map, const float *image, const float *scale, const float *shift,
                            const int *channels, int count, float *y) {
  typedef Lanes<G> L;
  Source<G> sources[G];
  float a[G] = {}, b[G] = {};
  int used = 0;
  for (int k = 0; k < count; k++) {
    const int block = channels[k] / G;
    if (k == 0 || block != channels[k - 1] / G) {
      sources[used++] = {image + (size_t)block * map.pixels * G, typename L::Bits{}, typename L::Bits{}};
    }
    sources[used - 1].lane[k] = channels[k] % G;
    sources[used - 1].taken[k] = -1;
    if (scale == NULL) continue;
    a[k] = scale[channels[k]];
    b[k] = shift[channels[k]];
  }
  const typename L::Float scales = L::load(a), shifts = L::load(b);
  for (size_t p = 0; p < (size_t)map.pixels * G; p += G) {
    typename L::Bits v = {};
    for (int s = 0; s < used; s++) {
      const typename L::Float numbers = __builtin_shufflevector(L::load(sources[s].block + p), sources[s].lane);
      v |= reinterpret_cast<typename L::Bits>(numbers) & sources[s].taken;
    }
    const typename L::Float numbers = reinterpret_cast<typename L::Float>(v);
    L::store(y + p, scale == NULL ? numbers : L::relu(scales * numbers + shifts));
  }
}

// y may be x: a channel comes from where it goes or from further on, so that nothing is read that has been written.
template <int G>
INLINE void take_open(const vector_map &map, const float *x, const float *scale, const float *shift, const float *mask,
                      float *y) {
  const int width = map.blocks * G;
  for (int n = 0; n < map.images; n++) {
    const float *const open = mask + (size_t)n * width, *const image = x + n * image_stride(map);
    float *out = y + n * image_stride(map);
    int channels[G], count = 0;
    for (int c = 0; c < width; c++) {
      if (open[c] != 0) channels[count++] = c;
      if (count == G || (c == width - 1 && count > 0)) {
        take_block<G>(map, image, scale, shift, channels, count, out);
        out += (size_t)map.pixels * G;
        count = 0;
      }
    }
  }
}

CLONES void vector_normalize_open(vector_map map, const float *x, const float *scale, const float *shift,
                                  const float *mask, float *y) {
  if (map.lanes == 16) {
    take_open<16>(map, x, scale, shift, mask, y);
  } else {
    take_open<8>(map, x, scale, shift, mask, y);
  }
}

CLONES void vector_close_up(vector_map map, const float *mask, float *x) {
  if (map.lanes == 16) {
    take_open<16>(map, x, NULL, NULL, mask, x);
  } else {
    take_open<8>(map, x, NULL, NULL, mask, x);
  }
}
