// Products for open output channels alone. Part of a body: see Bodies.cpp.
//
// Lanes are input channels, so that an output channel is a row of weights that can be left out. A product is a dot
// product, whose lanes are added up at the end. Where whole panels of 16 output channels are open, they are the lanes, as
// they are where all channels are open, with the same bits.

// Two vectors' halves of each group of 2·H lanes, added: half as many lanes are left of each, side by side.
template <int H>
static inline Vector fold(Vector a, Vector b) {
  Vector low, high;
  UNROLL
  for (int lane = 0; lane < WIDTH; lane++) {
    const int group = lane / (2 * H) * 2 * H, i = lane % H;
    low[lane] = lane % (2 * H) < H ? a[group + i] : b[group + H + i];  // a blend
    high[lane] = lane % (2 * H) < H ? a[group + H + i] : b[group + i];
  }
  return low + high;
}

// The sums of v's lanes, of which H times N are left side by side: v[i]'s in those from i times WIDTH / DOTS on.
template <int H, int N>
static inline Vector sums_of_lanes(Vector (&v)[N]) {
  if constexpr (H == 0) {
    return v[0];
  } else if constexpr (N == 1) {
    Vector one[1] = {fold<H>(v[0], v[0])};
    return sums_of_lanes<H / 2>(one);
  } else {
    Vector half[N / 2];
    UNROLL
    for (int i = 0; i < N / 2; i++) half[i] = fold<H>(v[i], v[i + N / 2]);
    return sums_of_lanes<H / 2>(half);
  }
}

// The same of blocks of 16 lanes.
template <int N>
static inline Vector sums_of_blocks(Vector (&v)[PARTS][N]) {
  UNROLL
  for (int half = PARTS / 2; half > 0; half /= 2) {
    UNROLL
    for (int part = 0; part < half; part++) {
      UNROLL
      for (int i = 0; i < N; i++) v[part][i] += v[part + half][i];
    }
  }
  return sums_of_lanes<WIDTH / 2>(v[0]);
}

// How many tiles and channels are multiplied at one time: as many sums as registers hold, of 16 lanes each whatever the
// vectors' width (contract C9).
enum { DOTS = WIDTH / PARTS, DOT_TILES = DOTS >= 16 ? 4 : DOTS >= 4 ? 2 : 1 };

// The products of T tiles and `count` open channels at a pair of points.
template <int T>
static void dot_products(const Term *terms, int count, int blocks, bool ends_half, Blocks inputs, const float *weights,
                         Blocks products) {
  enum { O = DOTS / T };
  for (int k = 0; k < count; k += O) {
    const float *w[O];
    UNROLL
    for (int o = 0; o < O; o++) w[o] = weights + terms[k + o].weights;
    Vector sums[PARTS][DOTS] = {};
    for (int block = 0; block < blocks; block++) {
      // The second half of a last block of 8 lanes is not there, and zero.
      const int parts = ends_half && block == blocks - 1 ? (PARTS + 1) / 2 : PARTS;
      UNROLL
      for (int part = 0; part < PARTS; part++) {
        if (part >= parts) continue;
        Vector v[T];
        UNROLL
        for (int t = 0; t < T; t++) v[t] = load(inputs.block(block) + BlockNumbers::ROW * t + part * WIDTH);
        UNROLL
        for (int o = 0; o < O; o++) {
          const Vector weight = load(w[o] + block * 16 + part * WIDTH);
          UNROLL
          for (int t = 0; t < T; t++) sums[part][t * O + o] = fma(v[t], weight, sums[part][t * O + o]);
        }
      }
    }
    float results[WIDTH];
    store(results, sums_of_blocks(sums));
    float *const place = products.block(k / 16) + k % 16;
    UNROLL
    for (int t = 0; t < T; t++) {
      UNROLL
      for (int o = 0; o < O; o++) place[BlockNumbers::ROW * t + o] = results[(t * O + o) * (WIDTH / DOTS)];
    }
  }
}

// m = v·u for a list's channels from `first` on, which a block begins with, and some tiles, whose first row v and m begin
// at.
static void multiply_open_outputs(OpenList open, int first, int end, int tiles, int blocks, bool ends_half, Blocks v,
                                  const float *weights, Blocks m) {
  for (int tile = 0, step; tile < tiles; tile += step) {
    step = tiles - tile >= DOT_TILES ? DOT_TILES : 1;
    const auto multiply_tiles = step == DOT_TILES ? dot_products<DOT_TILES> : dot_products<1>;
    const size_t row = BlockNumbers::ROW * tile;
    multiply_tiles(open.terms + first, end - first, blocks, ends_half, {v.start + row, v.stride}, weights,
                   {m.block(first / 16) + row, m.stride});
  }
}

// The same for a list of whole panels.
static void multiply_open_panels(OpenList open, int first, int end, int rows, Inner inner, Blocks v, Blocks u, Blocks m) {
  const auto panel_at = [&](int k) { return open.terms[k].number / 16; };
  for (int k = first, width; k < end; k += 16 * width) {
    static_assert(PANELS <= 2, "two panels are as far apart as they are");
    width = k + 16 * (PANELS - 1) < end ? PANELS : 1;
    const size_t apart = width > 1 ? (panel_at(k + 16) - panel_at(k)) * u.stride : 0;
    multiply(rows, width, inner, Piece(inner), BlockNumbers{v}, {u.block(panel_at(k)), apart},
             Blocks{m.block(k / 16), m.stride});
  }
}

// m = v·u of a pair of points p, q for those of a chunk's images that have closed channels; weights are u's as rows.
//
// Channels are outside and images inside: where an image has few tiles, a group's weights are in the second cache for
// all of them.
static void multiply_open_outputs(const OpenChannels &open, int p, int q, int channels, Inner inner, bool ends_half,
                                  Blocks v, Blocks u, const float *weights, Blocks m) {
  enum { GROUP = 128 };
  int next[MAXIMAL_CHUNK] = {};
  for (int group = 0; group < channels; group += GROUP) {
    for (int s = 0; s < open.count; s++) {
      const Segment &segment = open.segments[s];
      if (segment.is_whole) continue;
      const int first = next[s];
      while (next[s] < segment.open.channels && segment.open.terms[next[s]].number < group + GROUP) next[s] += 16;
      const int end = next[s] < segment.open.channels ? next[s] : segment.open.channels;
      const size_t row = BlockNumbers::ROW * segment.first_of(p, q);
      const Blocks numbers = {v.start + row, v.stride}, products = {m.start + row, m.stride};
      if (segment.open.in_panels) {
        multiply_open_panels(segment.open, first, end, segment.count_of(p, q), inner, numbers, u, products);
      } else {
        multiply_open_outputs(segment.open, first, end, segment.count_of(p, q), inner.blocks(), ends_half, numbers,
                              weights, products);
      }
    }
  }
}
