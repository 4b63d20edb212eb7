#include <cmath>

#include "Maps.h"

// Of a map's height or width.
INLINE int pooled_size(int size, int window) { return (size + window - 2) / 2; }

// The winner of one window, which holds rows h0 ..< h1 and columns w0 ..< w1 of the 3×3 around its centre. Where the
// scale is negative, `flip` makes the smallest win.
template <int G>
INLINE void max_of_window(const float *centre, int row_stride, int lanes, int h0, int h1, int w0, int w1,
                          typename Lanes<G>::Bits flip, float *y, uint8_t *winners) {
  typedef Lanes<G> L;
  typename L::Float best = L::all(-INFINITY);
  typename L::Bits winner = {};
  for (int h = h0; h < h1; h++) {
    for (int w = w0; w < w1; w++) {
      const typename L::Float v =
          L::flip(L::load(centre + ((ptrdiff_t)(h - 1) * row_stride + (w - 1)) * lanes), flip);
      const typename L::Bits wins = v > best;
      best = L::select(wins, v, best);
      winner = (wins & (h * 3 + w)) | (~wins & winner);
    }
  }
  L::store(y, L::flip(best, flip));
  L::store(winners, winner);
}

template <int G>
INLINE void max_pool(const vector_map &map, int n, int block, int lane, int window, int height, int width,
                     const float *x, const float *scale, float *y, uint8_t *winners) {
  typedef Lanes<G> L;
  const int out_height = pooled_size(height, window), out_width = pooled_size(width, window), lanes = map.lanes;
  const int first = 3 - window;  // a window of 2 is the lower right of the 3×3
  const typename L::Float a = L::load(scale + channel_offset(map, block, lane));
  const typename L::Bits flip = (a < 0) & (int)0x80000000;
  const size_t plane = (size_t)n * map.blocks + block;
  const float *in = x + plane_offset(map, n, block, lane);
  for (int oh = 0; oh < out_height; oh++) {
    const int h0 = first | (oh == 0), h1 = 2 * oh + 1 < height ? 3 : 2;
    for (int ow = 0; ow < out_width; ow++) {
      const int w0 = first | (ow == 0), w1 = 2 * ow + 1 < width ? 3 : 2;
      const float *centre = in + ((size_t)2 * oh * width + 2 * ow) * lanes;
      const size_t o = ((plane * out_height + oh) * out_width + ow) * lanes + lane;
      if (h0 == 0 && h1 == 3 && w0 == 0 && w1 == 3) {  // inside: all nine, unrolled
        max_of_window<G>(centre, width, lanes, 0, 3, 0, 3, flip, y + o, winners + o);
      } else if (h0 == 1 && h1 == 3 && w0 == 1 && w1 == 3) {  // all four of a window of 2
        max_of_window<G>(centre, width, lanes, 1, 3, 1, 3, flip, y + o, winners + o);
      } else {
        max_of_window<G>(centre, width, lanes, h0, h1, w0, w1, flip, y + o, winners + o);
      }
    }
  }
}

CLONES void vector_max_pool(vector_map map, int window, int height, int width, const float *x, const float *scale,
                            float *y, uint8_t *winners) {
#define BODY(G) max_pool<G>(map, n, block, lane, window, height, width, x, scale, y, winners)
  FOR_PLANES(map, BODY)
#undef BODY
}

// Every pixel gathers from the windows that contain it: one, two or four, by whether its row and column are odd.
// Window i covers rows 2i − 1 … 2i + 1, so row 2i is the middle of window i alone, and row 2i + 1 the last of window
// i and the first of window i + 1; columns likewise. Position = 3·row + column inside the window. Windows of 2 have no
// winners at the positions that they lack. Each pixel is written once, and what it gets is added in one fixed order
// (docs/derivations.md, "Max-pool before normalisation").
template <int G>
INLINE void max_pool_backward(const vector_map &map, int n, int block, int lane, int window, int height, int width,
                              const float *g, const uint8_t *winners, const float *x, const float *mean,
                              const float *scale, const float *constant, const float *slope, float *dx) {
  typedef Lanes<G> L;
  typedef typename L::Float Float;
  const int out_height = pooled_size(height, window), out_width = pooled_size(width, window), lanes = map.lanes;
  const size_t c = channel_offset(map, block, lane);
  const Float a = L::load(scale + c), mu = L::load(mean + c), k = L::load(constant + c), s = L::load(slope + c);
  const size_t plane = (size_t)n * map.blocks + block;
  const size_t in = plane * height * width * lanes + lane, out = plane * out_height * out_width * lanes + lane;
  for (int i = 0; 2 * i < height; i++) {
    for (int j = 0; 2 * j < width; j++) {
      // Of window (i + down, j + right): the gradient where `position` won.
      const auto won = [&](int down, int right, int position) __attribute__((always_inline)) {
        if (i + down >= out_height || j + right >= out_width) return Float{};
        const size_t o = out + ((size_t)(i + down) * out_width + j + right) * lanes;
        return L::where(L::load_bytes(winners + o) == position, L::load(g + o));
      };
      const auto write = [&](int h, int w, Float gradient) __attribute__((always_inline)) {
        const size_t at = in + ((size_t)h * width + w) * lanes;
        L::store(dx + at, a * gradient - k - s * (L::load(x + at) - mu));
      };
      const int h = 2 * i, w = 2 * j;
      write(h, w, won(0, 0, 4));
      if (w + 1 < width) write(h, w + 1, won(0, 0, 5) + won(0, 1, 3));
      if (h + 1 < height) write(h + 1, w, won(0, 0, 7) + won(1, 0, 1));
      if (h + 1 < height && w + 1 < width) {
        write(h + 1, w + 1, won(0, 0, 8) + won(0, 1, 6) + won(1, 0, 2) + won(1, 1, 0));
      }
    }
  }
}

CLONES void vector_max_pool_backward(vector_map map, int window, int height, int width, const float *g,
                                     const uint8_t *winners, const float *x, const float *mean, const float *scale,
                                     const float *constant, const float *slope, float *dx) {
#define BODY(G) \
  max_pool_backward<G>(map, n, block, lane, window, height, width, g, winners, x, mean, scale, constant, slope, dx)
  FOR_PLANES(map, BODY)
#undef BODY
}
