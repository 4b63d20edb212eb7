// Winograd's convolutions: forward, and backward data, which is forward with flipped weights. Part of a body.

// The places of a tile's (H + 2)·(W + 2) pairs of points in a chunk's block.
template <int H, int W>
struct Places {
  size_t of[H + 2][W + 2];

  Places(const WinogradPlan &plan, const Tile &tile) {
    for (int i = 0; i < H + 2; i++) {
      for (int j = 0; j < W + 2; j++) {
        const int p = point(H, i), q = point(W, j);
        of[i][j] = plan.starts[p][q] + 16 * tile.place[point_class(p)][point_class(q)];
      }
    }
  }
};

// The rows and columns of a tile that lie in the map: 0 ≤ y + i < size.
struct Inside {
  int first, end;

  Inside(int y, int count, int size) : first(y < 0 ? -y : 0), end(y + count > size ? size - y : count) {}
};

// Bᵀ·d·B of a tile, d from (y, x) on: columns first, then rows.
template <int H, int W>
static void transform_input_tile(const WinogradPlan &plan, const Tile &tile, int parts, const float *input, Blocks out) {
  const Places<H, W> places(plan, tile);
  const Map &map = plan.from;
  const int y = tile.y - plan.padding, x = tile.x - plan.padding;
  const Inside vertical(y, H + 2, map.height), horizontal(x, W + 2, map.width);
  for (int part = 0; part < parts; part++) {
    const float *const pixels = input + tile.row * map.row_stride() + part_offset(map, part);
    const float *lines[H + 2];
    for (int i = 0; i < H + 2; i++) {
      const bool inside = i >= vertical.first && i < vertical.end;
      lines[i] = inside ? pixels + ((ptrdiff_t)(y + i) * map.width + x) * map.lanes : zeros;
    }
    Vector columns[W + 2][H + 2];
    for (int j = 0; j < W + 2; j++) {
      if (j < horizontal.first || j >= horizontal.end) {
        for (int i = 0; i < H + 2; i++) columns[j][i] = Vector{};
        continue;
      }
      Vector d[H + 2];
      UNROLL
      for (int i = 0; i < H + 2; i++) d[i] = load(lines[i] + j * map.lanes);
      transform_inputs<H>(d, columns[j]);
    }
    float *const numbers = part_in(out, part);
    for (int i = 0; i < H + 2; i++) {
      Vector d[W + 2], v[W + 2];
      UNROLL
      for (int j = 0; j < W + 2; j++) d[j] = columns[j][i];
      transform_inputs<W>(d, v);
      UNROLL
      for (int j = 0; j < W + 2; j++) store(numbers + places.of[i][j], v[j]);
    }
  }
}

// Aᵀ·m·A of a tile, cut where the map is smaller.
template <int H, int W>
static void transform_output_tile(const WinogradPlan &plan, const Tile &tile, Blocks products,
                                  const Epilogue &epilogue, float *output) {
  const Places<H, W> places(plan, tile);
  const Map &map = plan.to;
  const int height = map.height - tile.y < H ? map.height : H, width = map.width - tile.x < W ? map.width : W;
  for (int part = 0; part < epilogue.parts; part++) {
    const float *const numbers = part_in(products, part);
    Vector rows[H + 2][W];
    for (int i = 0; i < H + 2; i++) {
      Vector m[W + 2];
      UNROLL
      for (int j = 0; j < W + 2; j++) m[j] = load(numbers + places.of[i][j]);
      transform_outputs<W>(m, rows[i]);
    }
    const size_t start = tile.row * map.row_stride() + part_offset(map, part) +
                         ((size_t)tile.y * map.width + tile.x) * map.lanes;
    for (int x = 0; x < width; x++) {
      Vector m[H + 2], y[H];
      UNROLL
      for (int i = 0; i < H + 2; i++) m[i] = rows[i][x];
      transform_outputs<H>(m, y);
      UNROLL
      for (int i = 0; i < H; i++) {
        if (i >= height) continue;
        const size_t offset = start + ((size_t)i * map.width + x) * map.lanes;
        store(output + offset, epilogue.of(part, offset, y[i]));
      }
    }
  }
}

// CALL(H, W) for a tile's size.
#define FOR_SIZE_OF(tile, CALL)                                                       \
  switch (tile.height * 8 + tile.width) {                                             \
    case 3 * 8 + 3: CALL(3, 3); break;                                                \
    case 3 * 8 + 4: CALL(3, 4); break;                                                \
    case 3 * 8 + 5: CALL(3, 5); break;                                                \
    case 4 * 8 + 3: CALL(4, 3); break;                                                \
    case 4 * 8 + 4: CALL(4, 4); break;                                                \
    case 4 * 8 + 5: CALL(4, 5); break;                                                \
    case 5 * 8 + 3: CALL(5, 3); break;                                                \
    case 5 * 8 + 4: CALL(5, 4); break;                                                \
    case 5 * 8 + 5: CALL(5, 5); break;                                                \
  }

static void transform_inputs_of(const WinogradPlan &plan, const Chunk &chunk, const OpenChannels &open,
                                const float *input, Blocks out) {
  for (int i = 0; i < chunk.count; i++) {
    const Tile &tile = chunk.tiles[i];
    const int parts = open.count > 0 ? blocks_of(open.segments[open.of_tile[i]].open.channels, WIDTH) : parts_of(plan.from);
#define CALL(H, W) transform_input_tile<H, W>(plan, tile, parts, input, out)
    FOR_SIZE_OF(tile, CALL)
#undef CALL
  }
}

static void transform_output(const WinogradPlan &plan, const Tile &tile, Blocks products, const Epilogue &epilogue,
                             float *output) {
#define CALL(H, W) transform_output_tile<H, W>(plan, tile, products, epilogue, output)
  FOR_SIZE_OF(tile, CALL)
#undef CALL
}

// Images that have so many output channels open that leaving out the others is slower get all of them by the usual
// products. Which those are depends on the image alone, so that its numbers do not depend on its neighbours.
static OutputLimits open_outputs_limits(const WinogradPlan &plan) {
  const int tiles = plan.vertical.tiles * plan.horizontal.tiles;
  return {tiles < 4 ? 0.25 : tiles < 16 ? 0.55 : 0.6, tiles < 4 ? 0.25 : 0.95};
}

// A chunk of tiles after another: everything between input and output stays in the cache.
//
// Chains of 32 terms, as the transforms magnify what products round: at 256 channels of 8×8 it is 0.60e-6 of the
// outputs' root mean square, 0.73e-6 with chains of 64, 0.97e-6 with chains of 128, which would be 2 % faster.
static void winograd_run(const convolutions_problem &problem, const float *open, const convolutions_fusion *fusion,
                         const float *from, float *weights, float *to, float *scratch) {
  const WinogradPlan plan(problem);
  Scratch memory = {scratch};
  const Blocks inputs = {memory.take(plan.chunk_count(plan.from.channels)), plan.chunk_block()};
  const Blocks products = {memory.take(plan.chunk_count(plan.to.channels)), plan.chunk_block()};
  float *const list_memory = memory.take(OpenChannels::memory(plan));
  const Epilogues epilogues(plan.to, fusion, memory);
  float *const order_memory = memory.take(plan.rows);
  const Inner inner = {1, plan.from.channels, CHAIN / 16};
  const int panels = blocks_of(plan.to.channels, 16);
  const float *const rows = weights + plan.pairs() * plan.pair_weights();
  const bool ends_half = plan.from.lanes == 8 && plan.from.blocks() % 2 == 1;
  const bool selects = fusion != NULL && fusion->open != NULL;
  if (selects) decide_open_outputs(plan.rows, plan.to, open_outputs_limits(plan), fusion->mask, fusion->open);
  const int *const order = selects ? OpenOrder(plan.rows, plan.to, fusion->open, order_memory).rows
                           : open  ? OpenOrder(plan.rows, plan.from, open, order_memory).rows
                                   : NULL;
  for (int first = 0; first < plan.tiles; first += plan.chunk) {
    const Chunk chunk(plan, first, order);
    const OpenChannels in = open ? OpenChannels(plan, plan.from, chunk, open, list_memory) : OpenChannels();
    const OpenChannels out =
        selects ? OpenChannels(plan, plan.to, chunk, fusion->open, list_memory, plan.row_weights()) : OpenChannels();
    transform_inputs_of(plan, chunk, in, from, inputs);
    for (int v = 0; v < plan.vertical_points.count; v++) {
      for (int h = 0; h < plan.horizontal_points.count; h++) {
        const int pair = v * plan.horizontal_points.count + h;
        const int p = plan.vertical_points.of[v], q = plan.horizontal_points.of[h];
        const Blocks pair_inputs = {inputs.start + pair * plan.stride, inputs.stride};
        const Blocks pair_products = {products.start + pair * plan.stride, products.stride};
        const Blocks pair_weights = {weights + pair * plan.pair_weights(), plan.panel()};
        const auto multiply_all = [&](int row, int count) {
          const size_t start = BlockNumbers::ROW * row;
          multiply(count, panels, inner, Piece(inner), BlockNumbers{{pair_inputs.start + start, pair_inputs.stride}},
                   pair_weights, Blocks{pair_products.start + start, pair_products.stride});
        };
        const OpenChannels &lists = selects ? out : in;
        if (lists.count == 0) multiply_all(0, chunk.count_of(p, q));
        for (int s = 0; s < lists.count; s++) {
          const Segment &segment = lists.segments[s];
          if (segment.is_whole) multiply_all(segment.first_of(p, q), segment.count_of(p, q));
        }
        multiply_open(in, p, q, panels, OpenList::chains(plan.from.channels), pair_inputs, pair_weights, pair_products);
        multiply_open_outputs(out, p, q, plan.to.channels, inner, ends_half, pair_inputs, pair_weights,
                              rows + pair * plan.pair_rows(), pair_products);
      }
    }
    Epilogue epilogue = {};
    for (int i = 0; i < chunk.count; i++) {
      const int row = chunk.tiles[i].row;
      if (i == 0 || row != chunk.tiles[i - 1].row) {
        epilogue = epilogues.of(row, selects ? &out.segments[out.of_tile[i]].open : NULL);
      }
      transform_output(plan, chunk.tiles[i], products, epilogue, to);
    }
  }
}

// G·g·Gᵀ of 16 kernels, taps[tap][kernel], for each pair of points: store(pair, kernel, u) takes WIDTH of them.
template <class Store>
static inline void transform_kernels(const WinogradPlan &plan, const float (&taps)[9][16], Store store) {
  for (int lane = 0; lane < 16; lane += WIDTH) {
    Vector columns[3][POINTS];
    for (int j = 0; j < 3; j++) {
      const Vector g[3] = {load(taps[j] + lane), load(taps[3 + j] + lane), load(taps[6 + j] + lane)};
      transform_weights(g, columns[j]);
    }
    for (int v = 0; v < plan.vertical_points.count; v++) {
      const int p = plan.vertical_points.of[v];
      const Vector g[3] = {columns[0][p], columns[1][p], columns[2][p]};
      Vector u[POINTS];
      transform_weights(g, u);
      for (int h = 0; h < plan.horizontal_points.count; h++) {
        store(v * plan.horizontal_points.count + h, lane, u[plan.horizontal_points.of[h]]);
      }
    }
  }
}

// More than this does not stay in the caches until it is read: it goes past them, as it would else be read from memory to be
// written over. Packing 512 to 512 channels takes 1.6 ms then, and 5 ms through the caches.
enum { CACHED = 16 << 20 };

// The nine weights of an input channel, lanes are output channels. A few channels at a time, so that what goes past the
// caches is written in long stretches.
static void winograd_pack(const convolutions_problem &problem, panel_range panels, const float *weights, float *packed) {
  const WinogradPlan plan(problem);
  const bool flipped = problem.direction == CONVOLUTIONS_BACKWARD_DATA;
  const size_t out_step = flipped ? 9 : 9 * (size_t)problem.in_channels;
  const size_t in_step = flipped ? 9 * (size_t)problem.in_channels : 9;
  enum { TOGETHER = 4 };
  const bool past_caches = plan.pairs() * plan.pair_weights() * sizeof *packed > CACHED && (uintptr_t)packed % 64 == 0;
  float several[POINTS * POINTS * TOGETHER * 16];
  for (int first = 16 * panels.first; first < 16 * panels.end; first += 16) {
    const int lanes = plan.to.channels - first < 16 ? plan.to.channels - first : 16;
    for (int start = 0; start < plan.from.channels; start += TOGETHER) {
      const int count = plan.from.channels - start < TOGETHER ? plan.from.channels - start : TOGETHER;
      float *const place = packed + first / 16 * plan.panel() + (size_t)start * 16;
      const Blocks pairs = past_caches ? Blocks{several, TOGETHER * 16} : Blocks{place, plan.pair_weights()};
      for (int c = 0; c < count; c++) {
        float taps[9][16] = {};
        for (int lane = 0; lane < lanes; lane++) {
          const float *const kernel = weights + (first + lane) * out_step + (start + c) * in_step;
          for (int tap = 0; tap < 9; tap++) taps[flipped ? 8 - tap : tap][lane] = kernel[tap];
        }
        transform_kernels(plan, taps, [&](int pair, int lane, Vector u) { store(pairs.block(pair) + c * 16 + lane, u); });
      }
      for (int pair = 0; past_caches && pair < plan.pairs(); pair++) {
        Vector *const line = reinterpret_cast<Vector *>(place + pair * plan.pair_weights());
        for (int i = 0; i < count * PARTS; i++) {
          __builtin_nontemporal_store(load(pairs.block(pair) + i * WIDTH), line + i);
        }
      }
    }
  }
  // What went past the caches is ordered by a fence alone.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

// The same weights as rows, lanes are input channels, for open outputs: behind those of `winograd_pack`.
static void winograd_pack_rows(const convolutions_problem &problem, panel_range panels, const float *weights, float *packed) {
  const WinogradPlan plan(problem);
  float *const rows = packed + plan.pairs() * plan.pair_weights();
  for (int k = 16 * panels.first; k < end_channel(panels, plan.to.channels); k++) {
    for (int first = 0; first < plan.from.channels; first += 16) {
      const int lanes = plan.from.channels - first < 16 ? plan.from.channels - first : 16;
      float taps[9][16] = {};
      for (int lane = 0; lane < lanes; lane++) {
        const float *const kernel = weights + ((size_t)k * plan.from.channels + first + lane) * 9;
        for (int tap = 0; tap < 9; tap++) taps[tap][lane] = kernel[tap];
      }
      float *const place = rows + k * plan.row_weights() + first;
      transform_kernels(plan, taps, [&](int pair, int lane, Vector u) {
        store(place + pair * plan.pair_rows() + lane, u);
      });
    }
  }
}
