#include "Maps.h"

// Two sums a channel.
INLINE void clear_sums(const vector_map &map, double *sums) {
  for (size_t i = 0; i < 2 * (size_t)map.blocks * map.lanes; i++) sums[i] = 0;
}

// Widened before they are squared: the square of a float is exact in double precision, so only additions round.
template <int G>
INLINE void moments(const vector_map &map, int n, int block, int lane, const float *x, double *sums) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), channels = (size_t)map.blocks * map.lanes;
  typename L::Double sum = {}, squares = {};
  const float *plane = x + plane_offset(map, n, block, lane);
  for (int p = 0; p < map.pixels; p++) {
    const typename L::Double v = L::widen(L::load(plane + (size_t)p * map.lanes));
    sum += v;
    squares += v * v;
  }
  L::add(sums + c, sum);
  L::add(sums + channels + c, squares);
}

CLONES void vector_moments(vector_map map, const float *x, double *sums) {
#define BODY(G) moments<G>(map, n, block, lane, x, sums)
  clear_sums(map, sums);
  FOR_PLANES_LAST_FIRST(map, BODY)
#undef BODY
}

// One multiply-add, ReLU and mask a number; its mean over pixels is taken of what is stored, after the mask.
template <int G, bool RELU>
INLINE void normalize(const vector_map &map, int n, int block, int lane, const float *x, const float *scale,
                      const float *shift, const float *mask, float *y, int channels, float *means) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), stride = (size_t)map.blocks * map.lanes;
  const typename L::Float a = L::load(scale + c), b = L::load(shift + c);
  const size_t start = plane_offset(map, n, block, lane);
  typename L::Float m = L::all(1);
  if (mask) m = L::load(mask + n * stride + c);
  typename L::Double total = {};
  for (int first = 0; first < map.pixels; first += RUN) {
    typename L::Float sum = {};
    const int end = first + RUN < map.pixels ? first + RUN : map.pixels;
    for (int p = first; p < end; p++) {
      const size_t i = start + (size_t)p * map.lanes;
      typename L::Float z = a * L::load(x + i) + b;
      if (RELU) z = L::relu(z);
      z *= m;
      L::store(y + i, z);
      sum += z;
    }
    total += L::widen(sum);
  }
  if (means) store_means<G>(map, c, n, channels, total, means);
}

CLONES void vector_normalize(vector_map map, const float *x, const float *scale, const float *shift, int relu,
                             const float *mask, float *y, int channels, float *means) {
#define BODY(G)                                                                             \
  relu ? normalize<G, true>(map, n, block, lane, x, scale, shift, mask, y, channels, means)    \
       : normalize<G, false>(map, n, block, lane, x, scale, shift, mask, y, channels, means)
  FOR_PLANES(map, BODY)
#undef BODY
}

template <int G, bool NORMALIZED>
INLINE void normalize_add(const vector_map &map, int n, int block, int lane, const float *x, const float *scale,
                          const float *shift, const float *r, const float *r_scale, const float *r_shift, float *y,
                          int channels, float *means) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane);
  const typename L::Float a = L::load(scale + c), b = L::load(shift + c);
  typename L::Float ra = {}, rb = {};
  if (NORMALIZED) ra = L::load(r_scale + c), rb = L::load(r_shift + c);
  const size_t start = plane_offset(map, n, block, lane);
  typename L::Double total = {};
  for (int first = 0; first < map.pixels; first += RUN) {
    typename L::Float sum = {};
    const int end = first + RUN < map.pixels ? first + RUN : map.pixels;
    for (int p = first; p < end; p++) {
      const size_t i = start + (size_t)p * map.lanes;
      typename L::Float shortcut = L::load(r + i);
      if (NORMALIZED) shortcut = ra * shortcut + rb;
      const typename L::Float v = L::relu(a * L::load(x + i) + b + shortcut);
      L::store(y + i, v);
      sum += v;
    }
    total += L::widen(sum);
  }
  if (means) store_means<G>(map, c, n, channels, total, means);
}

CLONES void vector_normalize_add(vector_map map, const float *x, const float *scale, const float *shift,
                                 const float *r, const float *r_scale, const float *r_shift, float *y, int channels,
                                 float *means) {
#define BODY(G)                                                                                                \
  r_scale ? normalize_add<G, true>(map, n, block, lane, x, scale, shift, r, r_scale, r_shift, y, channels, means) \
          : normalize_add<G, false>(map, n, block, lane, x, scale, shift, r, r_scale, r_shift, y, channels, means)
  FOR_PLANES(map, BODY)
#undef BODY
}

template <int G>
INLINE void means_of(const vector_map &map, int n, int block, int lane, const float *x, int channels, float *means) {
  typedef Lanes<G> L;
  const size_t start = plane_offset(map, n, block, lane);
  typename L::Double total = {};
  for (int first = 0; first < map.pixels; first += RUN) {
    typename L::Float sum = {};
    const int end = first + RUN < map.pixels ? first + RUN : map.pixels;
    for (int p = first; p < end; p++) sum += L::load(x + start + (size_t)p * map.lanes);
    total += L::widen(sum);
  }
  store_means<G>(map, channel_offset(map, block, lane), n, channels, total, means);
}

CLONES void vector_means(vector_map map, const float *x, int channels, float *means) {
#define BODY(G) means_of<G>(map, n, block, lane, x, channels, means)
  FOR_PLANES_LAST_FIRST(map, BODY)
#undef BODY
}

// With g = dy·mask·[z > 0], Σ g and Σ g·(x − μ): the mean is subtracted before the product, as Σ g·x − μ·Σ g would
// cancel. The mask is one number for all pixels of an image and channel, so it multiplies their sums. Its own
// gradient is Σ dy·relu(z), without the mask: what a closed channel would have brought. See
// docs/derivations.md, "ReLU and mask".
template <int G, bool RELU, bool DMASK>
INLINE void normalize_backward_sums(const vector_map &map, int n, int block, int lane, const float *x, const float *dy,
                                    const float *mean, const float *scale, const float *shift, const float *mask,
                                    double *sums, float *dmask) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), channels = (size_t)map.blocks * map.lanes;
  const typename L::Float a = L::load(scale + c), b = L::load(shift + c), mu = L::load(mean + c);
  typename L::Double sum = {}, products = {};
  const size_t start = plane_offset(map, n, block, lane);
  typename L::Float m = L::all(1);
  if (mask) m = L::load(mask + n * channels + c);
  typename L::Double opened = {};
  for (int first = 0; first < map.pixels; first += RUN) {
    typename L::Float run_sum = {}, run_products = {}, run_opened = {};
    const int end = first + RUN < map.pixels ? first + RUN : map.pixels;
    for (int p = first; p < end; p++) {
      const size_t i = start + (size_t)p * map.lanes;
      const typename L::Float v = L::load(x + i);
      const typename L::Float z = a * v + b;
      typename L::Float g = L::load(dy + i);
      if (RELU) g = L::where_positive(z, g);
      if (DMASK) run_opened += g * z;
      run_sum += g;
      run_products += g * (v - mu);
    }
    sum += L::widen(m * run_sum);
    products += L::widen(m * run_products);
    opened += L::widen(run_opened);
  }
  if (DMASK) L::store(dmask + n * channels + c, L::narrow(opened));
  L::add(sums + c, sum);
  L::add(sums + channels + c, products);
}

CLONES void vector_normalize_backward_sums(vector_map map, const float *x, const float *dy, const float *mean,
                                           const float *scale, const float *shift, int relu, const float *mask,
                                           double *sums, float *dmask) {
#define CASE(G, RELU, DMASK) \
  normalize_backward_sums<G, RELU, DMASK>(map, n, block, lane, x, dy, mean, scale, shift, mask, sums, dmask)
#define BODY(G)                                                  \
  relu ? dmask ? CASE(G, true, true) : CASE(G, true, false)      \
       : dmask ? CASE(G, false, true) : CASE(G, false, false)
  clear_sums(map, sums);
  FOR_PLANES_LAST_FIRST(map, BODY)
#undef BODY
#undef CASE
}

// dx = scale·g − constant − slope·(x − μ), where g is formed again as in the first pass. Each number depends on its
// own x and dy alone, both read before dx is written: so dx may take the place of either.
template <int G, bool RELU>
INLINE void normalize_backward(const vector_map &map, int n, int block, int lane, const float *x, const float *dy,
                               const float *mean, const float *scale, const float *shift, const float *mask,
                               const float *constant, const float *slope, float *dx) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), channels = (size_t)map.blocks * map.lanes;
  const typename L::Float a = L::load(scale + c), b = L::load(shift + c), mu = L::load(mean + c);
  const typename L::Float k = L::load(constant + c), s = L::load(slope + c);
  const size_t start = plane_offset(map, n, block, lane);
  typename L::Float m = L::all(1);
  if (mask) m = L::load(mask + n * channels + c);
  for (int p = 0; p < map.pixels; p++) {
    const size_t i = start + (size_t)p * map.lanes;
    const typename L::Float v = L::load(x + i);
    typename L::Float g = L::load(dy + i);
    if (RELU) g = L::where_positive(a * v + b, g);
    L::store(dx + i, a * (m * g) - k - s * (v - mu));
  }
}

CLONES void vector_normalize_backward(vector_map map, const float *x, const float *dy, const float *mean,
                                      const float *scale, const float *shift, int relu, const float *mask,
                                      const float *constant, const float *slope, float *dx) {
#define CASE(G, RELU) \
  normalize_backward<G, RELU>(map, n, block, lane, x, dy, mean, scale, shift, mask, constant, slope, dx)
#define BODY(G) relu ? CASE(G, true) : CASE(G, false)
  FOR_PLANES(map, BODY)
#undef BODY
#undef CASE
}

// MAPS of the gradient's maps are there; with OUTPUT the ReLU's output says where it was open, else scale·x + shift.
template <int G, int MAPS, bool OUTPUT>
INLINE void relu_backward_sums(const vector_map &map, int n, int block, int lane, const vector_gradient &dy, const float *y,
                               const float *x, const float *mean, const float *scale, const float *shift, float *g,
                               double *sums) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), stride = (size_t)map.blocks * map.lanes;
  const typename L::Float a = L::load(scale + c), b = L::load(shift + c), mu = L::load(mean + c);
  typename L::Double sum = {}, products = {};
  const size_t start = plane_offset(map, n, block, lane);
  typename L::Float share = {};
  if (dy.means) {
    for (int l = 0; l < G && (int)c + l < dy.channels; l++) {
      share[l] = dy.means[(size_t)n * dy.channels + c + l] / map.pixels;
    }
  }
  for (int first = 0; first < map.pixels; first += RUN) {
    typename L::Float run_sum = {}, run_products = {};
    const int end = first + RUN < map.pixels ? first + RUN : map.pixels;
    for (int p = first; p < end; p++) {
      const size_t i = start + (size_t)p * map.lanes;
      const typename L::Float v = L::load(x + i);
      typename L::Float d = {};
      if (MAPS > 0) d += L::load(dy.maps[0] + i);
      if (MAPS > 1) d += L::load(dy.maps[1] + i);
      d += share;
      d = L::where_positive(OUTPUT ? L::load(y + i) : a * v + b, d);
      L::store(g + i, d);
      run_sum += d;
      run_products += d * (v - mu);
    }
    sum += L::widen(run_sum);
    products += L::widen(run_products);
  }
  L::add(sums + c, sum);
  L::add(sums + stride + c, products);
}

CLONES void vector_relu_backward_sums(vector_map map, vector_gradient dy, const float *y, const float *x,
                                      const float *mean, const float *scale, const float *shift, float *g,
                                      double *sums) {
#define CASE(G, MAPS, OUTPUT) \
  relu_backward_sums<G, MAPS, OUTPUT>(map, n, block, lane, dy, y, x, mean, scale, shift, g, sums)
#define BODY(G)                                                                \
  dy.maps[1]   ? y ? CASE(G, 2, true) : CASE(G, 2, false)                      \
  : dy.maps[0] ? y ? CASE(G, 1, true) : CASE(G, 1, false)                      \
               : y ? CASE(G, 0, true) : CASE(G, 0, false)
  clear_sums(map, sums);
  FOR_PLANES_LAST_FIRST(map, BODY)
#undef BODY
#undef CASE
}

template <int G>
INLINE void add_means(const vector_map &map, int n, int block, int lane, const float *means, int channels, float *x) {
  typedef Lanes<G> L;
  const size_t c = channel_offset(map, block, lane), start = plane_offset(map, n, block, lane);
  typename L::Float share = {};
  for (int l = 0; l < G && (int)c + l < channels; l++) share[l] = means[(size_t)n * channels + c + l] / map.pixels;
  for (int p = 0; p < map.pixels; p++) {
    float *const place = x + start + (size_t)p * map.lanes;
    L::store(place, L::load(place) + share);
  }
}

CLONES void vector_add_means(vector_map map, const float *means, int channels, float *x) {
#define BODY(G) add_means<G>(map, n, block, lane, means, channels, x)
  FOR_PLANES(map, BODY)
#undef BODY
}
