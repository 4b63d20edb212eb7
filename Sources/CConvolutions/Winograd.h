// Winograd's convolutions: forward, and backward data, which is forward with flipped weights. Part of a body.

// Where a part of WIDTH channels lies in a map's row, and in blocks of 16.
static inline size_t part_offset(const Map &map, int part) {
  const int channel = part * WIDTH;
  return channel / map.lanes * map.pixels() * map.lanes + channel % map.lanes;
}
static inline int parts_of(const Map &map) { return map.blocks() * map.lanes / WIDTH; }
static inline float *part_in(Blocks blocks, int part) {
  return blocks.block(part * WIDTH / 16) + part * WIDTH % 16;
}

// The places of a tile's (H + 2)·(W + 2) pairs of points in a chunk's block.
template <int H, int W>
struct Places {
  size_t of[H + 2][W + 2];

  Places(const WinogradPlan &plan, const Tile &tile) {
    for (int i = 0; i < H + 2; i++) {
      for (int j = 0; j < W + 2; j++) {
        const int p = point(H, i), q = point(W, j);
        of[i][j] = plan.pair(p, q) * plan.stride + 16 * tile.place[point_class(p)][point_class(q)];
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
static void transform_output_tile(const WinogradPlan &plan, const Tile &tile, Blocks products, float *output) {
  const Places<H, W> places(plan, tile);
  const Map &map = plan.to;
  const int height = map.height - tile.y < H ? map.height : H, width = map.width - tile.x < W ? map.width : W;
  for (int part = 0; part < parts_of(map); part++) {
    const float *const numbers = part_in(products, part);
    Vector rows[H + 2][W];
    for (int i = 0; i < H + 2; i++) {
      Vector m[W + 2];
      UNROLL
      for (int j = 0; j < W + 2; j++) m[j] = load(numbers + places.of[i][j]);
      transform_outputs<W>(m, rows[i]);
    }
    float *const pixels = output + tile.row * map.row_stride() + part_offset(map, part) +
                          ((size_t)tile.y * map.width + tile.x) * map.lanes;
    for (int x = 0; x < width; x++) {
      Vector m[H + 2], y[H];
      UNROLL
      for (int i = 0; i < H + 2; i++) m[i] = rows[i][x];
      transform_outputs<H>(m, y);
      UNROLL
      for (int i = 0; i < H; i++) {
        if (i < height) store(pixels + ((size_t)i * map.width + x) * map.lanes, y[i]);
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
  for (int i = 0, segment = 0; i < chunk.count; i++) {
    const Tile &tile = chunk.tiles[i];
    if (i > 0 && tile.row != chunk.tiles[i - 1].row) segment++;
    const int parts = open.count > 0 ? blocks_of(open.segments[segment].channels, WIDTH) : parts_of(plan.from);
#define CALL(H, W) transform_input_tile<H, W>(plan, tile, parts, input, out)
    FOR_SIZE_OF(tile, CALL)
#undef CALL
  }
}

static void transform_outputs_of(const WinogradPlan &plan, const Chunk &chunk, Blocks products, float *output) {
  for (int i = 0; i < chunk.count; i++) {
    const Tile &tile = chunk.tiles[i];
#define CALL(H, W) transform_output_tile<H, W>(plan, tile, products, output)
    FOR_SIZE_OF(tile, CALL)
#undef CALL
  }
}

// A chunk of tiles after another: everything between input and output stays in the cache.
//
// Chains of 32 terms, as the transforms magnify what products round: at 256 channels of 8×8 it is 0.60e-6 of the
// outputs' root mean square, 0.73e-6 with chains of 64, 0.97e-6 with chains of 128, which would be 2 % faster.
static void winograd_run(const convolutions_problem &problem, const float *open, const float *from, float *weights,
                         float *to, float *scratch) {
  const WinogradPlan plan(problem);
  Scratch memory = {scratch};
  const Blocks inputs = {memory.take(plan.chunk_count(plan.from.channels)), plan.chunk_block()};
  const Blocks products = {memory.take(plan.chunk_count(plan.to.channels)), plan.chunk_block()};
  float *const lists = memory.take(OpenChannels::memory(plan));
  const Inner inner = {1, plan.from.channels, CHAIN / 16};
  const int panels = blocks_of(plan.to.channels, 16);
  for (int first = 0; first < plan.tiles; first += plan.chunk) {
    const Chunk chunk(plan, first);
    const OpenChannels channels(plan, chunk, open, lists);
    transform_inputs_of(plan, chunk, channels, from, inputs);
    for (int v = 0; v < plan.vertical_points.count; v++) {
      for (int h = 0; h < plan.horizontal_points.count; h++) {
        const int pair = v * plan.horizontal_points.count + h;
        const int tiles = chunk.count_of(plan.vertical_points.of[v], plan.horizontal_points.of[h]);
        const BlockNumbers pair_inputs = {{inputs.start + pair * plan.stride, inputs.stride}};
        const Blocks pair_products = {products.start + pair * plan.stride, products.stride};
        const Blocks pair_weights = {weights + pair * plan.pair_weights(), plan.panel()};
        if (channels.count > 0) {
          multiply_open(channels, plan.vertical_points.of[v], plan.horizontal_points.of[h], panels,
                        OpenChannels::chains(plan.from.channels), pair_inputs.blocks, pair_weights, pair_products);
        } else {
          multiply(tiles, panels, inner, Piece(inner), pair_inputs, pair_weights, pair_products);
        }
      }
    }
    transform_outputs_of(plan, chunk, products, to);
  }
}

// The nine weights of an input channel, lanes are output channels.
static void winograd_pack(const convolutions_problem &problem, const float *weights, float *packed) {
  const WinogradPlan plan(problem);
  const bool flipped = problem.direction == CONVOLUTIONS_BACKWARD_DATA;
  const size_t out_step = flipped ? 9 : 9 * (size_t)problem.in_channels;
  const size_t in_step = flipped ? 9 * (size_t)problem.in_channels : 9;
  for (int first = 0; first < plan.to.channels; first += 16) {
    const int lanes = plan.to.channels - first < 16 ? plan.to.channels - first : 16;
    for (int c = 0; c < plan.from.channels; c++) {
      float taps[9][16] = {};
      for (int lane = 0; lane < lanes; lane++) {
        const float *const kernel = weights + (first + lane) * out_step + c * in_step;
        for (int tap = 0; tap < 9; tap++) taps[flipped ? 8 - tap : tap][lane] = kernel[tap];
      }
      float *const place = packed + first / 16 * plan.panel() + (size_t)c * 16;
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
            const size_t pair = v * plan.horizontal_points.count + h;
            store(place + pair * plan.pair_weights() + lane, u[plan.horizontal_points.of[h]]);
          }
        }
      }
    }
  }
}
