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

// Gᵀ·sums·G for P panels of an input channel, added to the gradient. sum(pair, i) is vector i at a pair of points.
template <int P, class Sum>
static inline void add_inverse(const WinogradPlan &plan, int channel, int panel, float *out, Sum sum) {
  const Vector none = {};
  for (int i = 0; i < P * PARTS; i++) {
    Vector columns[POINTS][3];
    for (int p = 0; p < POINTS; p++) {
      const int v = plan.vertical_points.slot[p];
      Vector s[POINTS];
      for (int q = 0; q < POINTS; q++) {
        const int h = plan.horizontal_points.slot[q];
        s[q] = v >= 0 && h >= 0 ? sum(v * plan.horizontal_points.count + h, i) : none;
      }
      transform_weight_sums(s, columns[p]);
    }
    float *const taps = out + (panel + i / PARTS) * plan.gradient_panel() + (size_t)channel * 9 * 16 + i % PARTS * WIDTH;
    for (int j = 0; j < 3; j++) {
      Vector s[POINTS], g[3];
      for (int p = 0; p < POINTS; p++) s[p] = columns[p][j];
      transform_weight_sums(s, g);
      for (int k = 0; k < 3; k++) store(taps + (k * 3 + j) * 16, load(taps + (k * 3 + j) * 16) + g[k]);
    }
  }
}

// A chunk's sums for R input channels and P panels of output channels, which `add(p, q, start, sums)` adds up at a pair of
// points that begins there, then their inverse transform, which is added to the gradient.
//
// It leaves the transform after every chunk rather than once a shard: sums at 36 pairs of points would go to memory and
// back for every chunk, four times as much as those of nine taps.
template <int R, int P, class Add>
static void add_weight_gradients(const WinogradPlan &plan, const int (&channels)[R], int panel, float *out, Add add) {
  Vector sums[POINTS * POINTS][R][P * PARTS];
  for (int v = 0; v < plan.vertical_points.count; v++) {
    for (int h = 0; h < plan.horizontal_points.count; h++) {
      const int pair = v * plan.horizontal_points.count + h;
      Vector products[R][P * PARTS] = {};
      add(plan.vertical_points.of[v], plan.horizontal_points.of[h], pair * plan.stride, products);
      UNROLL
      for (int r = 0; r < R; r++) {
        UNROLL
        for (int i = 0; i < P * PARTS; i++) sums[pair][r][i] = products[r][i];
      }
    }
  }
  for (int r = 0; r < R; r++) {
    add_inverse<P>(plan, channels[r], panel, out, [&](int pair, int i) { return sums[pair][r][i]; });
  }
}

// The channels of a block are shared out as register blocks of `OUTER_ROWS` or less.
template <int P>
static void add_weight_gradients_of_panels(const WinogradPlan &plan, const Chunk &chunk, Blocks inputs,
                                           Blocks gradients, int panel, float *out) {
  for (int first = 0; first < plan.from.channels; first += 16) {
#define ADD(R, START)                                                                                              \
  if (first + START < plan.from.channels) {                                                                        \
    int channels[R];                                                                                               \
    for (int r = 0; r < R; r++) channels[r] = first + START + r;                                                   \
    add_weight_gradients<R, P>(                                                                                    \
        plan, channels, panel, out, [&](int p, int q, size_t start, Vector(&sums)[R][P * PARTS]) {                 \
          const BlockNumbers numbers = {{inputs.start + start, inputs.stride}};                                    \
          outer_some<R, P>(chunk.count_of(p, q), numbers, first / 16, START,                                       \
                           Blocks{gradients.block(panel) + start, gradients.stride}, sums);                        \
        });                                                                                                        \
  }
    FOR_PARTS_OF_BLOCK(ADD)
#undef ADD
  }
}

// Gradients of the weights of open channels, by input channels in the groups that chains of products have, `GROUP` chains
// at a time. What is left out changes no sum, as in `multiply_open`.
enum { GROUP = 2 };

// Adds an image's tiles to the sums of R of its channels at a pair of points, and of the rest by smaller groups.
template <int R, int P>
static void add_listed(const Term *first, const Term *end, int rows, const float *inputs, Blocks gradients,
                       int first_channel, float *sums) {
  for (; end - first >= R; first += R) {
    const float *numbers[R];
    float *places[R];
    Vector products[R][P * PARTS];
    for (int r = 0; r < R; r++) {
      numbers[r] = inputs + first[r].number;
      places[r] = sums + (first[r].weights / 16 - first_channel) * P * 16;
      UNROLL
      for (int i = 0; i < P * PARTS; i++) products[r][i] = load(places[r] + i * WIDTH);
    }
    outer_of<R, P, BlockNumbers>(rows, numbers, gradients, products);
    for (int r = 0; r < R; r++) {
      UNROLL
      for (int i = 0; i < P * PARTS; i++) store(places[r] + i * WIDTH, products[r][i]);
    }
  }
  if constexpr (R > 1) add_listed<R / 2, P>(first, end, rows, inputs, gradients, first_channel, sums);
}

// Image by image: where each has tiles enough to be worth the way of its sums to memory and back.
template <int P>
static void add_gradients_by_image(const WinogradPlan &plan, const OpenChannels &open, int chain, Blocks inputs,
                                   Blocks gradients, int panel, float *out, float *sums) {
  const int chains = OpenList::chains(plan.from.channels), first_channel = chain * CHAIN;
  const int last = chain + GROUP < chains ? chain + GROUP - 1 : chains - 1;
  const int channels = (last == chains - 1 ? plan.from.channels : (last + 1) * CHAIN) - first_channel;
  const size_t in_pair = (size_t)channels * P * 16;
  memset(sums, 0, plan.pairs() * in_pair * sizeof *sums);
  for (int v = 0; v < plan.vertical_points.count; v++) {
    for (int h = 0; h < plan.horizontal_points.count; h++) {
      const int pair = v * plan.horizontal_points.count + h;
      const int p = plan.vertical_points.of[v], q = plan.horizontal_points.of[h];
      for (int s = 0; s < open.count; s++) {
        const Segment &segment = open.segments[s];
        const size_t start = pair * plan.stride + BlockNumbers::ROW * segment.first_of(p, q);
        const Term *const first = segment.open.start_of(chain);
        add_listed<OUTER, P>(first, segment.open.end_of(last), segment.count_of(p, q), inputs.start + start,
                             {gradients.block(panel) + start, gradients.stride}, first_channel, sums + pair * in_pair);
      }
    }
  }
  for (int c = 0; c < channels; c++) {
    add_inverse<P>(plan, first_channel + c, panel, out,
                   [&](int pair, int i) { return load(sums + pair * in_pair + c * P * 16 + i * WIDTH); });
  }
}

// The tiles of those images that have a channel open, among those of each pair of classes.
struct OpenRows {
  int count[CLASSES][CLASSES];
  struct Place {
    int number, gradient;
  } places[CLASSES][CLASSES][MAXIMAL_CHUNK];
};

// Takes the next channel's rows off the images' lists.
static void take_rows(const OpenChannels &open, int channel, const Term **next, OpenRows &rows) {
  memset(rows.count, 0, sizeof rows.count);
  for (int s = 0; s < open.count; s++) {
    const Segment &segment = open.segments[s];
    if (next[s] == segment.open.terms + segment.open.channels || next[s]->weights != channel * 16) continue;
    for (int a = 0; a < CLASSES; a++) {
      for (int b = 0; b < CLASSES; b++) {
        for (int i = 0; i < segment.count[a][b]; i++) {
          const int place = BlockNumbers::ROW * (segment.first[a][b] + i);
          rows.places[a][b][rows.count[a][b]++] = {next[s]->number + place, place};
        }
      }
    }
    next[s]++;
  }
}

// Channel by channel, from the images that have it open: for images of few tiles, with as many panels as hide the latency
// of a multiply-add.
template <int P>
static void add_gradients_by_channel(const WinogradPlan &plan, const OpenRows *rows, int block, Blocks inputs,
                                     Blocks gradients, int panel, float *out, float *sums) {
  const int channels = plan.from.channels - 16 * block < 16 ? plan.from.channels - 16 * block : 16;
  // Pair by pair, so that its gradients are in the first cache for all channels.
  for (int v = 0; v < plan.vertical_points.count; v++) {
    for (int h = 0; h < plan.horizontal_points.count; h++) {
      const int pair = v * plan.horizontal_points.count + h;
      const int a = point_class(plan.vertical_points.of[v]), b = point_class(plan.horizontal_points.of[h]);
      const float *const numbers = inputs.start + pair * plan.stride;
      const float *const own = gradients.block(panel) + pair * plan.stride;
      for (int c = 0; c < channels; c++) {
        Vector products[P * PARTS] = {};
        const OpenRows::Place *place = rows[c].places[a][b];
        for (int k = 0; k < rows[c].count[a][b]; k++, place++) {
          const Vector number = all(numbers[place->number]);
          const float *const g = own + place->gradient;
          UNROLL
          for (int i = 0; i < P * PARTS; i++) {
            products[i] = fma(number, load(g + i / PARTS * gradients.stride + i % PARTS * WIDTH), products[i]);
          }
        }
        UNROLL
        for (int i = 0; i < P * PARTS; i++) store(sums + (pair * 16 + c) * P * 16 + i * WIDTH, products[i]);
      }
    }
  }
  for (int c = 0; c < channels; c++) {
    add_inverse<P>(plan, 16 * block + c, panel, out,
                   [&](int pair, int i) { return load(sums + (pair * 16 + c) * P * 16 + i * WIDTH); });
  }
}

static void add_open_weight_gradients(const WinogradPlan &plan, const Chunk &chunk, const OpenChannels &open,
                                      Blocks inputs, Blocks gradients, float *out, float *sums) {
  const int panels = blocks_of(plan.to.channels, 16);
  if (chunk.count >= 4 * open.count) {
    for (int panel = 0, width; panel < panels; panel += width) {
      width = panel + PANELS <= panels ? PANELS : 1;
      for (int chain = 0; chain < OpenList::chains(plan.from.channels); chain += GROUP) {
        if (width == PANELS) {
          add_gradients_by_image<PANELS>(plan, open, chain, inputs, gradients, panel, out, sums);
        } else {
          add_gradients_by_image<1>(plan, open, chain, inputs, gradients, panel, out, sums);
        }
      }
    }
    return;
  }
  const Term *next[MAXIMAL_CHUNK];
  for (int s = 0; s < open.count; s++) next[s] = open.segments[s].open.terms;
  for (int block = 0; block < blocks_of(plan.from.channels, 16); block++) {
    OpenRows rows[16];
    for (int c = 0; c < 16; c++) take_rows(open, 16 * block + c, next, rows[c]);
    for (int panel = 0, width; panel < panels; panel += width) {
      for (width = panels_for(1); panel + width > panels;) width /= 2;
      switch (width) {
        case 8: add_gradients_by_channel<8>(plan, rows, block, inputs, gradients, panel, out, sums); break;
        case 4: add_gradients_by_channel<4>(plan, rows, block, inputs, gradients, panel, out, sums); break;
        case 2: add_gradients_by_channel<2>(plan, rows, block, inputs, gradients, panel, out, sums); break;
        default: add_gradients_by_channel<1>(plan, rows, block, inputs, gradients, panel, out, sums);
      }
    }
  }
}

static void winograd_run_weights(const convolutions_problem &problem, const float *open, const float *input,
                                 float *weights, const float *gradient, float *scratch) {
  const WinogradPlan plan(problem);
  Scratch memory = {scratch};
  const Blocks inputs = {memory.take(plan.chunk_count(plan.from.channels)), plan.chunk_block()};
  const Blocks gradients = {memory.take(plan.chunk_count(plan.to.channels)), plan.chunk_block()};
  float *const lists = memory.take(OpenChannels::memory(plan)), *const sums = memory.take(OpenChannels::sums(plan));
  const int panels = blocks_of(plan.to.channels, 16);
  memset(weights, 0, panels * plan.gradient_panel() * sizeof *weights);
  for (int first = 0; first < plan.tiles; first += plan.chunk) {
    const Chunk chunk(plan, first);
    const OpenChannels channels = open ? OpenChannels(plan, plan.from, chunk, open, lists) : OpenChannels();
    transform_inputs_of(plan, chunk, channels, input, inputs);
    transform_gradients_of(plan, chunk, gradient, gradients);
    if (channels.count > 0) {
      add_open_weight_gradients(plan, chunk, channels, inputs, gradients, weights, sums);
      continue;
    }
    int panel = 0;
    for (; panel + PANELS <= panels; panel += PANELS) {
      add_weight_gradients_of_panels<PANELS>(plan, chunk, inputs, gradients, panel, weights);
    }
    for (; panel < panels; panel++) {
      add_weight_gradients_of_panels<1>(plan, chunk, inputs, gradients, panel, weights);
    }
  }
}

static void winograd_unpack(const convolutions_problem &problem, panel_range panels, const float *packed, float *weights) {
  const WinogradPlan plan(problem);
  const int first = 16 * panels.first;
  weights += (size_t)first * plan.from.channels * 9;
  for (int k = first; k < end_channel(panels, plan.to.channels); k++) {
    for (int c = 0; c < plan.from.channels; c++) {
      const float *const taps = packed + k / 16 * plan.gradient_panel() + (size_t)c * 9 * 16 + k % 16;
      for (int tap = 0; tap < 9; tap++) *weights++ = taps[tap * 16];
    }
  }
}
