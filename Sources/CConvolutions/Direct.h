// Direct convolutions: the numbers that a chunk of outputs takes are gathered in a matrix, which the weights multiply.
// Gathering costs a load and a store where the product has as many multiply-adds as there are output channels, and in
// return borders, strides and phases are nothing that the product knows of. Part of a body.

// Which outputs a chunk has.
struct Outputs {
  int count;
  int row[CHUNK], y[CHUNK], x[CHUNK];  // indices along the lines

  // rows: which row is where among the outputs; NULL: each is in its place.
  Outputs(const Gather &gather, int first, int count, const int *rows = NULL) : count(count) {
    const int across = gather.horizontal.count, down = gather.vertical.count;
    int n = first / (across * down), i = first / across % down, j = first % across;
    for (int output = 0; output < count; output++) {
      row[output] = rows ? rows[n] : n, y[output] = i, x[output] = j;
      if (++j < across) continue;
      j = 0;
      if (++i < down) continue;
      i = 0;
      n++;
    }
  }
};

static void gather_blocks(const Gather &gather, Piece piece, const Outputs &outputs, const float *from, Blocks out) {
  const Map &map = gather.map;
  const int in_tap = blocks_of(map.channels, 16);
  ptrdiff_t places[CHUNK];
  for (int block = piece.first; block < piece.end; block++) {
    const int tap = block / in_tap, v = tap / gather.horizontal.taps, h = tap % gather.horizontal.taps;
    if (block == piece.first || block % in_tap == 0) {
      for (int i = 0; i < outputs.count; i++) {
        const int y = gather.vertical.source(outputs.y[i], v), x = gather.horizontal.source(outputs.x[i], h);
        const bool inside = y >= 0 && y < map.height && x >= 0 && x < map.width;
        const size_t pixel = outputs.row[i] * map.row_stride() + ((size_t)y * map.width + x) * map.lanes;
        places[i] = inside ? (ptrdiff_t)pixel : -1;
      }
    }
    for (int i = 0; i < PARTS; i++) {
      const int part = block % in_tap * PARTS + i;
      const bool ends = part >= parts_of(map);  // of 8 lanes, at the end of a map
      const float *const numbers = from + (ends ? 0 : part_offset(map, part));
      float *const place = out.block(block - piece.first) + i * WIDTH;
      for (int i = 0; i < outputs.count; i++) {
        store(place + 16 * i, load(ends || places[i] < 0 ? zeros : numbers + places[i]));
      }
    }
  }
}

// Where outputs lie in their maps.
struct OutputPlaces {
  size_t of[CHUNK];

  OutputPlaces(const Gather &gather, const Outputs &outputs, const Map &map) {
    for (int i = 0; i < outputs.count; i++) {
      const size_t pixel =
          (size_t)gather.vertical.output(outputs.y[i]) * map.width + gather.horizontal.output(outputs.x[i]);
      of[i] = outputs.row[i] * map.row_stride() + pixel * map.lanes;
    }
  }
};

// Writes products where they belong.
//
// open: of the outputs' image, if they are its open channels; NULL: they are all channels.
static void scatter(const Outputs &outputs, const OutputPlaces &places, const Map &map, Blocks products,
                    const Epilogues &epilogues, const OpenList *open, float *to) {
  for (int first = 0, end; first < outputs.count; first = end) {
    const int row = outputs.row[first];
    for (end = first; end < outputs.count && outputs.row[end] == row; end++) {}
    const Epilogue epilogue = epilogues.of(row, open);
    for (int part = 0; part < epilogue.parts; part++) {
      const float *const numbers = part_in(products, part);
      const size_t start = part_offset(map, part);
      for (int i = first; i < end; i++) {
        const size_t offset = start + places.of[i];
        store(to + offset, epilogue.of(part, offset, load(numbers + 16 * i)));
      }
    }
  }
}

static Inner inner_of(const Gather &gather) { return {gather.groups(), gather.channels(), PIECE}; }

// What is gathered at one time.
template <class Body>
static void for_each_piece(Inner inner, Body body) {
  int first = 0;
  do {
    const int left = inner.blocks() - first;
    body(Piece{first, first + (left < PIECE ? left : PIECE)});
    first += PIECE;
  } while (first < inner.blocks());
}

// Outputs are taken chunk by chunk. Those of maps that are no smaller than a chunk are taken image by image, so that a
// chunk's outputs are neighbours in the map.
static bool is_by_image(const Gather &gather) {
  return gather.horizontal.step == 1 && gather.vertical.step == 1 && gather.outputs() >= CHUNK;
}
static int chunk_at(const Gather &gather, int first, int rows) {
  const int outputs = gather.outputs();
  const int left = is_by_image(gather) ? outputs - first % outputs : rows * outputs - first;
  return left < CHUNK ? left : CHUNK;
}

// Whether such a map has whole panels, which products can be written to and read from.
static bool has_panels(const Map &map) { return map.lanes == 16 || map.blocks() % 2 == 0; }
static Panels panels_from(const Map &map, const float *start) {
  const size_t plane = map.pixels() * map.lanes;
  return {const_cast<float *>(start), 16 / map.lanes * plane, map.lanes == 16 ? 8 : plane, map.lanes};
}
static Panels panels_in(const Map &map, const Outputs &outputs, const float *numbers) {
  const size_t pixel = (size_t)outputs.y[0] * map.width + outputs.x[0];
  return panels_from(map, numbers + outputs.row[0] * map.row_stride() + pixel * map.lanes);
}

// The numbers of a piece: gathered, or where they are if a chunk takes neighbours one by one.
static Blocks piece_of(const Gather &gather, Piece piece, const Outputs &outputs, const float *from, Blocks gathered) {
  if (gather.takes_neighbours() && is_by_image(gather) && gather.map.lanes == 16) {
    const Panels panels = panels_in(gather.map, outputs, from);
    return {panels.start + piece.first * panels.stride, panels.stride};
  }
  gather_blocks(gather, piece, outputs, from, gathered);
  return gathered;
}

// Times the weights, a piece after the other, so that what was gathered stays in the first cache.
static void multiply_gathered(const Gather &gather, const Outputs &outputs, const float *from, Blocks gathered,
                              Blocks weights, int panels, Panels results) {
  const Inner inner = inner_of(gather);
  for_each_piece(inner, [&](Piece piece) {
    const BlockNumbers numbers = {piece_of(gather, piece, outputs, from, gathered)};
    multiply(outputs.count, panels, inner, piece, numbers, weights, results);
    for (int block = piece.first; block < piece.end; block++) weights.start += 16 * inner.lanes(block);
  });
}

// All channels of some rows: the first ones of `order`, or unless that is given, of all.
static void direct_run_all(const DirectPlan &plan, int rows, const int *order, const Epilogues &epilogues,
                           const float *from, float *weights, Blocks gathered, Blocks products, float *to) {
  // Phases in turns: what they read and write is the same part of the maps.
  const int most = rows * plan.phase(0, 0).outputs();
  for (int first = 0, count; first < most; first += count) {
    float *own_weights = weights;
    count = chunk_at(plan.phase(0, 0), first, rows);
    for (int v = 0; v < plan.phases; v++) {
      for (int h = 0; h < plan.phases; h++) {
        const Gather gather = plan.phase(v, h);
        const int left = rows * gather.outputs() - first;
        if (left > 0) {
          const Outputs some(gather, first, left < count ? left : count, order);
          const bool in_place = epilogues.fusion == NULL && is_by_image(gather) && has_panels(plan.to);
          const Panels results = in_place ? panels_in(plan.to, some, to) : Panels(products);
          multiply_gathered(gather, some, from, gathered, {own_weights, (size_t)gather.inner() * 16}, plan.panels(),
                            results);
          if (!in_place) scatter(some, OutputPlaces(gather, some, plan.to), plan.to, products, epilogues, NULL, to);
        }
        own_weights += plan.phase_weights(gather);
      }
    }
  }
}

// The open channels of a row. What a few outputs take is gathered whole, so that each is one dot product; a block of
// channels' weights is in the second cache for all of them.
static void direct_run_open(const DirectPlan &plan, int row, const OpenList &open, const Epilogues &epilogues,
                            const float *from, Blocks panels, const float *weights, Blocks gathered, Blocks products,
                            float *to) {
  const Gather gather = plan.phase(0, 0);
  const int outputs = gather.outputs();
  for (int first = 0; first < outputs; first += plan.dot_outputs()) {
    const int left = outputs - first;
    const Outputs some(gather, first, left < plan.dot_outputs() ? left : plan.dot_outputs(), &row);
    gather_blocks(gather, {0, gather.blocks()}, some, from, gathered);
    const int step = open.in_panels ? open.channels : 16;
    for (int k = 0; k < open.channels; k += step) {
      const int end = k + step < open.channels ? k + step : open.channels;
      if (open.in_panels) {
        multiply_open_panels(open, k, end, some.count, inner_of(gather), gathered, panels, products);
      } else {
        multiply_open_outputs(open, k, end, some.count, gather.blocks(), false, gathered, weights, products);
      }
    }
    scatter(some, OutputPlaces(gather, some, plan.to), plan.to, products, epilogues, &open, to);
  }
}

// The open input channels of an image at all taps. Those that are a piece when all are open are a chain.
static OpenList taken_by_taps(const Gather &gather, const float *open, int open_blocks, size_t stride, Term *terms,
                              int *ends) {
  const Inner inner = inner_of(gather);
  const int in_tap = inner.blocks_in_group();
  int count = 0, k = 0;
  for (int block = 0; block < inner.blocks(); block++) {
    const int tap = block / in_tap, first = block % in_tap * 16;
    if (first == 0) k = 0;
    for (int c = first; c < first + inner.lanes(block); c++) {
      if (open[c] == 0) continue;
      const size_t number = (tap * open_blocks + k / 16) * stride + k % 16;
      terms[count++] = {(int)number, (tap * inner.channels + c) * 16};
      k++;
    }
    ends[block / PIECE] = count;
  }
  return {terms, count, ends, false};
}

// All output channels of a row that has closed input channels: `open` tells which.
static void direct_run_listed(const DirectPlan &plan, int row, const float *open, Term *terms, int *ends,
                              const Epilogues &epilogues, const float *from, Blocks weights, Blocks gathered,
                              Blocks products, float *to) {
  const Gather whole = plan.phase(0, 0);
  Gather gather = whole;
  gather.map.row_channels = whole.map.channels;
  gather.map.channels = 0;
  for (int c = 0; c < whole.map.channels; c++) gather.map.channels += open[c] != 0;
  const OpenList list = taken_by_taps(whole, open, blocks_of(gather.map.channels, 16), gathered.stride, terms, ends);
  const int outputs = gather.outputs(), chains = plan.pieces();
  for (int first = 0; first < outputs; first += plan.dot_outputs()) {
    const int left = outputs - first;
    const Outputs some(gather, first, left < plan.dot_outputs() ? left : plan.dot_outputs(), &row);
    gather_blocks(gather, {0, gather.blocks()}, some, from, gathered);
    for (int panel = 0, width; panel < plan.panels(); panel += width) {
      for (width = panels_for(rows_of_part(some.count)); panel + width > plan.panels();) width /= 2;
      for (int chain = 0; chain < chains; chain++) {
        multiply_list(list.start_of(chain), list.end_of(chain), 0, some.count, panel, width, gathered, weights, products,
                      chain > 0);
      }
    }
    scatter(some, OutputPlaces(gather, some, plan.to), plan.to, products, epilogues, NULL, to);
  }
}

// As `open_outputs_limits`: where there are few outputs, dot products read weights too often.
static OutputLimits direct_outputs_limits(const DirectPlan &plan) {
  return {plan.to.pixels() < CHUNK ? 0.4 : 0.6, 0.95};
}

// Images that have so many output channels open that leaving out the others is slower get all of them, as Winograd's do.
static void direct_run(const convolutions_problem &problem, const float *open, const convolutions_fusion *fusion,
                       const float *from, float *weights, float *to, float *scratch) {
  const DirectPlan plan(problem);
  Scratch memory = {scratch};
  const Blocks products = {memory.take(plan.panels() * block_stride(CHUNK)), block_stride(CHUNK)};
  const Blocks pieces = {memory.take(PIECE * block_stride(CHUNK)), block_stride(CHUNK)};
  const Epilogues epilogues(plan.to, fusion, memory);
  const bool selects = fusion != NULL && fusion->open != NULL;
  if (open == NULL && !selects) {
    return direct_run_all(plan, problem.rows, NULL, epilogues, from, weights, pieces, products, to);
  }
  if (selects) decide_open_outputs(problem.rows, plan.to, direct_outputs_limits(plan), fusion->mask, fusion->open);
  const Map &map = selects ? plan.to : plan.from;
  const float *const lists = selects ? fusion->open : open;
  const OpenOrder order(problem.rows, map, lists, memory.take(problem.rows));
  direct_run_all(plan, order.whole, order.rows, epilogues, from, weights, pieces, products, to);
  Term *const terms = reinterpret_cast<Term *>(memory.take(plan.terms() * sizeof(Term) / sizeof(float)));
  int *const ends = reinterpret_cast<int *>(memory.take(plan.pieces()));
  const Blocks gathered = {memory.take(plan.dot_count()), block_stride(plan.dot_outputs())};
  const Blocks panels = {weights, (size_t)plan.phase(0, 0).inner() * 16};
  for (int i = order.whole; i < problem.rows; i++) {
    const int row = order.rows[i];
    const float *const own = lists + (size_t)row * map.blocks() * map.lanes;
    if (selects) {
      const OpenList list = OpenList::outputs(own, plan.to.channels, plan.row_weights(), terms);
      const float *const rows = weights + plan.phase_weights(plan.phase(0, 0));
      direct_run_open(plan, row, list, epilogues, from, panels, rows, gathered, products, to);
    } else {
      direct_run_listed(plan, row, own, terms, ends, epilogues, from, panels, gathered, products, to);
    }
  }
}

// Adds Σ numbers ⊗ gradients over a chunk to R columns of P panels.
template <int R, int P, class Numbers>
static void add_outer(int rows, Numbers numbers, int block, int lane, Panels gradients, float *out, size_t out_panel) {
  Vector sums[R][P * PARTS] = {};
  outer_some<R, P>(rows, numbers, block, lane, gradients, sums);
  UNROLL
  for (int r = 0; r < R; r++) {
    UNROLL
    for (int i = 0; i < P * PARTS; i++) {
      float *const place = out + i / PARTS * out_panel + 16 * r + i % PARTS * WIDTH;
      store(place, load(place) + sums[r][i]);
    }
  }
}

template <int P, class Numbers>
static void add_outer_of_panels(Inner inner, Piece piece, int rows, Numbers numbers, Panels gradients, float *out,
                                size_t out_panel) {
  for (int block = piece.first; block < piece.end; block++) {
#define ADD(R, START)               \
  if (START < inner.lanes(block))   \
  add_outer<R, P>(rows, numbers, block - piece.first, START, gradients, out + (block * 16 + START) * 16, out_panel)
    FOR_PARTS_OF_BLOCK(ADD)
#undef ADD
  }
}

template <class Numbers>
static void add_outer_of_all(const DirectPlan &plan, Inner inner, Piece piece, int rows, Numbers numbers,
                             Panels gradients, float *weights) {
  const size_t count = plan.gradient_panel(plan.phase(0, 0));
  for (int panel = 0; panel < plan.panels();) {
    const Panels own = gradients.from(panel, 0);
    float *const out = weights + panel * count;
    if (panel + PANELS <= plan.panels()) {
      add_outer_of_panels<PANELS>(inner, piece, rows, numbers, own, out, count);
      panel += PANELS;
    } else {
      add_outer_of_panels<1>(inner, piece, rows, numbers, own, out, count);
      panel++;
    }
  }
}

static void direct_run_weights(const convolutions_problem &problem, const float *input, float *weights,
                               const float *gradient, float *scratch) {
  const DirectPlan plan(problem);
  const Gather gather = plan.phase(0, 0);
  const Gather own = {plan.to, Line::identity(plan.to.height), Line::identity(plan.to.width)};
  Scratch memory = {scratch};
  const Blocks copy = {memory.take(plan.panels() * block_stride(CHUNK)), block_stride(CHUNK)};
  const Blocks gathered = {memory.take(PIECE * block_stride(CHUNK)), block_stride(CHUNK)};
  memset(weights, 0, plan.panels() * plan.gradient_panel(gather) * sizeof *weights);
  const int outputs = problem.rows * gather.outputs();
  for (int first = 0, count; first < outputs; first += count) {
    count = chunk_at(gather, first, problem.rows);
    const Outputs some(gather, first, count);
    const bool in_place = is_by_image(gather) && has_panels(plan.to);
    if (!in_place) gather_blocks(own, {0, plan.panels()}, some, gradient, copy);
    const Panels gradients = in_place ? panels_in(plan.to, some, gradient) : Panels(copy);
    const Inner inner = inner_of(gather);
    for_each_piece(inner, [&](Piece piece) {
      const BlockNumbers numbers = {piece_of(gather, piece, some, input, gathered)};
      add_outer_of_all(plan, inner, piece, count, numbers, gradients, weights);
    });
  }
}
