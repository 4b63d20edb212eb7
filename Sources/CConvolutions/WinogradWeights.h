// Winograd's gradient of the weights, the transpose of forward: dg = Gᵀ·(Σ A·dy·Aᵀ ⊙ Bᵀ·x·B)·G. Part of a body.

// A·dy·Aᵀ of a tile, with zeros where the map is smaller.
template <int H, int W>
static void transform_gradient_tile(const WinogradPlan &plan, const Tile &tile, const float *gradient, Blocks out) {
  const Places<H, W> places(plan, tile);
  const Map &map = plan.to;
  const Inside vertical(tile.y, H, map.height), horizontal(tile.x, W, map.width);
  for (int part = 0; part < parts_of(map); part++) {
    const float *const pixels = gradient + tile.row * map.row_stride() + part_offset(map, part) +
                                ((size_t)tile.y * map.width + tile.x) * map.lanes;
    Vector columns[W][H + 2];
    for (int j = 0; j < W; j++) {
      if (j >= horizontal.end) {
        for (int i = 0; i < H + 2; i++) columns[j][i] = Vector{};
        continue;
      }
      Vector dy[H];
      UNROLL
      for (int i = 0; i < H; i++) {
        dy[i] = load(i < vertical.end ? pixels + ((size_t)i * map.width + j) * map.lanes : zeros);
      }
      transform_gradients<H>(dy, columns[j]);
    }
    float *const numbers = part_in(out, part);
    for (int i = 0; i < H + 2; i++) {
      Vector dy[W], m[W + 2];
      UNROLL
      for (int j = 0; j < W; j++) dy[j] = columns[j][i];
      transform_gradients<W>(dy, m);
      UNROLL
      for (int j = 0; j < W + 2; j++) store(numbers + places.of[i][j], m[j]);
    }
  }
}

static void transform_gradients_of(const WinogradPlan &plan, const Chunk &chunk, const float *gradient, Blocks out) {
  for (int i = 0; i < chunk.count; i++) {
    const Tile &tile = chunk.tiles[i];
#define CALL(H, W) transform_gradient_tile<H, W>(plan, tile, gradient, out)
    FOR_SIZE_OF(tile, CALL)
#undef CALL
  }
}

// A chunk's sums for R input channels from `channel` on and P panels of output channels, at all pairs of points, then
// their inverse transform, which is added to the gradient.
//
// It leaves the transform after every chunk rather than once a shard: sums at 36 pairs of points would go to memory and
// back for every chunk, four times as much as those of nine taps.
template <int R, int P>
static void add_weight_gradients(const WinogradPlan &plan, const Chunk &chunk, Blocks inputs, Blocks gradients,
                                 int channel, int panel, float *out) {
  Vector sums[POINTS][POINTS][R][P * PARTS];
  for (int v = 0; v < plan.vertical_points.count; v++) {
    for (int h = 0; h < plan.horizontal_points.count; h++) {
      const int p = plan.vertical_points.of[v], q = plan.horizontal_points.of[h];
      const size_t start = (v * plan.horizontal_points.count + h) * plan.stride;
      Vector products[R][P * PARTS] = {};
      const BlockNumbers numbers = {{inputs.start + start, inputs.stride}};
      outer_some<R, P>(chunk.count_of(p, q), numbers, channel / 16, channel % 16,
                       Blocks{gradients.block(panel) + start, gradients.stride}, products);
      UNROLL
      for (int r = 0; r < R; r++) {
        UNROLL
        for (int i = 0; i < P * PARTS; i++) sums[p][q][r][i] = products[r][i];
      }
    }
  }
  const Vector none = {};
  for (int r = 0; r < R; r++) {
    for (int i = 0; i < P * PARTS; i++) {
      Vector columns[POINTS][3];
      for (int p = 0; p < POINTS; p++) {
        const bool used = plan.vertical_points.slot[p] >= 0;
        Vector s[POINTS];
        for (int q = 0; q < POINTS; q++) s[q] = used && plan.horizontal_points.slot[q] >= 0 ? sums[p][q][r][i] : none;
        transform_weight_sums(s, columns[p]);
      }
      float *const taps = out + (panel + i / PARTS) * plan.gradient_panel() + (size_t)(channel + r) * 9 * 16 +
                          i % PARTS * WIDTH;
      for (int j = 0; j < 3; j++) {
        Vector s[POINTS], g[3];
        for (int p = 0; p < POINTS; p++) s[p] = columns[p][j];
        transform_weight_sums(s, g);
        for (int k = 0; k < 3; k++) store(taps + (k * 3 + j) * 16, load(taps + (k * 3 + j) * 16) + g[k]);
      }
    }
  }
}

// The channels of a block are shared out as register blocks of `OUTER_ROWS` or less.
template <int P>
static void add_weight_gradients_of_panels(const WinogradPlan &plan, const Chunk &chunk, Blocks inputs,
                                           Blocks gradients, int panel, float *out) {
  for (int channel = 0; channel < plan.from.channels; channel += 16) {
#define ADD(R, START)                                    \
  if (channel + START < plan.from.channels)              \
  add_weight_gradients<R, P>(plan, chunk, inputs, gradients, channel + START, panel, out)
    FOR_PARTS_OF_BLOCK(ADD)
#undef ADD
  }
}

static void winograd_run_weights(const convolutions_problem &problem, const float *input, float *weights,
                                 const float *gradient, float *scratch) {
  const WinogradPlan plan(problem);
  Scratch memory = {scratch};
  const Blocks inputs = {memory.take(plan.chunk_count(plan.from.channels)), plan.chunk_block()};
  const Blocks gradients = {memory.take(plan.chunk_count(plan.to.channels)), plan.chunk_block()};
  const int panels = blocks_of(plan.to.channels, 16);
  memset(weights, 0, panels * plan.gradient_panel() * sizeof *weights);
  for (int first = 0; first < plan.tiles; first += plan.chunk) {
    const Chunk chunk(plan, first);
    transform_inputs_of(plan, chunk, input, inputs);
    transform_gradients_of(plan, chunk, gradient, gradients);
    int panel = 0;
    for (; panel + PANELS <= panels; panel += PANELS) {
      add_weight_gradients_of_panels<PANELS>(plan, chunk, inputs, gradients, panel, weights);
    }
    for (; panel < panels; panel++) {
      add_weight_gradients_of_panels<1>(plan, chunk, inputs, gradients, panel, weights);
    }
  }
}

static void winograd_unpack(const convolutions_problem &problem, const float *packed, float *weights) {
  const WinogradPlan plan(problem);
  for (int k = 0; k < plan.to.channels; k++) {
    for (int c = 0; c < plan.from.channels; c++) {
      const float *const taps = packed + k / 16 * plan.gradient_panel() + (size_t)c * 9 * 16 + k % 16;
      for (int tap = 0; tap < 9; tap++) *weights++ = taps[tap * 16];
    }
  }
}
